package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.Bytes;
import dev.varve.base.InlineBackground;
import dev.varve.format.StoreFileName;
import dev.varve.fs.CrashImage;
import dev.varve.fs.Fault;
import dev.varve.fs.FaultFileSystem;
import dev.varve.fs.FaultRule;
import dev.varve.fs.FileOperation;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.fs.SyncFailure;
import dev.varve.kv.BulkLoad;
import dev.varve.kv.ByteSize;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.Cursor;
import dev.varve.kv.DiskFullException;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.KeyRange;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.KeyspaceView;
import dev.varve.kv.LimitException;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.Snapshot;
import dev.varve.kv.Store;
import dev.varve.kv.StoreClosedException;
import dev.varve.kv.StoreFailedException;
import dev.varve.kv.StoreOptions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;

/// Bulk loads: all or nothing, in their place in the order of commits, whatever order they come in.
final class BulkLoadTest {
  private static final KeyspaceOptions SMALL =
      KeyspaceOptions.of(EngineKind.LSM).withMemtable(ByteSize.ofKibibytes(64));

  private final MemoryFileSystem fs = new MemoryFileSystem();
  private final SplittableRandom random = new SplittableRandom(17);
  private final TreeMap<byte[], byte[]> model = new TreeMap<>(Bytes::compare);

  private static Store open(MemoryFileSystem where) {
    return StoreFixture.openInline(where, options(), new InlineBackground());
  }

  private static StoreOptions options() {
    return StoreOptions.defaults()
        .withMemory(ByteSize.ofMebibytes(8))
        .withDurability(Durability.NONE)
        .withSegment(ByteSize.ofMebibytes(1));
  }

  private static byte[] key(int i) {
    return b(String.format(java.util.Locale.ROOT, "%06d", i));
  }

  private static byte[] b(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private byte[] value() {
    byte[] value = new byte[random.nextInt(200)];
    random.nextBytes(value);
    return value;
  }

  private void put(BulkLoad load, byte[] key) {
    byte[] value = value();
    load.put(key, value);
    model.put(key, value);
  }

  private void put(Keyspace keyspace, int key) {
    byte[] value = value();
    keyspace.put(key(key), value);
    model.put(key(key), value);
  }

  private NavigableMap<byte[], byte[]> copyOfModel() {
    TreeMap<byte[], byte[]> copy = new TreeMap<>(Bytes::compare);
    copy.putAll(model);
    return copy;
  }

  private static void requireSame(NavigableMap<byte[], byte[]> model, KeyspaceView view) {
    try (Cursor cursor = view.cursor(KeyRange.all())) {
      boolean valid = cursor.seekToFirst();
      for (Map.Entry<byte[], byte[]> entry : model.entrySet()) {
        assertTrue(valid);
        assertArrayEquals(entry.getKey(), cursor.key());
        assertArrayEquals(entry.getValue(), cursor.value());
        assertArrayEquals(entry.getValue(), view.get(entry.getKey()));
        valid = cursor.next();
      }
      assertFalse(valid);
      valid = cursor.seekToLast();
      for (Map.Entry<byte[], byte[]> entry : model.descendingMap().entrySet()) {
        assertTrue(valid);
        assertArrayEquals(entry.getKey(), cursor.key());
        assertArrayEquals(entry.getValue(), cursor.value());
        valid = cursor.previous();
      }
      assertFalse(valid);
    }
  }

  private List<String> sstables(MemoryFileSystem where) throws IOException {
    return where.list(StoreFixture.DIRECTORY).stream()
        .filter(
            name ->
                StoreFileName.parse(name) instanceof StoreFileName.Sstable
                    || StoreFileName.parse(name) instanceof StoreFileName.Temporary)
        .toList();
  }

  private static long used(MemoryFileSystem where) {
    where.limit(1L << 40);
    return (1L << 40) - where.usableSpace(StoreFixture.DIRECTORY);
  }

  private void requireSound(Store store) {
    assertEquals(List.of(), store.verify(true, ProgressListener.NONE).problems());
  }

  @Test
  void any_order_gives_the_last_value_of_each_key() throws IOException {
    int[][] orders = new int[4][20_000];
    for (int i = 0; i < 20_000; i++) {
      orders[0][i] = i / 2;
      orders[1][i] = random.nextInt(12_000);
      orders[2][i] = 20_000 - i / 3;
      orders[3][i] = i < 10_000 ? i : i < 19_000 ? 500_000 + i : i - 15_000;
    }
    for (int[] order : orders) {
      MemoryFileSystem where = new MemoryFileSystem();
      model.clear();
      try (Store store = open(where)) {
        Keyspace keyspace = store.keyspace("k", SMALL);
        try (BulkLoad load = keyspace.bulkLoad()) {
          for (int i : order) {
            put(load, key(i));
          }
          assertEquals(order.length, load.entries());
          assertEquals(0, keyspace.count());
          load.commit();
        }
        requireSame(model, keyspace);
        store.flush();
        requireSame(model, keyspace);
        assertEquals(model.size(), keyspace.stats().entries());
        requireSound(store);
        assertEquals(0, sstables(where).stream().filter(n -> n.endsWith(".tmp")).count());
      }
      try (Store store = open(where)) {
        requireSame(model, store.keyspace("k"));
      }
    }
  }

  @Test
  void loads_and_writes_and_ranges_and_compactions_are_one_order() {
    try (Store store = open(fs)) {
      Keyspace keyspace = store.keyspace("k", SMALL);
      for (int round = 0; round < 25; round++) {
        for (int i = 0; i < 400; i++) {
          put(keyspace, random.nextInt(6000));
        }
        if (random.nextInt(3) == 0) {
          int from = random.nextInt(6000);
          keyspace.deleteRange(KeyRange.of(key(from), key(from + 300)));
          model.subMap(key(from), key(from + 300)).clear();
        }
        NavigableMap<byte[], byte[]> before = copyOfModel();
        try (Snapshot older = store.snapshot();
            BulkLoad load = keyspace.bulkLoad()) {
          int from = random.nextInt(6000);
          int count = 1 + random.nextInt(3000);
          for (int i = 0; i < count; i++) {
            put(load, key(random.nextBoolean() ? from + i : random.nextInt(6000)));
          }
          requireSame(before, keyspace);
          load.commit();
          requireSame(model, keyspace);
          requireSame(before, keyspace.at(older));
          NavigableMap<byte[], byte[]> loaded = copyOfModel();
          try (Snapshot newer = store.snapshot()) {
            for (int i = 0; i < 300; i++) {
              put(keyspace, random.nextInt(6000));
            }
            if (round % 4 == 0) {
              store.flush();
            }
            if (round % 5 == 0) {
              store.compact(keyspace);
            }
            requireSame(before, keyspace.at(older));
            requireSame(loaded, keyspace.at(newer));
            requireSame(model, keyspace);
          }
        }
      }
      requireSound(store);
    }
    try (Store store = open(fs)) {
      requireSame(model, store.keyspace("k"));
      store.compact(store.keyspace("k"));
      requireSame(model, store.keyspace("k"));
      requireSound(store);
    }
  }

  @Test
  void a_snapshot_that_is_older_than_a_load_sees_nothing_of_it_wherever_a_cursor_goes() {
    try (Store store = open(fs)) {
      Keyspace keyspace = store.keyspace("k", SMALL);
      put(keyspace, 2);
      try (Snapshot older = store.snapshot();
          BulkLoad load = keyspace.bulkLoad()) {
        for (int i = 1; i <= 4; i++) {
          load.put(key(i), b("loaded"));
        }
        load.commit();
        for (boolean flushed : new boolean[] {false, true}) {
          if (flushed) {
            store.flush();
          }
          try (Cursor cursor = keyspace.at(older).cursor(KeyRange.all())) {
            assertTrue(cursor.seek(key(1)));
            assertArrayEquals(key(2), cursor.key());
            assertFalse(cursor.seek(key(3)));
            assertFalse(cursor.seekForPrevious(key(1)));
            assertTrue(cursor.seekForPrevious(key(4)));
            assertArrayEquals(key(2), cursor.key());
            assertArrayEquals(model.get(key(2)), cursor.value());
            assertFalse(cursor.previous());
          }
          requireSame(model, keyspace.at(older));
        }
      }
    }
  }

  @Test
  void what_the_log_names_and_the_manifest_does_not_is_taken_in_when_the_store_is_opened()
      throws IOException {
    InlineBackground background = new InlineBackground();
    Store store = StoreFixture.openInline(fs, options(), background);
    Keyspace keyspace = store.keyspace("k", SMALL);
    put(keyspace, 5);
    MemoryFileSystem before = null;
    try (BulkLoad load = keyspace.bulkLoad()) {
      for (int i = 0; i < 3000; i++) {
        put(load, key(i));
      }
      load.commit();
    }
    store.sync();
    put(keyspace, 7);
    store.sync();
    for (CrashImage.Mode mode : CrashImage.Mode.values()) {
      before = fs.crash(new CrashImage(3, mode));
      for (int life = 0; life < 3; life++) {
        try (Store again = open(before)) {
          requireSame(model, again.keyspace("k"));
          // The first file that is written deletes orphans, and nothing else.
          try (BulkLoad load = again.keyspace("k").bulkLoad()) {
            load.put(key(1), b("x"));
          }
          requireSame(model, again.keyspace("k"));
          if (life == 1) {
            again.flush();
          }
          requireSound(again);
        }
      }
    }
    store.close();
  }

  @Test
  void files_that_only_the_log_names_are_no_orphans_and_verification_reads_them()
      throws IOException {
    MemoryFileSystem left;
    try (Store store = open(fs)) {
      Keyspace keyspace = store.keyspace("k", SMALL);
      try (BulkLoad load = keyspace.bulkLoad()) {
        for (int i = 0; i < 100; i++) {
          put(load, key(i));
        }
        load.commit();
      }
      left = fs.kill();
    }
    String name = sstables(left).getFirst();
    Path path = StoreFixture.DIRECTORY.resolve(name);
    byte[] bytes = left.bytes(path);
    try (Store store = open(left)) {
      List<String> notices = store.recovery().notices();
      assertTrue(notices.stream().noneMatch(notice -> notice.contains(name)), notices.toString());
      requireSound(store);
      for (int at = 0; at < bytes.length; at += 101) {
        byte[] damaged = bytes.clone();
        damaged[at] ^= 1;
        left.replaceBytes(path, damaged);
        List<String> problems = store.verify(false, ProgressListener.NONE).problems();
        assertTrue(problems.stream().anyMatch(text -> text.contains(name)), "byte " + at);
      }
      left.replaceBytes(path, bytes);
      requireSound(store);
    }
  }

  @Test
  void files_that_only_the_log_names_stay_while_the_catalog_knows_the_keyspace_without_files()
      throws IOException {
    MemoryFileSystem now = fs;
    for (int life = 0; life < 2; life++) {
      // The catalog knows both; one from this life, the other from the life before.
      try (Store store = open(now)) {
        Keyspace other = store.keyspace("other" + life, SMALL);
        Keyspace keyspace = store.keyspace("k", SMALL);
        store.flush();
        for (int i = 0; life == 1 && i < 12; i++) {
          for (Keyspace loaded : List.of(keyspace, other)) {
            try (BulkLoad load = loaded.bulkLoad()) {
              for (int j = 0; j < 50; j++) {
                put(load, key(j));
              }
              load.commit();
            }
            MemoryFileSystem left = now.kill();
            try (Store again = open(left)) {
              requireSame(model, again.keyspace(loaded.name()));
            }
          }
        }
      }
      now = now.kill();
    }
  }

  @Test
  void without_a_commit_nothing_is_left() throws IOException {
    try (Store store = open(fs)) {
      Keyspace keyspace = store.keyspace("k", SMALL);
      keyspace.put(b("a"), b("b"));
      try (BulkLoad load = keyspace.bulkLoad()) {
        for (int i = 0; i < 30_000; i++) {
          load.put(key(random.nextInt(20_000)), value());
        }
        assertFalse(sstables(fs).isEmpty());
      }
      assertEquals(List.of(), sstables(fs));
      try (BulkLoad load = keyspace.bulkLoad()) {
        for (int i = 0; i < 30_000; i++) {
          load.put(key(random.nextInt(20_000)), value());
        }
        assertThrows(CancellationException.class, () -> load.commit(progress -> false));
        assertThrows(StoreClosedException.class, load::commit);
      }
      assertEquals(List.of(), sstables(fs));
      try (BulkLoad load = keyspace.bulkLoad()) {
        load.commit();
      }
      assertEquals(1, keyspace.count());
      assertEquals(store.stats().memoryBytes() - keyspace.stats().memoryBytes() < 1 << 20, true);
    }
  }

  @Test
  void a_load_that_is_open_when_its_store_closes_or_its_keyspace_goes_leaves_nothing()
      throws IOException {
    Store store = open(fs);
    Keyspace kept = store.keyspace("kept", SMALL);
    Keyspace gone = store.keyspace("gone", SMALL);
    BulkLoad first = kept.bulkLoad();
    BulkLoad second = gone.bulkLoad();
    for (int i = 0; i < 5000; i++) {
      first.put(key(i), value());
      second.put(key(i), value());
    }
    store.dropKeyspace("gone");
    assertThrows(StoreClosedException.class, () -> second.put(key(0), value()));
    assertThrows(StoreClosedException.class, second::commit);
    second.close();
    store.flush();
    store.close();
    assertThrows(StoreClosedException.class, () -> first.put(key(0), value()));
    assertThrows(StoreClosedException.class, first::commit);
    first.close();
    assertEquals(List.of(), sstables(fs));
  }

  @Test
  void limits_are_those_of_a_put_and_change_nothing() {
    try (Store store = open(fs);
        BulkLoad load = store.keyspace("k", SMALL).bulkLoad()) {
      assertThrows(LimitException.class, () -> load.put(new byte[0], b("x")));
      assertThrows(LimitException.class, () -> load.put(new byte[65_537], b("x")));
      byte[] longest = new byte[65_536];
      load.put(longest, new byte[300_000]);
      load.put(key(1), new byte[0]);
      load.commit();
      assertEquals(300_000, store.keyspace("k").get(longest).length);
      assertEquals(0, store.keyspace("k").get(key(1)).length);
      assertEquals(2, store.keyspace("k").count());
    }
  }

  @Test
  void engines_in_memory_take_a_load_as_one_batch() {
    try (Store store = open(fs)) {
      for (EngineKind engine : List.of(EngineKind.RBTREE, EngineKind.HASH, EngineKind.ARRAY)) {
        Keyspace keyspace = store.keyspace(engine.name(), KeyspaceOptions.of(engine));
        long commits = store.stats().visibleThrough();
        try (BulkLoad load = keyspace.bulkLoad()) {
          for (int i = 0; i < 100; i++) {
            load.put(key(i % 60), b("" + i));
          }
          assertEquals(0, keyspace.count());
          load.commit();
        }
        assertEquals(60, keyspace.count());
        assertArrayEquals(b("99"), keyspace.get(key(39)));
        assertEquals(commits + 1, store.stats().visibleThrough());
      }
    }
  }

  @Test
  void a_full_device_refuses_the_load_and_nothing_is_left() throws IOException {
    for (int at = 0; at < 60; at++) {
      MemoryFileSystem where = new MemoryFileSystem();
      try (Store store = open(where)) {
        Keyspace keyspace = store.keyspace("k", SMALL);
        keyspace.put(b("a"), b("b"));
        where.limit(used(where) + 4000L * at * at);
        boolean committed = false;
        try (BulkLoad load = keyspace.bulkLoad()) {
          for (int i = 0; i < 20_000; i++) {
            load.put(key(random.nextInt(20_000)), value());
          }
          load.commit();
          committed = true;
        } catch (DiskFullException full) {
          assertNull(keyspace.get(key(3)));
          assertEquals(1, keyspace.count());
          assertEquals(List.of(), sstables(where), "at " + at);
        }
        where.limit(Long.MAX_VALUE);
        keyspace.put(b("c"), b("d"));
        assertArrayEquals(b("d"), keyspace.get(b("c")));
        assertEquals(committed, keyspace.count() > 2);
        requireSound(store);
      }
    }
  }

  @Test
  void a_load_that_meets_what_fails_the_store_says_that_it_failed() {
    try (Store store = open(fs)) {
      put(store.keyspace("k", SMALL), 1);
      store.flush();
    }
    FaultFileSystem faults = new FaultFileSystem(fs);
    Store store = StoreFixture.openInline(faults, options(), new InlineBackground());
    try (BulkLoad load = store.keyspace("k").bulkLoad()) {
      load.put(key(2), b("x"));
      faults.with(
          FaultRule.when(FaultRule.kind(FileOperation.Kind.SYNC))
              .times(1)
              .then(new Fault.SyncFails(SyncFailure.PAGES_MARKED_CLEAN)));
      assertThrows(StoreFailedException.class, load::commit);
    }
    requireSame(model, store.keyspace("k"));
    assertThrows(StoreFailedException.class, store::close);
  }

  @Test
  void a_missing_or_foreign_file_that_the_log_names_is_damage() throws IOException {
    Store store = open(fs);
    Keyspace keyspace = store.keyspace("k", SMALL.withMemtable(ByteSize.ofMebibytes(1)));
    // A memtable that is not written yet keeps the files out of the manifest.
    try (BulkLoad load = keyspace.bulkLoad()) {
      load.put(key(1), b("x"));
      load.commit();
    }
    store.sync();
    MemoryFileSystem crashed = fs.crash(new CrashImage(1, CrashImage.Mode.SYNCED_ONLY));
    store.close();
    List<String> names = sstables(crashed);
    assertEquals(1, names.size());
    Path path = StoreFixture.DIRECTORY.resolve(names.getFirst());
    byte[] bytes = crashed.bytes(path);
    crashed.delete(path);
    CorruptionException missing =
        assertThrows(CorruptionException.class, () -> open(crashed).close());
    assertTrue(String.valueOf(missing.getMessage()).contains(names.getFirst()));
    assertEquals(names.size(), 1);
    assertTrue(bytes.length > 0);
  }
}
