package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.Bytes;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.BtreeStats;
import dev.varve.kv.ByteSize;
import dev.varve.kv.Cursor;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.KeyspaceView;
import dev.varve.kv.LimitException;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.Snapshot;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import dev.varve.kv.WriteBatch;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Writers of different leaves, readers, walks both ways, snapshots and flushes at once, over a
/// B+Tree that has more than goes into memory.
///
/// Each number stands at two keys far from each other, of which one commit writes both, and only
/// grows; a quarter of them comes and goes, in blocks. `-Dvarve.stress.seconds=N` has each case run
/// longer.
final class BtreeStressTest {
  private static final int PAIRS = 4000;
  private static final int BLOCK = 32;
  private static final ByteSize MEMORY = ByteSize.ofMebibytes(5);
  private static final long SEED = Long.getLong("varve.stress.seed", 20_25L);
  private static final Duration LENGTH =
      Duration.ofSeconds(Long.getLong("varve.stress.seconds", 2));

  private final MemoryFileSystem fs = MemoryFileSystem.withoutCrashes();
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private final AtomicBoolean stop = new AtomicBoolean();

  private static byte[] key(boolean second, int pair) {
    byte[] key = new byte[5];
    key[0] = (byte) (second ? 2 : 1);
    Bytes.putInt(key, 1, Integer.reverseBytes(pair));
    return key;
  }

  private static int pairOf(byte[] key) {
    return Integer.reverseBytes(Bytes.getInt(key, 1));
  }

  private static byte[] value(long number) {
    byte[] value = new byte[8 * (1 + (int) (number * 31 % 180))];
    for (int at = 0; at < value.length; at += 8) {
      Bytes.putLong(value, at, number);
    }
    return value;
  }

  private static long number(byte @Nullable [] value) {
    assertNotNull(value, "a key that always has a value had none");
    long number = Bytes.getLong(value, 0);
    assertEquals(value(number).length, value.length, "a value is torn");
    assertEquals(number, Bytes.getLong(value, value.length - 8), "a value is torn");
    return number;
  }

  private static boolean comesAndGoes(int pair) {
    return pair / BLOCK % 4 == 3;
  }

  /** A part of the work that goes on until the end. */
  private interface Work {
    void run() throws Exception;
  }

  private Thread start(Work work) {
    return Thread.ofPlatform()
        .daemon()
        .start(
            () -> {
              try {
                while (!stop.get()) {
                  work.run();
                }
              } catch (Throwable e) {
                failure.compareAndSet(null, e);
                stop.set(true);
              }
            });
  }

  @ParameterizedTest
  @ValueSource(ints = {5, 64})
  void readers_see_whole_commits_whatever_is_flushed_and_evicted(int order) throws Exception {
    StoreOptions options =
        StoreOptions.defaults()
            .withLanes(2)
            .withDurability(Durability.NONE)
            .withMemory(MEMORY)
            .withSegment(ByteSize.ofKibibytes(256));
    KeyspaceOptions tree = KeyspaceOptions.of(EngineKind.BTREE).withOrder(order);
    try (Store store = StoreFixture.openThreaded(fs, options)) {
      Keyspace keyspace = store.keyspace("k", tree);
      for (int pair = 0; pair < PAIRS; pair++) {
        writePair(store, keyspace, pair, 1);
      }
      List<Thread> threads = new ArrayList<>();
      for (int writer = 0; writer < 2; writer++) {
        SplittableRandom random = new SplittableRandom(SEED + writer);
        int first = writer * PAIRS / 2;
        threads.add(start(() -> writeIfThereIsRoom(store, keyspace, random, first)));
      }
      SplittableRandom reads = new SplittableRandom(SEED + 2);
      threads.add(start(() -> read(keyspace, reads)));
      SplittableRandom walks = new SplittableRandom(SEED + 3);
      threads.add(start(() -> walk(store, keyspace, walks)));
      threads.add(start(() -> flush(store)));
      Thread.sleep(LENGTH);
      stop.set(true);
      for (Thread thread : threads) {
        assertTrue(thread.join(Duration.ofSeconds(60)), "hangs: " + thread.getName());
      }
      @Nullable Throwable first = failure.get();
      if (first != null) {
        throw new AssertionError(
            "seed " + SEED + ": mvn test -Dtest=BtreeStressTest -Dvarve.stress.seed=" + SEED,
            first);
      }
      assertEquals(List.of(), store.verify(true, ProgressListener.NONE).problems());
      BtreeStats figures = keyspace.stats().btree();
      assertNotNull(figures);
      // How many depends on how fast the machine is.
      assertTrue(figures.cache().evictions() > 0, "" + figures.cache());
      assertTrue(figures.tree().splits() > 0, "" + figures.tree());
    }
    try (Store store = StoreFixture.openThreaded(fs, options)) {
      checkAll(store.keyspace("k"), true);
    }
  }

  private static void writePair(Store store, Keyspace keyspace, int pair, long number) {
    store.write(
        new WriteBatch()
            .delete(keyspace, key(false, pair))
            .put(keyspace, key(false, pair), value(number))
            .put(keyspace, key(true, pair), value(number + 1000))
            .put(keyspace, key(true, pair), value(number)));
  }

  private static void writeIfThereIsRoom(
      Store store, Keyspace keyspace, SplittableRandom random, int firstPair)
      throws InterruptedException {
    try {
      write(store, keyspace, random, firstPair);
    } catch (LimitException _) {
      // Nothing was written: this writer is further ahead of the flushes than there is memory for.
      Thread.sleep(2);
    }
  }

  /** Two writers share the pairs out, so that each knows the number that it writes next. */
  private static void write(
      Store store, Keyspace keyspace, SplittableRandom random, int firstPair) {
    int pair = firstPair + random.nextInt(PAIRS / 2);
    if (!comesAndGoes(pair)) {
      long next = number(keyspace.get(key(false, pair))) + 1;
      writePair(store, keyspace, pair, next);
      assertEquals(next, number(keyspace.get(key(true, pair))), "a writer reads its own write");
      return;
    }
    boolean come = keyspace.get(key(false, pair)) == null;
    WriteBatch batch = new WriteBatch();
    int block = pair - pair % BLOCK;
    for (int near = block; near < block + BLOCK; near++) {
      if (come) {
        batch.put(keyspace, key(false, near), value(7)).put(keyspace, key(true, near), value(7));
      } else {
        batch.delete(keyspace, key(false, near)).delete(keyspace, key(true, near));
      }
    }
    store.write(batch);
  }

  private final long[] seen = new long[PAIRS];

  private void read(Keyspace keyspace, SplittableRandom random) {
    int pair = random.nextInt(PAIRS);
    if (comesAndGoes(pair)) {
      byte[] found = keyspace.get(key(false, pair));
      assertTrue(found == null || number(found) == 7 || number(found) == 1);
      return;
    }
    long now = number(keyspace.get(key(random.nextBoolean(), pair)));
    assertTrue(now >= seen[pair], "pair " + pair + " went from " + seen[pair] + " back to " + now);
    seen[pair] = now;
    List<byte @Nullable []> both = keyspace.getAll(List.of(key(false, pair), key(true, pair)));
    assertEquals(number(both.get(0)), number(both.get(1)), "half a commit");
  }

  private static void walk(Store store, Keyspace keyspace, SplittableRandom random) {
    try (Snapshot snapshot = store.snapshot()) {
      KeyspaceView view = keyspace.at(snapshot);
      checkAll(view, random.nextBoolean());
      for (int i = 0; i < 50; i++) {
        int pair = random.nextInt(PAIRS);
        byte[] first = view.get(key(false, pair));
        byte[] second = view.get(key(true, pair));
        assertEquals(first == null ? -1 : number(first), second == null ? -1 : number(second));
      }
    }
  }

  /** Each pair twice, and the same. */
  private static void checkAll(KeyspaceView view, boolean forward) {
    long[] numbers = new long[PAIRS];
    int last = forward ? -1 : 2 * PAIRS;
    try (Cursor cursor = view.cursor()) {
      boolean valid = forward ? cursor.seekToFirst() : cursor.seekToLast();
      while (valid) {
        byte[] key = cursor.key();
        int pair = pairOf(key);
        int place = pair + (key[0] == 2 ? PAIRS : 0);
        assertTrue(forward ? place > last : place < last, last + ", then " + place);
        last = place;
        numbers[pair] += (key[0] == 2 ? 1 : -1) * number(cursor.value());
        if (!comesAndGoes(pair) && key[0] == 1 && numbers[pair] == 0 && forward) {
          throw new AssertionError("pair " + pair + " is half");
        }
        valid = forward ? cursor.next() : cursor.previous();
      }
    }
    for (int pair = 0; pair < PAIRS; pair++) {
      assertEquals(0, numbers[pair], "pair " + pair + " has two numbers");
    }
  }

  private static void flush(Store store) throws InterruptedException {
    store.flush();
    Thread.sleep(5);
  }
}
