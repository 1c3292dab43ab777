package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.Background;
import dev.varve.base.Clock;
import dev.varve.base.InlineBackground;
import dev.varve.format.StoreFileName;
import dev.varve.fs.CrashImage;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.BlockCompression;
import dev.varve.kv.ByteSize;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.Cursor;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.KeyRange;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.KeyspaceView;
import dev.varve.kv.Limits;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.Snapshot;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import dev.varve.kv.WriteBatch;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/// Stores of the LSM engine whose memtables are so small that most entries are in files.
final class LsmStoreTest {
  private static final KeyspaceOptions SMALL =
      KeyspaceOptions.of(EngineKind.LSM).withMemtable(ByteSize.ofKibibytes(64));
  private static final int KEYS = 2000;

  private final MemoryFileSystem fs = new MemoryFileSystem();
  private final SplittableRandom random = new SplittableRandom(11);

  private static Store open(MemoryFileSystem where) {
    return StoreFixture.openInline(
        where,
        StoreOptions.defaults()
            .withMemory(ByteSize.ofMebibytes(8))
            .withDurability(Durability.NONE)
            .withSegment(ByteSize.ofMebibytes(1)),
        new InlineBackground());
  }

  private static String key(int i) {
    return String.format(java.util.Locale.ROOT, "%06d", i);
  }

  private static byte[] b(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** Random puts, deletes and ranges, in the keyspace and in a model of it. */
  private void write(Keyspace keyspace, NavigableMap<String, byte[]> model, int steps) {
    for (int i = 0; i < steps; i++) {
      int at = random.nextInt(KEYS);
      int kind = random.nextInt(100);
      if (kind < 75) {
        byte[] value = new byte[random.nextInt(300)];
        random.nextBytes(value);
        keyspace.put(b(key(at)), value);
        model.put(key(at), value);
      } else if (kind < 99) {
        keyspace.delete(b(key(at)));
        model.remove(key(at));
      } else {
        int to = at + 1 + random.nextInt(30);
        keyspace.deleteRange(KeyRange.of(b(key(at)), b(key(to))));
        model.subMap(key(at), key(to)).clear();
      }
    }
  }

  private static void requireSame(NavigableMap<String, byte[]> model, KeyspaceView view) {
    try (Cursor cursor = view.cursor(KeyRange.all())) {
      boolean valid = cursor.seekToFirst();
      for (Map.Entry<String, byte[]> entry : model.entrySet()) {
        assertTrue(valid, entry.getKey());
        assertArrayEquals(b(entry.getKey()), cursor.key());
        assertArrayEquals(entry.getValue(), cursor.value(), entry.getKey());
        valid = cursor.next();
      }
      assertEquals(false, valid);
      valid = cursor.seekToLast();
      for (Map.Entry<String, byte[]> entry : model.descendingMap().entrySet()) {
        assertTrue(valid, entry.getKey());
        assertArrayEquals(b(entry.getKey()), cursor.key());
        assertArrayEquals(entry.getValue(), cursor.value(), entry.getKey());
        valid = cursor.previous();
      }
      assertEquals(false, valid);
    }
    for (int i = 0; i < KEYS; i++) {
      byte[] expected = model.get(key(i));
      if (expected == null) {
        assertNull(view.get(b(key(i))), key(i));
      } else {
        assertArrayEquals(expected, view.get(b(key(i))), key(i));
      }
    }
    assertEquals(model.size(), view.count());
  }

  private long sstables(MemoryFileSystem where) throws IOException {
    return where.list(StoreFixture.DIRECTORY).stream()
        .filter(name -> StoreFileName.parse(name) instanceof StoreFileName.Sstable)
        .count();
  }

  @Test
  void reads_see_memtables_and_all_levels_and_snapshots_stay_as_they_were() throws IOException {
    TreeMap<String, byte[]> model = new TreeMap<>();
    try (Store store = open(fs)) {
      Keyspace keyspace = store.keyspace("k", SMALL);
      for (int round = 0; round < 6; round++) {
        write(keyspace, model, 4000);
        requireSame(model, keyspace);
        TreeMap<String, byte[]> then = new TreeMap<>(model);
        try (Snapshot snapshot = store.snapshot()) {
          write(keyspace, model, 4000);
          requireSame(then, keyspace.at(snapshot));
          requireSame(model, keyspace);
        }
      }
      assertTrue(sstables(fs) > 1);
      assertTrue(store.verify(true, ProgressListener.NONE).isSound());
    }
    try (Store store = open(fs)) {
      requireSame(model, store.keyspace("k"));
    }
  }

  @Test
  void what_was_flushed_before_a_power_cut_is_not_applied_again() {
    TreeMap<String, byte[]> model = new TreeMap<>();
    MemoryFileSystem where = fs;
    for (int life = 0; life < 4; life++) {
      Store store = open(where);
      Keyspace keyspace = store.keyspace("k", SMALL);
      requireSame(model, keyspace);
      write(keyspace, model, 3000);
      if (life % 2 == 1) {
        store.flush();
        write(keyspace, model, 3000);
      }
      store.sync();
      where = where.crash(new CrashImage(life, CrashImage.Mode.SYNCED_ONLY));
      store.close();
    }
    try (Store store = open(where)) {
      requireSame(model, store.keyspace("k"));
      assertTrue(store.verify(true, ProgressListener.NONE).isSound());
    }
  }

  @Test
  void the_files_of_a_dropped_keyspace_go_with_the_next_flush() throws IOException {
    try (Store store = open(fs)) {
      write(store.keyspace("gone", SMALL), new TreeMap<>(), 5000);
      write(store.keyspace("kept", SMALL), new TreeMap<>(), 5000);
      store.flush();
      store.dropKeyspace("gone");
      store.flush();
      assertTrue(
          fs.list(StoreFixture.DIRECTORY).stream().noneMatch(name -> name.startsWith("ks-1-")));
      assertTrue(sstables(fs) > 0);
    }
  }

  /// Nobody asked for an end of the flush: in the background it would fail the store.
  @Test
  void a_keyspace_may_be_dropped_while_it_is_flushed() throws IOException {
    try (Store store = open(fs)) {
      store.keyspace("gone", SMALL).put(b("a"), b("1"));
      store.keyspace("kept", SMALL).put(b("a"), b("1"));
      List<String> dropped = new ArrayList<>();
      store.flush(
          _ -> {
            if (dropped.isEmpty()) {
              dropped.add("gone");
              store.dropKeyspace("gone");
            }
            return true;
          });
      assertEquals(List.of("gone"), dropped);
      MemoryFileSystem left = fs.crash(new CrashImage(1, CrashImage.Mode.SYNCED_ONLY));
      try (Store after = open(left)) {
        assertEquals(List.of("kept"), after.keyspaces().stream().map(Keyspace::name).toList());
        assertArrayEquals(b("1"), after.keyspace("kept").get(b("a")));
      }
    }
  }

  @Test
  void options_change_what_files_are_like() {
    try (Store store = open(fs)) {
      long[] bytes = new long[3];
      KeyspaceOptions[] each = {
        SMALL,
        SMALL.withCompression(dev.varve.kv.BlockCompression.NONE),
        SMALL.withCompression(dev.varve.kv.BlockCompression.NONE).withFilterBits(0)
      };
      for (int i = 0; i < each.length; i++) {
        Keyspace keyspace = store.keyspace("k" + i, each[i]);
        for (int k = 0; k < KEYS; k++) {
          keyspace.put(b(key(k)), new byte[20]);
        }
        store.flush();
        bytes[i] = keyspace.stats().fileBytes();
      }
      assertTrue(bytes[0] < bytes[1], Arrays.toString(bytes));
      assertTrue(bytes[2] < bytes[1], Arrays.toString(bytes));
    }
  }

  /** Keeps what is submitted while it is held. */
  private static final class HeldBackground implements Background {
    private final List<Runnable> waiting = new ArrayList<>();
    private boolean held;

    @Override
    public void submit(Runnable work) {
      if (held) {
        waiting.add(work);
      } else {
        work.run();
      }
    }

    @Override
    public void submitAfter(Duration delay, Runnable work) {
      waiting.add(work);
    }

    @Override
    public void close() {
      waiting.clear();
    }
  }

  /** Two files of such stores may be made at the same moment. */
  private static Store openAtNoon(MemoryFileSystem where) {
    Clock noon =
        new Clock() {
          @Override
          public long nanos() {
            return Clock.SYSTEM.nanos();
          }

          @Override
          public long wallMillis() {
            return 43_200_000;
          }
        };
    return StoreFixture.open(where, StoreOptions.defaults(), new InlineBackground(), noon);
  }

  @Test
  void a_file_of_another_time_under_the_same_number_is_not_taken_for_it() throws IOException {
    Store before = openAtNoon(fs);
    before.keyspace("k", SMALL).put(b("key"), b("value"));
    before.sync();
    MemoryFileSystem other = fs.crash(new CrashImage(1, CrashImage.Mode.SYNCED_ONLY));
    before.flush();
    before.close();
    Store after = openAtNoon(other);
    after.flush();
    after.close();
    String name =
        fs.list(StoreFixture.DIRECTORY).stream()
            .filter(each -> StoreFileName.parse(each) instanceof StoreFileName.Sstable)
            .findFirst()
            .orElseThrow();
    java.nio.file.Path path = StoreFixture.DIRECTORY.resolve(name);
    byte[] own = fs.bytes(path);
    byte[] foreign = other.bytes(path);
    assertEquals(own.length, foreign.length);
    fs.replaceBytes(path, foreign);
    CorruptionException refused =
        assertThrows(CorruptionException.class, () -> openAtNoon(fs).close());
    assertTrue(String.valueOf(refused.getMessage()).contains("seed"), refused.getMessage());
    fs.replaceBytes(path, own);
    try (Store store = open(fs)) {
      assertArrayEquals(b("value"), store.keyspace("k").get(b("key")));
    }
  }

  @Test
  void keys_of_the_greatest_length_are_compacted_and_found_when_the_store_is_opened()
      throws IOException {
    byte[] last = new byte[Limits.KEY_BYTES_MAX];
    Arrays.fill(last, (byte) -1);
    byte[] long1 = new byte[Limits.KEY_BYTES_MAX];
    try (Store store = open(fs)) {
      Keyspace keyspace = store.keyspace("k", SMALL);
      for (int i = 0; i < 6; i++) {
        keyspace.put(long1, b("a" + i));
        keyspace.put(last, b("b" + i));
        store.flush();
      }
      assertTrue(sstables(fs) < 6, "nothing was compacted");
    }
    try (Store store = open(fs)) {
      assertArrayEquals(b("a5"), store.keyspace("k").get(long1));
      assertArrayEquals(b("b5"), store.keyspace("k").get(last));
    }
  }

  @Test
  void a_full_cache_does_not_stop_writers_while_a_memtable_is_written() {
    HeldBackground background = new HeldBackground();
    ByteSize memory = ByteSize.ofMebibytes(4);
    StoreOptions options =
        StoreOptions.defaults().withMemory(memory).withDurability(Durability.NONE);
    KeyspaceOptions uncompressed =
        SMALL.withMemtable(ByteSize.ofKibibytes(512)).withCompression(BlockCompression.NONE);
    byte[] value = new byte[1000];
    try (Store store = StoreFixture.open(fs, options, background, Clock.SYSTEM)) {
      Keyspace keyspace = store.keyspace("k", uncompressed);
      int entries = (int) (2 * memory.bytes() / value.length);
      for (int i = 0; i < entries; i++) {
        keyspace.put(b(key(i)), value);
      }
      background.held = true;
      for (int i = 0; i < 700; i++) {
        keyspace.put(b(key(i)), value);
      }
      long nanos = 0;
      for (int i = 0; i < 20; i++) {
        for (int j = 0; j < 1000; j++) {
          assertArrayEquals(value, keyspace.get(b(key(random.nextInt(entries)))));
        }
        long begun = System.nanoTime();
        keyspace.put(b(key(i)), value);
        nanos += System.nanoTime() - begun;
      }
      // A write that is stopped goes on after 0.9 s: all of them would take 18 s.
      long seconds = Duration.ofNanos(nanos).toSeconds();
      assertTrue(seconds < 9, seconds + " s");
      background.held = false;
    }
  }

  /** What was put is in one file, what was deleted before it in another that ends where it is. */
  @Test
  void a_walk_back_finds_the_first_key_of_its_range_where_another_file_ends() {
    try (Store store = open(fs)) {
      Keyspace keyspace = store.keyspace("k", SMALL);
      keyspace.put(b("k1"), b("v"));
      store.flush();
      keyspace.deleteRange(KeyRange.lessThan(b("k1")));
      store.flush();
      KeyRange range = KeyRange.of(b("k1"), b("k2"));
      assertArrayEquals(b("k1"), keyspace.last(range).key());
      try (Cursor cursor = keyspace.cursor(range)) {
        assertTrue(cursor.seekToLast());
        assertArrayEquals(b("v"), cursor.value());
        assertEquals(false, cursor.previous());
        assertTrue(cursor.seekForPrevious(b("k1")));
        assertEquals(false, cursor.next());
      }
    }
  }

  /** The put alone fills a memtable; the check must not think that the commit ends there. */
  @Test
  void a_check_takes_a_commit_as_one_whatever_it_fills() {
    try (Store store = open(fs)) {
      Keyspace keyspace = store.keyspace("k", SMALL);
      WriteBatch batch = new WriteBatch();
      batch.put(keyspace, b("k"), new byte[100_000]).deleteRange(keyspace, KeyRange.all());
      store.write(batch);
      assertEquals(0, keyspace.count());
      assertEquals(List.of(), store.verify(true, ProgressListener.NONE).problems());
    }
  }
}
