package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.Bytes;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.ByteSize;
import dev.varve.kv.Cursor;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.KeyRange;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.KeyspaceView;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.Snapshot;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import dev.varve.kv.WriteBatch;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Writers, readers, snapshots, flushes and checks at once, on segments that roll all the time.
///
/// Each pair of keys always holds the same number, which only grows: so a torn value, half a batch
/// and a step back are all seen. `-Dvarve.stress.seconds=N` has each case run longer.
final class StoreStressTest {
  private static final int PAIRS = 40;
  private static final long SEED = Long.getLong("varve.stress.seed", 20_25L);
  private static final Duration LENGTH =
      Duration.ofSeconds(Long.getLong("varve.stress.seconds", 1));

  private final MemoryFileSystem fs = MemoryFileSystem.withoutCrashes();
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private final AtomicBoolean stop = new AtomicBoolean();

  private static byte[] key(char side, int pair) {
    return (side + "-" + pair).getBytes(StandardCharsets.UTF_8);
  }

  /** A number, as often as the number says: every word of it must be the same. */
  private static byte[] value(long number) {
    byte[] value = new byte[8 * (1 + (int) (number * 31 % 60))];
    for (int at = 0; at < value.length; at += 8) {
      Bytes.putLong(value, at, number);
    }
    return value;
  }

  private static long number(byte @Nullable [] value) {
    assertTrue(value != null && value.length >= 8, "a key that always has a value had none");
    long number = Bytes.getLong(value, 0);
    assertArrayEquals(value(number), value, "a value is torn");
    return number;
  }

  @ParameterizedTest
  @CsvSource({
    "HASH,1",
    "HASH,3",
    "RBTREE,1",
    "RBTREE,3",
    "ARRAY,1",
    "ARRAY,3",
    "BTREE,1",
    "BTREE,3"
  })
  void readers_see_whole_commits_in_order_whatever_goes_on(EngineKind kind, int lanes)
      throws Exception {
    StoreOptions options =
        StoreOptions.defaults()
            .withLanes(lanes)
            .withDurability(Durability.NONE)
            .withMemory(ByteSize.ofMebibytes(256))
            .withSegment(ByteSize.ofKibibytes(64))
            .withCheckpointAfter(ByteSize.ofKibibytes(256));
    try (Store store = StoreFixture.openThreaded(fs, options)) {
      Keyspace keyspace = store.keyspace("k", KeyspaceOptions.of(kind));
      for (int pair = 0; pair < PAIRS; pair++) {
        writePair(store, keyspace, pair, 1, false);
      }
      List<Thread> threads = new ArrayList<>();
      threads.add(start(() -> write(store, keyspace, 0)));
      threads.add(start(() -> write(store, keyspace, 1)));
      threads.add(start(() -> count(keyspace)));
      threads.add(start(() -> read(keyspace, new SplittableRandom(SEED))));
      threads.add(start(() -> readSnapshots(store, keyspace, kind)));
      threads.add(start(() -> flushAndVerify(store)));
      Thread.sleep(LENGTH);
      stop.set(true);
      for (Thread thread : threads) {
        assertTrue(thread.join(Duration.ofSeconds(60)), "hangs: " + thread.getName());
      }
      @Nullable Throwable first = failure.get();
      if (first != null) {
        throw new AssertionError(
            "seed " + SEED + ": mvn test -Dtest=StoreStressTest -Dvarve.stress.seed=" + SEED,
            first);
      }
      assertEquals(List.of(), store.verify(true, ProgressListener.NONE).problems());
    }
    try (Store store = StoreFixture.openThreaded(fs, options)) {
      Keyspace keyspace = store.keyspace("k");
      for (int pair = 0; pair < PAIRS; pair++) {
        assertEquals(number(keyspace.get(key('a', pair))), number(keyspace.get(key('b', pair))));
      }
    }
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

  private static void writePair(
      Store store, Keyspace keyspace, int pair, long number, boolean sync) {
    WriteBatch batch =
        new WriteBatch()
            .delete(keyspace, key('a', pair))
            .put(keyspace, key('a', pair), value(number + 1_000_000))
            .put(keyspace, key('a', pair), value(number))
            .delete(keyspace, key('b', pair))
            .put(keyspace, key('b', pair), value(number));
    store.write(batch, sync ? Durability.GROUP : Durability.NONE);
  }

  /** Two writers share the pairs out, so that each knows the number that it writes next. */
  private void write(Store store, Keyspace keyspace, int remainder) {
    for (int pair = remainder; pair < PAIRS; pair += 2) {
      long next = number(keyspace.get(key('a', pair))) + 1;
      writePair(store, keyspace, pair, next, pair == 7);
      assertEquals(next, number(keyspace.get(key('b', pair))), "a writer reads its own write");
    }
  }

  /** Keys that come and go, and a counter that loses nothing. */
  private void count(Keyspace keyspace) {
    byte[] counter = key('c', 0);
    long before = keyspace.increment(counter, 0);
    for (int i = 0; i < 20; i++) {
      keyspace.put(key('t', i), value(i));
      keyspace.increment(counter, 1);
      assertTrue(keyspace.remove(key('t', i)) != null);
    }
    assertEquals(before + 20, keyspace.increment(counter, 0));
  }

  private final long[] seen = new long[PAIRS];

  private void read(Keyspace keyspace, SplittableRandom random) {
    int pair = random.nextInt(PAIRS);
    long a = number(keyspace.get(key(random.nextBoolean() ? 'a' : 'b', pair)));
    assertTrue(a >= seen[pair], "pair " + pair + " went from " + seen[pair] + " back to " + a);
    seen[pair] = a;
    assertTrue(keyspace.contains(key('a', pair)));
    List<byte @Nullable []> both = keyspace.getAll(List.of(key('a', pair), key('b', pair)));
    assertEquals(number(both.get(0)), number(both.get(1)), "half a batch");
  }

  private void readSnapshots(Store store, Keyspace keyspace, EngineKind kind) throws Exception {
    try (Snapshot snapshot = store.snapshot()) {
      KeyspaceView view = keyspace.at(snapshot);
      long[] first = new long[PAIRS];
      for (int pair = 0; pair < PAIRS; pair++) {
        first[pair] = number(view.get(key('a', pair)));
      }
      Thread.sleep(3);
      int found = 0;
      try (Cursor cursor = view.cursor()) {
        for (cursor.seekToFirst(); cursor.isValid(); cursor.next()) {
          String name = new String(cursor.key(), StandardCharsets.UTF_8);
          if (name.charAt(0) <= 'b') {
            assertEquals(first[Integer.parseInt(name.substring(2))], number(cursor.value()), name);
            found++;
          }
        }
      }
      assertEquals(2 * PAIRS, found, "entries of a snapshot");
      if (kind.isOrdered()) {
        assertEquals(PAIRS, view.count(KeyRange.prefix(new byte[] {'b'})));
      }
    }
  }

  private void flushAndVerify(Store store) throws Exception {
    store.flush();
    assertEquals(List.of(), store.verify(true, ProgressListener.NONE).problems());
    assertFalse(store.stats().failed());
    Thread.sleep(2);
  }
}
