package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.Clock;
import dev.varve.base.InlineBackground;
import dev.varve.base.RandomSource;
import dev.varve.engine.btree.heap.HeapMapInspection;
import dev.varve.format.StoreFileName;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.ByteSize;
import dev.varve.kv.Cursor;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.FileInspection;
import dev.varve.kv.KeyRange;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.SalvageReport;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/// Damaged stores of the engine BTREE, and what a salvage makes of them, beside a model.
final class BtreeSalvageTest {
  private static final long SEED = Long.getLong("varve.seed", 5);
  private static final Path SAVED = StoreFixture.DIRECTORY.resolveSibling("saved");
  private static final int ORDER = 16;
  private static final int KEYS = 1500;
  private static final KeyspaceOptions SMALL =
      KeyspaceOptions.of(EngineKind.BTREE)
          .withOrder(ORDER)
          .withBlobThreshold(ByteSize.ofBytes(256));

  private final MemoryFileSystem fs = new MemoryFileSystem();
  private final SplittableRandom random = new SplittableRandom(SEED);
  private final NavigableMap<String, byte[]> model = new TreeMap<>();

  private StoreEnvironment environment() {
    return new StoreEnvironment(
        fs,
        Clock.SYSTEM,
        RandomSource.seeded(7),
        onFailure -> new InlineBackground(),
        StoreFixture.engines(),
        false);
  }

  private Store open() {
    return StoreFixture.openInline(
        fs,
        StoreOptions.defaults()
            .withMemory(ByteSize.ofMebibytes(8))
            .withDurability(Durability.NONE)
            .withSegment(ByteSize.ofKibibytes(64)),
        new InlineBackground());
  }

  private static byte[] b(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String key(int i) {
    return String.format(Locale.ROOT, "%06d", i);
  }

  private void write(Keyspace keyspace, int steps) {
    for (int i = 0; i < steps; i++) {
      int at = random.nextInt(KEYS);
      int kind = random.nextInt(200);
      if (kind < 150) {
        byte[] value = new byte[random.nextInt(kind < 10 ? 900 : 100)];
        random.nextBytes(value);
        keyspace.put(b(key(at)), value);
        model.put(key(at), value);
      } else if (kind < 199) {
        keyspace.delete(b(key(at)));
        model.remove(key(at));
      } else {
        int to = at + 1 + random.nextInt(30);
        keyspace.deleteRange(KeyRange.of(b(key(at)), b(key(to))));
        model.subMap(key(at), key(to)).clear();
      }
    }
  }

  /** A closed store. */
  private void makeStore(boolean logged) throws IOException {
    try (Store store = open()) {
      Keyspace keyspace = store.keyspace("users", SMALL);
      for (int round = 0; round < 6; round++) {
        write(keyspace, 800);
        store.flush();
      }
      if (logged) {
        write(keyspace, 200);
        store.sync();
      }
    }
    if (!logged) {
      for (String segment : named(StoreFileName.Segment.class)) {
        fs.delete(StoreFixture.DIRECTORY.resolve(segment));
      }
    }
  }

  private List<String> named(Class<? extends StoreFileName> kind) throws IOException {
    return fs.list(StoreFixture.DIRECTORY).stream()
        .filter(name -> kind.isInstance(StoreFileName.parse(name)))
        .sorted()
        .toList();
  }

  private String heap() throws IOException {
    return named(StoreFileName.Heap.class).getLast();
  }

  private String map() throws IOException {
    return named(StoreFileName.HeapMap.class).getLast();
  }

  private byte[] bytes(String name) throws IOException {
    return fs.bytes(StoreFixture.DIRECTORY.resolve(name));
  }

  private void replace(String name, byte[] bytes) {
    fs.replaceBytes(StoreFixture.DIRECTORY.resolve(name), bytes);
  }

  /** A salvage, and what it saved. */
  private record Saved(SalvageReport report, Map<String, byte[]> entries) {
    int differences(Map<String, byte[]> model) {
      int count = 0;
      for (int i = 0; i < KEYS + 40; i++) {
        count += Arrays.equals(model.get(key(i)), entries.get(key(i))) ? 0 : 1;
      }
      return count;
    }
  }

  private Saved salvage() throws IOException {
    SalvageReport report =
        Salvager.salvage(environment(), StoreFixture.DIRECTORY, SAVED, ProgressListener.NONE);
    Map<String, byte[]> entries = new TreeMap<>();
    try (Store store = StoreOpener.openExisting(environment(), SAVED, ProgressListener.NONE)) {
      Keyspace keyspace = store.findKeyspace("users").orElseThrow();
      assertEquals(EngineKind.BTREE, keyspace.options().engine());
      try (Cursor cursor = keyspace.cursor(KeyRange.all())) {
        for (boolean valid = cursor.seekToFirst(); valid; valid = cursor.next()) {
          entries.put(new String(cursor.key(), StandardCharsets.UTF_8), cursor.value());
        }
      }
      assertTrue(store.verify(true, ProgressListener.NONE).isSound());
    }
    for (String file : fs.list(SAVED)) {
      fs.delete(SAVED.resolve(file));
    }
    return new Saved(report, entries);
  }

  private void requireSame(Saved saved, String what) {
    assertEquals(model.keySet(), saved.entries.keySet(), what + ", seed " + SEED);
    model.forEach((key, value) -> assertArrayEquals(value, saved.entries.get(key), what));
  }

  @Test
  void a_sound_store_is_saved_whole_with_what_only_the_log_has() throws IOException {
    makeStore(true);
    Saved saved = salvage();
    assertEquals(List.of(), saved.report.losses());
    requireSame(saved, "sound");
  }

  /** The slots that the map names, of leaves or of values that are kept apart. */
  private List<FileInspection.Item> slots(String of) throws IOException {
    return FileInspector.inspect(fs, StoreFixture.DIRECTORY.resolve(map()), 10_000).items().stream()
        .filter(item -> item.what().equals(HeapMapInspection.SLOT))
        .filter(item -> item.detail().startsWith(of))
        .toList();
  }

  @Test
  void a_damaged_leaf_costs_its_entries_and_is_reported() throws IOException {
    makeStore(false);
    String name = heap();
    byte[] whole = bytes(name);
    Saved sound = salvage();
    requireSame(sound, "without a log");
    List<FileInspection.Item> leaves = slots("leaf");
    int lost = 0;
    for (int i = 0; i < leaves.size(); i += 9) {
      byte[] damaged = whole.clone();
      damaged[(int) leaves.get(i).offset() + 40] ^= 4;
      replace(name, damaged);
      Saved saved = salvage();
      int differences = saved.differences(model);
      String what = "leaf " + i + ": " + differences + ", " + saved.report.losses();
      assertTrue(differences > 0 && differences <= ORDER, what);
      assertEquals(model.size() - differences, saved.entries.size(), what);
      assertTrue(saved.report.losses().toString().contains(name), what);
      assertTrue(saved.report.losses().toString().contains("byte " + leaves.get(i).offset()), what);
      lost += differences;
    }
    assertTrue(lost > 20, lost + " entries");
  }

  @Test
  void a_damaged_value_costs_its_entry_and_is_reported() throws IOException {
    makeStore(false);
    String name = heap();
    byte[] damaged = bytes(name);
    FileInspection.Item slot = slots("value").get(3);
    damaged[(int) slot.offset() + 50] ^= 4;
    replace(name, damaged);
    Saved saved = salvage();
    assertEquals(1, saved.differences(model), saved.report.toString());
    assertEquals(model.size() - 1, saved.entries.size());
    String losses = saved.report.losses().toString();
    assertTrue(losses.contains("byte " + slot.offset()), losses);
    assertTrue(losses.contains("1 entries of the leaf"), losses);
  }

  @Test
  void without_a_sound_map_every_leaf_counts_that_is_left() throws IOException {
    makeStore(false);
    String name = map();
    byte[] whole = bytes(name);
    for (byte[] rest : Arrays.asList(null, new byte[0], new byte[whole.length])) {
      if (rest == null) {
        fs.delete(StoreFixture.DIRECTORY.resolve(name));
      } else {
        replace(name, rest);
      }
      Saved saved = salvage();
      String losses = saved.report.losses().toString();
      assertTrue(losses.contains(name) || losses.contains("map"), losses);
      assertTrue(losses.contains("every leaf counts"), losses);
      // The newest of each is there; what was deleted may be, from leaves that are gone.
      model.forEach((key, value) -> assertArrayEquals(value, saved.entries.get(key), key));
      assertTrue(saved.entries.size() < model.size() + model.size() / 4, saved.entries.size() + "");
      replace(name, whole);
    }
    requireSame(salvage(), "restored");
  }

  @Test
  void a_missing_heap_is_reported_and_the_log_is_saved() throws IOException {
    makeStore(true);
    String name = heap();
    fs.delete(StoreFixture.DIRECTORY.resolve(name));
    Saved saved = salvage();
    assertTrue(saved.report.losses().toString().contains(name), saved.report.toString());
    assertTrue(!saved.entries.isEmpty(), "what was committed last is in the log");
    saved.entries.forEach((key, value) -> assertArrayEquals(model.get(key), value, key));
  }
}
