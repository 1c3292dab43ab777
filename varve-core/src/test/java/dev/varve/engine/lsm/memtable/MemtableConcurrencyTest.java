package dev.varve.engine.lsm.memtable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.Bytes;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Readers beside a writer. Commit `s` puts or deletes the one key that `keyOf(s)` says, with `s`
/// in the value, so that a reader at any moment knows what it must find.
final class MemtableConcurrencyTest {
  private static final int COMMITS = 120_000;
  private static final int KEYS = 30_000;
  private static final int READERS = 3;

  private int shape;
  private long seed;
  private final MemtableFixture f = new MemtableFixture();
  private final AtomicLong visibleThrough = new AtomicLong();
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3})
  void readers_see_their_moment_whole_while_the_writer_inserts(int keyShape) throws Exception {
    shape = keyShape;
    seed = Long.getLong("varve.seed", System.nanoTime());
    run();
  }

  private byte[] keyOf(long sequence) {
    return MemtableFixture.key(
        new SplittableRandom(seed ^ sequence * 0x9E3779B97F4A7C15L), shape, KEYS);
  }

  private static boolean isDelete(long sequence) {
    return sequence % 7 == 0;
  }

  private void run() throws InterruptedException {
    Thread[] readers = new Thread[READERS];
    for (int i = 0; i < READERS; i++) {
      SplittableRandom random = new SplittableRandom(seed + i + 1);
      readers[i] =
          new Thread(
              () -> {
                try {
                  read(random);
                } catch (Throwable e) {
                  failure.compareAndSet(null, e);
                }
              });
      readers[i].start();
    }
    for (long s = 1; s <= COMMITS && failure.get() == null; s++) {
      if (isDelete(s)) {
        f.delete(keyOf(s));
      } else {
        byte[] value = new byte[8];
        Bytes.putLong(value, 0, s);
        f.put(keyOf(s), value);
      }
      f.commit();
      visibleThrough.setRelease(s);
    }
    visibleThrough.set(COMMITS);
    for (Thread reader : readers) {
      reader.join();
    }
    Throwable first = failure.get();
    if (first != null) {
      throw new AssertionError(
          "shape "
              + shape
              + "; mvn test -pl varve-core -Dtest=MemtableConcurrencyTest"
              + " -Dvarve.testArgs=-Dvarve.seed="
              + seed,
          first);
    }
  }

  private void read(SplittableRandom random) {
    long through;
    do {
      through = visibleThrough.getAcquire();
      if (through == 0) {
        Thread.onSpinWait();
        continue;
      }
      long written = 1 + random.nextLong(through);
      byte[] key = keyOf(written);
      int found = f.memtable.find(key, through);
      assertTrue(found != 0, "a key that was written is there");
      long newest = f.memtable.sequence(found);
      assertTrue(newest >= written && newest <= through, "its newest revision is found");
      checkEntry(key, newest, f.memtable.isTombstone(found), f.memtable.value(found));
      assertEquals(newest, f.memtable.sequence(f.memtable.find(key, newest)));
      if (random.nextInt(50) == 0) {
        walk(random, through, key);
      }
      if (random.nextInt(3000) == 0) {
        walkAll(through, random.nextBoolean());
      }
    } while (through < COMMITS && failure.get() == null);
    walkAll(COMMITS, true);
    walkAll(COMMITS, false);
  }

  private void checkEntry(byte[] key, long sequence, boolean tombstone, byte[] value) {
    assertEquals(0, Bytes.compare(key, keyOf(sequence)), "the revision is the key's");
    assertEquals(isDelete(sequence), tombstone);
    if (!tombstone) {
      assertEquals(sequence, Bytes.getLong(value, 0));
    }
  }

  private void checkEntry(MemtableCursor cursor, long through) {
    assertTrue(cursor.sequence() <= through, "nothing newer than the moment");
    checkEntry(cursor.key(), cursor.sequence(), cursor.isTombstone(), cursor.value());
  }

  /** A short walk, turning about; each step's neighbour must be on the right side. */
  private void walk(SplittableRandom random, long through, byte[] target) {
    MemtableCursor cursor = f.memtable.cursor(through, false);
    boolean valid = random.nextBoolean() ? cursor.seek(target) : cursor.seekForPrevious(target);
    assertTrue(valid && cursor.compareKey(target) == 0, "the key sought is there");
    for (int step = 0; step < 100 && valid; step++) {
      checkEntry(cursor, through);
      byte[] key = cursor.key();
      long sequence = cursor.sequence();
      boolean forward = random.nextInt(5) > 1;
      valid = forward ? cursor.next() : cursor.previous();
      if (valid) {
        int order = cursor.compareKey(key);
        order = order == 0 ? Long.compare(sequence, cursor.sequence()) : order;
        assertTrue(forward ? order > 0 : order < 0, "in order");
      }
    }
  }

  /** Every entry of a moment, once, in order. */
  private void walkAll(long through, boolean forward) {
    MemtableCursor cursor = f.memtable.cursor(through, false);
    byte[] key = {};
    long sequence = 0;
    long count = 0;
    boolean valid = forward ? cursor.seekToFirst() : cursor.seekToLast();
    for (; valid; valid = forward ? cursor.next() : cursor.previous()) {
      checkEntry(cursor, through);
      int order = cursor.compareKey(key);
      order = order == 0 ? Long.compare(sequence, cursor.sequence()) : order;
      assertTrue(count == 0 || (forward ? order > 0 : order < 0), "in order");
      key = cursor.key();
      sequence = cursor.sequence();
      count++;
    }
    assertEquals(through, count, "one entry for each commit");
  }
}
