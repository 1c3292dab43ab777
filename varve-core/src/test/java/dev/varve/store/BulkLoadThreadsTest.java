package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.fs.CrashImage;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.BulkLoad;
import dev.varve.kv.ByteSize;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.KeyRange;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.Snapshot;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/// Bulk loads while other threads write the same keyspace, read it and have it compacted.
final class BulkLoadThreadsTest {
  private static final int WRITERS = 3;
  private static final int LOADS = 4;
  private static final int LOADED = 2000;
  private static final int WRITTEN_MAX = 10_000;

  private final MemoryFileSystem fs = new MemoryFileSystem();

  private static StoreOptions options() {
    return StoreOptions.defaults()
        .withMemory(ByteSize.ofMebibytes(16))
        .withDurability(Durability.NONE)
        .withSegment(ByteSize.ofMebibytes(1));
  }

  private static byte[] b(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] key(String kind, int i) {
    return b(kind + String.format(Locale.ROOT, "%07d", i));
  }

  /** Writes until it is told to stop, or has enough; answers how many keys were written. */
  private static int write(Keyspace keyspace, String kind, AtomicBoolean stop) {
    int count = 0;
    while (!stop.get() && count < WRITTEN_MAX) {
      keyspace.put(key(kind, count), b("value " + count));
      count++;
    }
    return count;
  }

  /** A snapshot has all of a load or nothing of it: every loaded key has the value of one load. */
  private static void look(Store store, Keyspace keyspace, AtomicBoolean stop) {
    while (!stop.get()) {
      try (Snapshot snapshot = store.snapshot()) {
        byte[] first = keyspace.at(snapshot).get(key("l", 0));
        for (int i = 0; i < LOADED; i += 97) {
          assertArrayEquals(first, keyspace.at(snapshot).get(key("l", i)), "loaded key " + i);
        }
      }
    }
  }

  @Test
  void loads_beside_writers_and_compactions_lose_nothing_and_are_seen_whole() throws Exception {
    AtomicBoolean stop = new AtomicBoolean();
    int[] counts = new int[WRITERS];
    try (Store store = StoreFixture.openThreaded(fs, options())) {
      Keyspace keyspace =
          store.keyspace(
              "k", KeyspaceOptions.of(EngineKind.LSM).withMemtable(ByteSize.ofKibibytes(64)));
      List<CompletableFuture<Integer>> writers = new ArrayList<>();
      for (int i = 0; i < WRITERS; i++) {
        // On both sides of what is loaded, and amid it.
        String kind = List.of("a", "l00", "z").get(i);
        writers.add(
            CompletableFuture.supplyAsync(
                () -> write(keyspace, kind + "w", stop), Thread::startVirtualThread));
      }
      CompletableFuture<Void> reader =
          CompletableFuture.runAsync(() -> look(store, keyspace, stop), Thread::startVirtualThread);
      for (int load = 1; load <= LOADS; load++) {
        CompletableFuture<Void> compaction =
            CompletableFuture.runAsync(() -> store.compact(keyspace), Thread::startVirtualThread);
        try (BulkLoad own = keyspace.bulkLoad()) {
          for (int i = 0; i < LOADED; i++) {
            own.put(key("l", i), b("load " + load));
          }
          own.commit(ProgressListener.NONE);
        }
        assertArrayEquals(b("load " + load), keyspace.get(key("l", LOADED - 1)));
        compaction.get(120, TimeUnit.SECONDS);
      }
      stop.set(true);
      reader.get(60, TimeUnit.SECONDS);
      for (int i = 0; i < WRITERS; i++) {
        counts[i] = writers.get(i).get(60, TimeUnit.SECONDS);
        assertTrue(counts[i] > 0, "writer " + i);
      }
      requireAll(keyspace, counts);
      store.sync();
      assertTrue(store.verify(true, ProgressListener.NONE).isSound());
      MemoryFileSystem after = fs.crash(new CrashImage(1, CrashImage.Mode.SYNCED_ONLY));
      try (Store again = StoreFixture.openThreaded(after, options())) {
        requireAll(again.keyspace("k"), counts);
      }
    }
  }

  private static void requireAll(Keyspace keyspace, int[] counts) {
    int sum = LOADED;
    for (int i = 0; i < WRITERS; i++) {
      String kind = List.of("a", "l00", "z").get(i) + "w";
      assertEquals(counts[i], keyspace.count(KeyRange.prefix(b(kind))), kind);
      sum += counts[i];
    }
    assertEquals(sum, keyspace.count());
    for (int i = 0; i < LOADED; i++) {
      assertArrayEquals(b("load " + LOADS), keyspace.get(key("l", i)), "loaded key " + i);
    }
  }
}
