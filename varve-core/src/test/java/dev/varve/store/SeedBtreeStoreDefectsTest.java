package dev.varve.store;

import static dev.varve.store.StoreFixture.DIRECTORY;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.StoreGuard;
import dev.varve.base.InlineBackground;
import dev.varve.format.StoreFileName;
import dev.varve.fs.CrashImage;
import dev.varve.fs.Fault;
import dev.varve.fs.FaultFileSystem;
import dev.varve.fs.FaultRule;
import dev.varve.fs.FileOperation.Kind;
import dev.varve.fs.FileSystem;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.fs.SyncFailure;
import dev.varve.kv.BtreeStats;
import dev.varve.kv.ByteSize;
import dev.varve.kv.Cursor;
import dev.varve.kv.DiskFullException;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.KeyRange;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.LimitException;
import dev.varve.kv.Snapshot;
import dev.varve.kv.Store;
import dev.varve.kv.StoreFailedException;
import dev.varve.kv.StoreOptions;
import dev.varve.kv.SwapResult;
import dev.varve.kv.UsageException;
import dev.varve.kv.VarveException;
import dev.varve.kv.WriteBatch;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// The defects of the trees that Varve learnt from that only show in a store: each named as it was
/// found there. `SeedBtreeDefectsTest` has the others.
@ExtendWith(StoreGuard.class)
final class SeedBtreeStoreDefectsTest {
  private static final KeyspaceOptions BTREE = KeyspaceOptions.of(EngineKind.BTREE).withOrder(8);

  private final MemoryFileSystem memory = new MemoryFileSystem();

  private static byte[] b(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] key(int i) {
    return b(String.format(Locale.ROOT, "%06d", i));
  }

  private static StoreOptions options(Durability durability) {
    return StoreOptions.defaults()
        .withMemory(ByteSize.ofMebibytes(8))
        .withDurability(durability)
        .withSegment(ByteSize.ofMebibytes(1));
  }

  private static Store open(FileSystem fs) {
    return StoreFixture.openInline(fs, options(Durability.NONE), new InlineBackground());
  }

  private static void fill(Keyspace keyspace, int from, int to, String value) {
    for (int i = from; i < to; i++) {
      keyspace.put(key(i), b(value + i));
    }
  }

  private static void requireFilled(Keyspace keyspace, int from, int to, String value) {
    for (int i = from; i < to; i++) {
      assertArrayEquals(b(value + i), keyspace.get(key(i)), "key " + i);
    }
  }

  private static BtreeStats figures(Keyspace keyspace) {
    BtreeStats figures = keyspace.stats().btree();
    assertNotNull(figures);
    return figures;
  }

  /// A3b: where the write of a batch failed, what it was to write had left the list of what is
  /// dirty already, and whoever waited for it waited forever.
  @Test
  void a3b_a_flush_that_finds_no_space_loses_nothing_and_the_next_one_writes_it()
      throws IOException {
    int failed = 0;
    for (int operation = 0; failed == operation; operation++) {
      MemoryFileSystem below = new MemoryFileSystem();
      FaultFileSystem fs = new FaultFileSystem(below);
      try (Store store = open(fs)) {
        Keyspace keyspace = store.keyspace("k", BTREE);
        fill(keyspace, 0, 300, "old ");
        store.flush();
        fill(keyspace, 100, 400, "new ");
        fs.with(
            FaultRule.when(
                    FaultRule.path("ks-.*")
                        .and(FaultRule.kind(Kind.WRITE))
                        .and(FaultRule.from(fs.operationCount() + operation)))
                .then(new Fault.Refused(Fault.Errno.ENOSPC)));
        try {
          store.flush();
        } catch (DiskFullException _) {
          failed++;
          BtreeStats.Flushes flushes = figures(keyspace).flushes();
          assertTrue(flushes.failed() > 0 && flushes.lastFailure() != null, "" + flushes);
        }
        requireFilled(keyspace, 100, 400, "new ");
        fill(keyspace, 400, 450, "new ");
        fs.heal();
        store.flush();
        assertNull(figures(keyspace).flushes().lastFailure());
        assertTrue(store.verify().isSound());
      }
      try (Store store = open(below)) {
        Keyspace keyspace = store.keyspace("k");
        requireFilled(keyspace, 0, 100, "old ");
        requireFilled(keyspace, 100, 450, "new ");
        assertEquals(450, keyspace.count());
      }
    }
    assertTrue(failed >= 4, failed + " flushes found no space");
  }

  /// A4: options had no effect.
  @Test
  void a4_options_of_other_engines_are_refused_and_its_own_show_in_its_figures() {
    assertThrows(UsageException.class, () -> BTREE.withFilterBits(7));
    assertThrows(UsageException.class, () -> BTREE.withMemtable(ByteSize.ofMebibytes(1)));
    try (Store store = open(memory)) {
      Keyspace few = store.keyspace("few", BTREE);
      Keyspace many =
          store.keyspace("many", BTREE.withOrder(200).withBlobThreshold(ByteSize.ofBytes(256)));
      fill(few, 0, 600, "");
      fill(many, 0, 600, "");
      few.put(b("large"), new byte[300]);
      many.put(b("large"), new byte[300]);
      store.flush();
      assertEquals(8, figures(few).tree().order());
      assertTrue(figures(few).tree().leaves() > 8 * figures(many).tree().leaves());
      assertEquals(0, figures(few).heap().values());
      assertEquals(1, figures(many).heap().values());
    }
  }

  /// A5: a filter over all collections was empty after a restart, and neither compare-and-set nor
  /// batches told it of their keys.
  @Test
  void a5_what_was_written_in_any_way_is_found_after_a_restart_and_only_in_its_keyspace() {
    try (Store store = open(memory)) {
      Keyspace one = store.keyspace("one", BTREE);
      Keyspace other = store.keyspace("other", BTREE);
      for (int i = 0; i < 400; i += 4) {
        one.put(key(i), b("put"));
        assertNull(one.putIfAbsent(key(i + 1), b("absent")));
        assertTrue(one.compareAndSet(key(i + 2), null, b("swapped")).isSwapped());
        store.write(new WriteBatch().put(one, key(i + 3), b("batch")).put(other, key(i), b("o")));
      }
    }
    for (int life = 0; life < 2; life++) {
      try (Store store = open(memory)) {
        Keyspace one = store.keyspace("one");
        Keyspace other = store.keyspace("other");
        for (int i = 0; i < 400; i++) {
          assertNotNull(one.get(key(i)), "key " + i);
          assertTrue(one.contains(key(i)));
          assertEquals(i % 4 == 0, other.contains(key(i)));
          assertEquals(i % 4 == 0, other.get(key(i)) != null);
        }
        assertFalse(one.contains(key(400)));
        store.flush();
      }
    }
  }

  /// A8: a scheduler said that it had flushed, and had not.
  @Test
  void a8_a_flush_that_was_asked_for_has_written_everything() throws IOException {
    try (Store store = open(memory)) {
      Keyspace keyspace = store.keyspace("k", BTREE);
      fill(keyspace, 0, 500, "value ");
      store.flush();
      assertTrue(figures(keyspace).flushes().leaves() >= 500 / 8, "" + figures(keyspace));
      assertEquals(0, figures(keyspace).cache().dirtyBytes());
      assertEquals(store.stats().visibleThrough(), keyspace.stats().flushedThrough());
      // Without the log.
      MemoryFileSystem files = memory.crash(new CrashImage(1, CrashImage.Mode.SYNCED_ONLY));
      for (String name : files.list(DIRECTORY)) {
        if (StoreFileName.parse(name) instanceof StoreFileName.Segment) {
          byte[] empty = new byte[files.bytes(DIRECTORY.resolve(name)).length];
          System.arraycopy(files.bytes(DIRECTORY.resolve(name)), 0, empty, 0, 4096);
          files.replaceBytes(DIRECTORY.resolve(name), empty);
        }
      }
      try (Store again = open(files)) {
        requireFilled(again.keyspace("k"), 0, 500, "value ");
      }
    }
  }

  /// A8, at the other end: who is not asked flushes by itself.
  @Test
  void a8_what_was_written_is_flushed_in_time_without_being_asked() throws InterruptedException {
    try (Store store = StoreFixture.openThreaded(memory, options(Durability.NONE))) {
      Keyspace keyspace = store.keyspace("k", BTREE);
      fill(keyspace, 0, 500, "value ");
      long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
      while (figures(keyspace).cache().dirtyBytes() > 0 && System.nanoTime() < end) {
        Thread.sleep(20);
      }
      assertEquals(0, figures(keyspace).cache().dirtyBytes());
      assertTrue(figures(keyspace).flushes().leaves() >= 500 / 8, "" + figures(keyspace));
    }
  }

  /// A10: what was dropped stayed behind in part, and the next opening died of it.
  @Test
  void a10_a_dropped_keyspace_leaves_nothing_behind_and_its_name_can_be_used_again()
      throws IOException {
    for (boolean flushed : new boolean[] {true, false}) {
      for (int life = 0; life < 4; life++) {
        try (Store store = open(memory)) {
          Keyspace kept = store.keyspace("kept", BTREE);
          fill(kept, 0, 100, "kept ");
          Keyspace dropped = store.keyspace("dropped", BTREE);
          assertEquals(0, dropped.count(), "life " + life);
          fill(dropped, 0, 200, "gone ");
          if (flushed) {
            store.flush();
          }
          store.dropKeyspace("dropped");
          if (life % 2 == 0) {
            fill(store.keyspace("dropped", BTREE), 0, 1, "again ");
            store.dropKeyspace("dropped");
          }
          store.flush();
          long heaps =
              memory.list(DIRECTORY).stream()
                  .filter(name -> StoreFileName.parse(name) instanceof StoreFileName.Heap)
                  .count();
          assertEquals(1, heaps, "" + memory.list(DIRECTORY));
          assertTrue(store.verify().isSound());
        }
      }
    }
    try (Store store = open(memory)) {
      requireFilled(store.keyspace("kept"), 0, 100, "kept ");
      assertTrue(store.findKeyspace("dropped").isEmpty());
    }
  }

  /// A13: a batch looked for no failure before, and whoever walked saw half of one.
  @Test
  void a13_a_batch_is_seen_whole_and_refused_whole() {
    FaultFileSystem fs = new FaultFileSystem(memory);
    Store store = StoreFixture.openInline(fs, options(Durability.SYNC), new InlineBackground());
    Keyspace keyspace = store.keyspace("k", BTREE);
    fill(keyspace, 0, 200, "old ");
    try (Cursor cursor = keyspace.cursor(KeyRange.all())) {
      assertTrue(cursor.seekToFirst());
      WriteBatch batch = new WriteBatch();
      for (int i = 0; i < 200; i += 2) {
        batch.put(keyspace, key(i), b("new " + i)).delete(keyspace, key(i + 1));
      }
      store.write(batch);
      int count = 0;
      for (boolean valid = true; valid; valid = cursor.next()) {
        assertArrayEquals(b("old " + count), cursor.value());
        count++;
      }
      assertEquals(200, count);
    }
    assertEquals(100, keyspace.count());
    assertEquals(7, keyspace.increment(b("counter"), 7), "what is to be merged is");
    fs.with(
        FaultRule.when(FaultRule.kind(Kind.SYNC, Kind.FORCE))
            .then(new Fault.SyncFails(SyncFailure.PAGES_MARKED_CLEAN)));
    WriteBatch refused = new WriteBatch().put(keyspace, key(1), b("no")).delete(keyspace, key(0));
    assertThrows(VarveException.class, () -> store.write(refused));
    fs.heal();
    assertThrows(StoreFailedException.class, () -> store.write(refused));
    assertThrows(StoreFailedException.class, () -> keyspace.put(key(5), b("no")));
    assertArrayEquals(b("new 2"), keyspace.get(key(2)), "reads go on");
    assertThrows(VarveException.class, store::close);
  }

  /// A14: counters were lost, began anew after a restart, came to be by a compare-and-set that had
  /// nothing to compare with, and overflowed.
  @Test
  void a14_counters_go_on_after_power_cuts_and_among_threads() throws Exception {
    MemoryFileSystem fs = memory;
    long expected = 0;
    for (int life = 0; life < 5; life++) {
      InlineBackground background = new InlineBackground();
      Store store = StoreFixture.openInline(fs, options(Durability.SYNC), background);
      Keyspace keyspace = store.keyspace("k", BTREE);
      for (int i = 0; i < 20; i++) {
        expected += i - 3;
        assertEquals(expected, keyspace.increment(b("n"), i - 3), "life " + life);
        fill(keyspace, 20 * i, 20 * i + 20, "beside ");
      }
      if (life % 2 == 0) {
        store.flush();
      }
      MemoryFileSystem crashed = fs.crash(new CrashImage(life, CrashImage.Mode.SYNCED_ONLY));
      store.close();
      fs = crashed;
    }
    try (Store store = StoreFixture.openThreaded(fs, options(Durability.NONE))) {
      Keyspace keyspace = store.keyspace("k");
      SwapResult refused = keyspace.compareAndSet(b("none"), b("1"), b("2"));
      assertFalse(refused.isSwapped());
      assertFalse(keyspace.contains(b("none")), "nothing came to be");
      assertThrows(LimitException.class, () -> keyspace.increment(b("n"), Long.MAX_VALUE));
      assertEquals(expected, keyspace.increment(b("n"), 0), "it does not go round");
      List<Thread> threads = new ArrayList<>();
      for (int t = 0; t < 3; t++) {
        threads.add(
            Thread.ofPlatform()
                .daemon()
                .start(
                    () -> {
                      for (int i = 0; i < 500; i++) {
                        long _ = keyspace.increment(b("n"), 1);
                      }
                    }));
      }
      for (Thread thread : threads) {
        assertTrue(thread.join(Duration.ofSeconds(60)));
      }
      assertEquals(expected + 1500, keyspace.increment(b("n"), 0));
    }
  }

  /// A17: a flush that failed ended the process.
  @Test
  void a17_a_device_that_fails_in_a_flush_fails_the_store_and_nothing_else() {
    int failed = 0;
    for (int operation = 0; operation < 8; operation++) {
      MemoryFileSystem below = new MemoryFileSystem();
      FaultFileSystem fs = new FaultFileSystem(below);
      Store store = open(fs);
      Keyspace keyspace = store.keyspace("k", BTREE);
      fill(keyspace, 0, 300, "old ");
      store.flush();
      fill(keyspace, 200, 500, "new ");
      fs.with(
          FaultRule.when(
                  FaultRule.path("ks-.*").and(FaultRule.from(fs.operationCount() + operation)))
              .then(new Fault.Refused(Fault.Errno.EIO)));
      try {
        store.flush();
      } catch (VarveException e) {
        failed++;
        assertNotNull(e.getMessage());
      }
      fs.heal();
      requireFilled(keyspace, 0, 200, "old ");
      requireFilled(keyspace, 200, 500, "new ");
      try {
        store.close();
      } catch (VarveException e) {
        assertNotNull(e.getMessage());
      }
      try (Store again = open(below)) {
        requireFilled(again.keyspace("k"), 0, 200, "old ");
        requireFilled(again.keyspace("k"), 200, 500, "new ");
      }
    }
    assertTrue(failed >= 5, failed + " flushes failed");
  }

  /// A18: each handle took the whole memory for its own.
  @Test
  void a18_keyspaces_and_handles_share_one_memory() {
    try (Store store = open(memory)) {
      long memoryMax = store.stats().memoryBytesMax();
      List<Keyspace> keyspaces = new ArrayList<>();
      byte[] value = new byte[1000];
      for (int k = 0; k < 4; k++) {
        keyspaces.add(store.keyspace("k" + k, KeyspaceOptions.of(EngineKind.BTREE)));
      }
      for (int i = 0; i < 3000; i++) {
        for (Keyspace keyspace : keyspaces) {
          keyspace.put(key(i), value);
        }
        if (i % 500 == 0) {
          store.flush();
        }
        assertTrue(store.stats().memoryBytes() <= memoryMax * 11 / 10, "" + store.stats());
      }
      long each = keyspaces.stream().mapToLong(k -> k.stats().memoryBytes()).sum();
      assertTrue(each <= memoryMax, each + " of " + memoryMax);
      Keyspace other = store.keyspace("k0");
      assertEquals(figures(keyspaces.getFirst()).cache(), figures(other).cache());
      for (Keyspace keyspace : keyspaces) {
        assertEquals(3000, keyspace.count());
        assertArrayEquals(value, keyspace.get(key(17)));
      }
    }
  }

  /// C12: where threads were measured each key was used once, so that everything but the puts
  /// missed, and only errors of puts were counted.
  @Test
  void c12_threads_find_delete_and_miss_exactly_what_they_should() throws Exception {
    int each = 2000;
    int threadCount = 3;
    AtomicInteger found = new AtomicInteger();
    AtomicInteger deleted = new AtomicInteger();
    AtomicInteger missed = new AtomicInteger();
    List<Throwable> errors = new ArrayList<>();
    try (Store store = StoreFixture.openThreaded(memory, options(Durability.NONE))) {
      Keyspace keyspace = store.keyspace("k", BTREE);
      List<Thread> threads = new ArrayList<>();
      for (int t = 0; t < threadCount; t++) {
        int first = t;
        threads.add(
            Thread.ofPlatform()
                .daemon()
                .uncaughtExceptionHandler(
                    (thread, error) -> {
                      synchronized (errors) {
                        errors.add(error);
                      }
                    })
                .start(
                    () -> {
                      for (int i = first; i < each * threadCount; i += threadCount) {
                        keyspace.put(key(i), b("value " + i));
                      }
                      for (int i = first; i < each * threadCount; i += threadCount) {
                        found.addAndGet(keyspace.get(key(i)) == null ? 0 : 1);
                        if (i % 2 == 0) {
                          deleted.addAndGet(keyspace.remove(key(i)) == null ? 0 : 1);
                          missed.addAndGet(keyspace.get(key(i)) == null ? 1 : 0);
                        }
                      }
                    }));
      }
      for (Thread thread : threads) {
        assertTrue(thread.join(Duration.ofSeconds(60)));
      }
      assertEquals(List.of(), errors);
      assertEquals(each * threadCount, found.get());
      assertEquals(each * threadCount / 2, deleted.get());
      assertEquals(each * threadCount / 2, missed.get());
      assertEquals(each * threadCount / 2, keyspace.count());
      BtreeStats.Cache cache = figures(keyspace).cache();
      assertTrue(cache.hits() >= 2L * each * threadCount, "" + cache);
      try (Snapshot snapshot = store.snapshot()) {
        assertEquals(each * threadCount / 2, keyspace.at(snapshot).count(KeyRange.all()));
      }
    }
  }
}
