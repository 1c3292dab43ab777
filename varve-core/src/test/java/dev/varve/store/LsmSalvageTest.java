package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.Clock;
import dev.varve.base.InlineBackground;
import dev.varve.base.RandomSource;
import dev.varve.cache.BlockCache;
import dev.varve.cache.MemoryBudget;
import dev.varve.engine.lsm.sstable.SstableEnvironment;
import dev.varve.engine.lsm.sstable.SstableOptions;
import dev.varve.engine.lsm.sstable.SstableWriter;
import dev.varve.engine.lsm.sstable.Stamp;
import dev.varve.format.Envelope;
import dev.varve.format.StoreFileName;
import dev.varve.fs.CrashImage;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.BulkLoad;
import dev.varve.kv.ByteSize;
import dev.varve.kv.Cursor;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.KeyRange;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.SalvageReport;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import dev.varve.kv.VerifyReport;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/// Damaged stores of the LSM engine, and what a salvage makes of them, beside a model.
final class LsmSalvageTest {
  private static final long SEED = Long.getLong("varve.seed", 5);
  private static final Path SAVED = StoreFixture.DIRECTORY.resolveSibling("saved");
  private static final KeyspaceOptions SMALL =
      KeyspaceOptions.of(EngineKind.LSM).withMemtable(ByteSize.ofKibibytes(64));
  private static final int KEYS = 3000;
  private static final String REPEAT =
      "repeat with mvn test -pl varve-core -Dtest=LsmSalvageTest -Dvarve.testArgs=-Dvarve.seed="
          + SEED;

  private MemoryFileSystem fs = new MemoryFileSystem();
  private final SplittableRandom random = new SplittableRandom(SEED);
  private final NavigableMap<String, byte[]> model = new TreeMap<>();

  /** Obsolete sstables, by name: what a crash before their deletion would leave. */
  private final Map<String, byte[]> obsolete = new TreeMap<>();

  private static StoreEnvironment environment(MemoryFileSystem where) {
    return new StoreEnvironment(
        where,
        Clock.SYSTEM,
        RandomSource.seeded(7),
        onFailure -> new InlineBackground(),
        StoreFixture.engines(),
        false);
  }

  private Store open() {
    return open(new InlineBackground());
  }

  private Store open(InlineBackground background) {
    return StoreFixture.openInline(
        fs,
        StoreOptions.defaults()
            .withMemory(ByteSize.ofMebibytes(8))
            .withDurability(Durability.NONE)
            .withSegment(ByteSize.ofMebibytes(1)),
        background);
  }

  private static byte[] b(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String key(int i) {
    return String.format(java.util.Locale.ROOT, "%06d", i);
  }

  private void write(Keyspace keyspace, int steps) {
    for (int i = 0; i < steps; i++) {
      int at = random.nextInt(KEYS);
      int kind = random.nextInt(100);
      if (kind < 70) {
        byte[] value = new byte[random.nextInt(200)];
        random.nextBytes(value);
        keyspace.put(b(key(at)), value);
        model.put(key(at), value);
      } else if (kind < 98) {
        keyspace.delete(b(key(at)));
        model.remove(key(at));
      } else {
        int to = at + 1 + random.nextInt(30);
        keyspace.deleteRange(KeyRange.of(b(key(at)), b(key(to))));
        model.subMap(key(at), key(to)).clear();
      }
    }
  }

  /** A closed store with files at several levels, range tombstones and commits in the log alone. */
  private void makeStore() throws IOException {
    try (Store store = open()) {
      Keyspace keyspace = store.keyspace("users", SMALL);
      for (int round = 0; round < 8; round++) {
        write(keyspace, 2500);
        for (String name : sstables()) {
          obsolete.put(name, fs.bytes(StoreFixture.DIRECTORY.resolve(name)));
        }
      }
      store.flush();
      write(keyspace, 300);
      store.sync();
    }
    obsolete.keySet().removeAll(sstables());
    assertTrue(sstables().size() > 2 && !obsolete.isEmpty(), sstables() + " " + obsolete.keySet());
  }

  private List<String> named(Class<? extends StoreFileName> kind) throws IOException {
    return fs.list(StoreFixture.DIRECTORY).stream()
        .filter(name -> kind.isInstance(StoreFileName.parse(name)))
        .sorted()
        .toList();
  }

  private List<String> sstables() throws IOException {
    return named(StoreFileName.Sstable.class);
  }

  private String manifest() throws IOException {
    return named(StoreFileName.Manifest.class).getLast();
  }

  private void replace(String name, byte[] bytes) {
    fs.replaceBytes(StoreFixture.DIRECTORY.resolve(name), bytes);
  }

  private byte[] bytes(String name) {
    try {
      return fs.bytes(StoreFixture.DIRECTORY.resolve(name));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** A salvage, and what it saved of keyspace `name`. */
  private record Saved(SalvageReport report, Map<String, byte[]> entries) {
    /** How many keys have another value than they should, or none, or one they should not. */
    int differences(Map<String, byte[]> model) {
      int count = 0;
      for (int i = 0; i < KEYS + 40; i++) {
        count += Arrays.equals(model.get(key(i)), entries.get(key(i))) ? 0 : 1;
      }
      return count;
    }
  }

  private Saved salvage(String name) throws IOException {
    SalvageReport report =
        Salvager.salvage(environment(fs), StoreFixture.DIRECTORY, SAVED, ProgressListener.NONE);
    Map<String, byte[]> entries = new TreeMap<>();
    try (Store store = StoreOpener.openExisting(environment(fs), SAVED, ProgressListener.NONE)) {
      Keyspace keyspace = store.findKeyspace(name).orElseThrow();
      assertEquals(EngineKind.LSM, keyspace.options().engine());
      try (Cursor cursor = keyspace.cursor(KeyRange.all())) {
        for (boolean valid = cursor.seekToFirst(); valid; valid = cursor.next()) {
          entries.put(new String(cursor.key(), StandardCharsets.UTF_8), cursor.value());
        }
      }
      VerifyReport verified = store.verify(true, ProgressListener.NONE);
      assertTrue(verified.isSound(), verified.toString());
    }
    for (String file : fs.list(SAVED)) {
      fs.delete(SAVED.resolve(file));
    }
    return new Saved(report, entries);
  }

  private void requireWhole(Saved saved, String what) {
    assertEquals(List.of(), saved.report.losses(), what + "; " + REPEAT);
    requireSame(saved, what);
  }

  private void requireSame(Saved saved, String what) {
    assertEquals(model.keySet(), saved.entries.keySet(), what + "; " + REPEAT);
    model.forEach((key, value) -> assertArrayEquals(value, saved.entries.get(key), what));
  }

  @Test
  void a_sound_store_is_saved_whole_and_obsolete_files_bring_nothing_back() throws IOException {
    makeStore();
    requireWhole(salvage("users"), "sound");
    obsolete.forEach(this::replace);
    requireWhole(salvage("users"), "with obsolete files");
  }

  @Test
  void damage_outside_data_and_range_tombstones_costs_nothing() throws IOException {
    makeStore();
    for (String name : sstables()) {
      byte[] whole = bytes(name);
      byte[] footerless = whole.clone();
      Arrays.fill(footerless, whole.length - 64, whole.length, (byte) 0);
      replace(name, footerless);
      requireWhole(salvage("users"), name + " without a footer");
      byte[] headless = whole.clone();
      Arrays.fill(headless, 0, 72, (byte) 0);
      replace(name, headless);
      requireWhole(salvage("users"), name + " without an envelope");
      replace(name, whole);
    }
  }

  @Test
  void a_damaged_block_costs_its_entries_and_nothing_else() throws IOException {
    makeStore();
    for (String name : sstables()) {
      byte[] whole = bytes(name);
      byte[] damaged = whole.clone();
      damaged[72 + random.nextInt(whole.length / 2)] ^= 1;
      replace(name, damaged);
      Saved saved = salvage("users");
      String losses = saved.report.losses() + "; " + REPEAT;
      assertEquals(1, saved.report.losses().size(), losses);
      String loss = saved.report.losses().getFirst();
      assertTrue(loss.startsWith(name + ": "), losses);
      int lost = Integer.parseInt(loss.replaceAll(".*: (\\d+) of \\d+ entries are lost.*", "$1"));
      assertTrue(lost > 0 && lost < 200, losses);
      assertTrue(saved.differences(model) <= lost, losses + saved.differences(model));
      assertTrue(saved.entries.size() > model.size() / 2, losses);
      replace(name, whole);
    }
  }

  @Test
  void a_missing_or_unreadable_sstable_is_named_and_the_log_goes_over_the_others()
      throws IOException {
    makeStore();
    for (String name : sstables()) {
      byte[] whole = bytes(name);
      for (byte[] rest : Arrays.asList(null, new byte[0], new byte[whole.length])) {
        if (rest == null) {
          fs.delete(StoreFixture.DIRECTORY.resolve(name));
        } else {
          replace(name, rest);
        }
        Saved saved = salvage("users");
        assertEquals(1, saved.report.losses().size(), saved.report.losses().toString());
        assertTrue(
            saved.report.losses().getFirst().startsWith(name), saved.report.losses().toString());
        assertFalse(saved.entries.isEmpty());
        replace(name, whole);
      }
    }
    requireWhole(salvage("users"), "restored");
  }

  @Test
  void without_a_sound_manifest_every_sstable_is_read() throws IOException {
    makeStore();
    byte[] whole = bytes(manifest());
    String name = manifest();
    for (int at = 0; at < whole.length; at += 1 + random.nextInt(whole.length / 12)) {
      byte[] damaged = whole.clone();
      damaged[at] ^= 1;
      replace(name, damaged);
      Saved saved = salvage("users");
      requireSame(saved, "manifest with byte " + at);
      assertEquals(1, saved.report.losses().size(), "byte " + at + ": " + saved.report);
      assertTrue(saved.report.losses().getFirst().contains(name), saved.report.toString());
    }
    fs.delete(StoreFixture.DIRECTORY.resolve(name));
    Saved saved = salvage("users");
    requireSame(saved, "no manifest");
    assertTrue(saved.report.losses().getFirst().contains("missing"), saved.report.toString());
  }

  @Test
  void edits_that_are_sound_in_a_damaged_manifest_keep_obsolete_files_out() throws IOException {
    makeStore();
    obsolete.forEach(this::replace);
    String name = manifest();
    byte[] damaged = bytes(name);
    // The envelope: every edit is sound.
    damaged[20] ^= 1;
    replace(name, damaged);
    requireSame(salvage("users"), "all edits are sound");
  }

  @Test
  void without_a_catalog_keyspaces_are_found_by_their_files() throws IOException {
    makeStore();
    fs.delete(StoreFixture.DIRECTORY.resolve(StoreFileName.CATALOG));
    boolean named =
        named(StoreFileName.Segment.class).stream()
            .anyMatch(
                file -> new String(bytes(file), StandardCharsets.ISO_8859_1).contains("users"));
    Saved saved = salvage(named ? "users" : "keyspace-1");
    requireSame(saved, "no catalog");
    assertTrue(saved.report.losses().getFirst().contains("catalog"), saved.report.toString());
  }

  @Test
  void with_a_damaged_manifest_the_log_never_brings_older_values_back() throws IOException {
    makeStore();
    replace(manifest(), new byte[100]);
    List<String> segments = named(StoreFileName.Segment.class);
    // Commits of the log that are in files too, with a hole before the newest of them.
    byte[] log = bytes(segments.getLast());
    int end = log.length;
    while (log[end - 1] == 0) {
      end--;
    }
    Arrays.fill(log, end / 2, end / 2 + 200, (byte) 7);
    replace(segments.getLast(), log);
    Saved saved = salvage("users");
    assertTrue(saved.report.losses().size() >= 2, saved.report.toString());
    assertTrue(saved.differences(model) <= 300, saved.differences(model) + "; " + REPEAT);
  }

  @Test
  void values_in_blob_files_are_saved_unless_they_are_damaged() throws IOException {
    try (Store store = open()) {
      Keyspace keyspace = store.keyspace("users", SMALL.withBlobThreshold(ByteSize.ofBytes(256)));
      for (int i = 0; i < 200; i++) {
        byte[] value = new byte[i % 2 == 0 ? 20 : 600];
        random.nextBytes(value);
        keyspace.put(b(key(i)), value);
        model.put(key(i), value);
      }
      store.flush();
    }
    requireWhole(salvage("users"), "sound");
    String name = named(StoreFileName.Blob.class).getFirst();
    byte[] whole = bytes(name);
    byte[] footerless = whole.clone();
    Arrays.fill(footerless, whole.length - 56, whole.length, (byte) 0);
    replace(name, footerless);
    requireWhole(salvage("users"), "without a footer");
    byte[] damaged = whole.clone();
    damaged[whole.length / 2] ^= 1;
    replace(name, damaged);
    Saved fromLog = salvage("users");
    requireSame(fromLog, "the log has the commits still");
    assertTrue(fromLog.report.losses().getFirst().startsWith(name), fromLog.report.toString());
    for (String segment : named(StoreFileName.Segment.class)) {
      fs.delete(StoreFixture.DIRECTORY.resolve(segment));
    }
    assertEquals(1, salvage("users").differences(model));
    fs.delete(StoreFixture.DIRECTORY.resolve(name));
    Saved without = salvage("users");
    assertTrue(without.report.losses().getFirst().startsWith(name), without.report.toString());
    int lost = without.differences(model);
    assertTrue(lost > 1 && lost <= 100, lost + " of 100 values");
    assertTrue(without.report.losses().getFirst().contains(": " + lost + " values are lost"));
  }

  /** A keyspace whose memtables are written when the test says so. */
  private static final KeyspaceOptions CALM =
      KeyspaceOptions.of(EngineKind.LSM).withMemtable(ByteSize.ofMebibytes(4));

  private void put(Keyspace keyspace, int from, int to, String value) {
    for (int i = from; i < to; i++) {
      keyspace.put(b(key(i)), b(value + i));
      model.put(key(i), b(value + i));
    }
  }

  private void load(Keyspace keyspace, int from, int to, String value) {
    try (BulkLoad load = keyspace.bulkLoad()) {
      for (int i = from; i < to; i++) {
        load.put(b(key(i)), b(value + i));
        model.put(key(i), b(value + i));
      }
      load.commit();
    }
  }

  /** A closed store with a file of a bulk load between older files and newer ones. */
  private void makeLoaded() throws IOException {
    try (Store store = open()) {
      Keyspace keyspace = store.keyspace("users", CALM);
      put(keyspace, 0, 2000, "old");
      store.flush();
      load(keyspace, 500, 2500, "loaded");
      store.flush();
      put(keyspace, 1000, 1200, "new");
      keyspace.deleteRange(KeyRange.of(b(key(1500)), b(key(1600))));
      model.subMap(key(1500), key(1600)).clear();
      store.flush();
    }
    assertEquals(3, sstables().size());
  }

  @Test
  void files_of_a_bulk_load_keep_their_place_in_the_order() throws IOException {
    makeLoaded();
    requireWhole(salvage("users"), "sound");
    String name = manifest();
    byte[] whole = bytes(name);
    for (boolean logged : new boolean[] {true, false}) {
      if (!logged) {
        for (String segment : named(StoreFileName.Segment.class)) {
          fs.delete(StoreFixture.DIRECTORY.resolve(segment));
        }
        requireWhole(salvage("users"), "sound, without a log");
      }
      int known = 0;
      for (int at = 0; at < whole.length; at += 1 + random.nextInt(whole.length / 40)) {
        byte[] damaged = whole.clone();
        damaged[at] ^= 1;
        replace(name, damaged);
        Saved saved = salvage("users");
        String what = "byte " + at + (logged ? "" : ", without a log") + "; " + saved.report;
        boolean placeLost = saved.report.losses().stream().anyMatch(l -> l.contains("bulk load"));
        if (placeLost) {
          assertFalse(logged, what);
          // Where both have a key, what was loaded counts as the older.
          assertTrue(saved.differences(model) <= 2000, what);
          assertTrue(saved.entries.keySet().containsAll(model.keySet()), what);
        } else {
          known++;
          requireSame(saved, what);
        }
      }
      assertTrue(known > 5, known + "; " + REPEAT);
      fs.delete(StoreFixture.DIRECTORY.resolve(name));
      Saved saved = salvage("users");
      if (logged) {
        requireSame(saved, "no manifest");
      } else {
        assertEquals(2, saved.report.losses().size(), saved.report.toString());
        assertTrue(saved.report.losses().getLast().contains("2000 entries"));
      }
      replace(name, whole);
    }
  }

  /** Makes of the store what a crash leaves whose last bulk load is in the log alone. */
  private String makeLoadedInLog() throws IOException {
    InlineBackground background = new InlineBackground();
    Store store = open(background);
    Keyspace keyspace = store.keyspace("users", CALM);
    put(keyspace, 0, 1000, "old");
    store.flush();
    // Nothing has the manifest name what comes now.
    background.close();
    put(keyspace, 400, 600, "older");
    load(keyspace, 500, 2500, "loaded");
    put(keyspace, 700, 800, "new");
    store.sync();
    MemoryFileSystem crashed = fs.crash(new CrashImage(3, CrashImage.Mode.SYNCED_ONLY));
    store.close();
    fs = crashed;
    assertEquals(2, sstables().size(), "one that the manifest names, one that the log names");
    return sstables().getLast();
  }

  @Test
  void a_bulk_load_that_only_the_log_has_is_saved_with_or_without_a_manifest() throws IOException {
    String name = makeLoadedInLog();
    requireWhole(salvage("users"), "sound");
    byte[] whole = bytes(name);
    byte[] footerless = whole.clone();
    Arrays.fill(footerless, whole.length - 64, whole.length, (byte) 0);
    replace(name, footerless);
    requireWhole(salvage("users"), "without a footer");
    replace(name, whole);
    replace(manifest(), new byte[100]);
    requireSame(salvage("users"), "manifest damaged");
    fs.delete(StoreFixture.DIRECTORY.resolve(manifest()));
    requireSame(salvage("users"), "manifest missing");
    fs.delete(StoreFixture.DIRECTORY.resolve(StoreFileName.CATALOG));
    requireSame(salvage("users"), "catalog missing too");
  }

  @Test
  void what_is_lost_of_a_bulk_load_that_only_the_log_has_is_reported() throws IOException {
    String name = makeLoadedInLog();
    byte[] whole = bytes(name);
    byte[] damaged = whole.clone();
    damaged[200] ^= 1;
    replace(name, damaged);
    Saved partly = salvage("users");
    assertEquals(1, partly.report.losses().size(), partly.report.toString());
    String loss = partly.report.losses().getFirst();
    assertTrue(loss.startsWith(name + ": "), loss);
    int lost = Integer.parseInt(loss.replaceAll(".*: (\\d+) of \\d+ entries are lost.*", "$1"));
    assertTrue(lost > 0 && lost < 2000, loss);
    assertTrue(partly.differences(model) <= lost && partly.differences(model) > 0, loss);

    byte[] foreign = foreign(name);
    for (byte[] rest : Arrays.asList(null, new byte[0], new byte[whole.length], foreign)) {
      if (rest == null) {
        fs.delete(StoreFixture.DIRECTORY.resolve(name));
      } else {
        replace(name, rest);
      }
      Saved without = salvage("users");
      assertEquals(1, without.report.losses().size(), without.report.toString());
      loss = without.report.losses().getFirst();
      assertTrue(loss.startsWith(name) && loss.contains("2000 entries"), loss);
      // Older ones and those put later are there.
      assertEquals(1000, without.entries.size());
      assertArrayEquals(b("new750"), without.entries.get(key(750)));
      assertArrayEquals(b("older550"), without.entries.get(key(550)));
    }
    replace(name, whole);
    requireWhole(salvage("users"), "restored");
  }

  /** A sound file of the same number, with other entries. */
  private byte[] foreign(String name) throws IOException {
    byte[] own = bytes(name);
    Envelope envelope = Envelope.read(Path.of(name), Arrays.copyOf(own, Envelope.SIZE));
    MemoryBudget budget = new MemoryBudget(Long.MAX_VALUE);
    try (BlockCache cache = new BlockCache(budget, 1 << 20)) {
      SstableEnvironment environment =
          new SstableEnvironment(
              fs,
              StoreFixture.DIRECTORY,
              envelope.store(),
              (int) envelope.scope(),
              cache,
              budget,
              RandomSource.seeded(99),
              Clock.SYSTEM);
      fs.delete(StoreFixture.DIRECTORY.resolve(name));
      try (SstableWriter writer =
          new SstableWriter(environment, envelope.number(), SstableOptions.DEFAULTS)) {
        byte[] key = b("foreign");
        writer.add(key, 0, key.length, Stamp.of(1, Stamp.VALUE), key, 0, key.length);
        var _ = writer.finish();
      }
    }
    byte[] foreign = bytes(name);
    replace(name, own);
    return foreign;
  }

  @Test
  void a_bulk_load_that_was_merged_into_other_files_is_no_loss_and_nothing_older_comes_back()
      throws IOException {
    try (Store store = open()) {
      Keyspace keyspace = store.keyspace("users", CALM);
      put(keyspace, 0, 1000, "old");
      load(keyspace, 500, 2500, "loaded");
      put(keyspace, 700, 800, "new");
      store.compact(keyspace);
      put(keyspace, 900, 950, "newest");
      store.flush();
      put(keyspace, 950, 960, "last");
      store.sync();
    }
    assertEquals(2, sstables().size());
    requireWhole(salvage("users"), "sound");
    byte[] whole = bytes(manifest());
    String name = manifest();
    replace(name, new byte[100]);
    requireSame(salvage("users"), "manifest damaged");
    byte[] damaged = whole.clone();
    damaged[20] ^= 1;
    replace(name, damaged);
    Saved saved = salvage("users");
    requireSame(saved, "envelope of the manifest damaged");
    assertEquals(1, saved.report.losses().size(), saved.report.toString());
    replace(name, whole);
    // Files that are not whole have the log go over them.
    String newest = sstables().getLast();
    fs.delete(StoreFixture.DIRECTORY.resolve(newest));
    saved = salvage("users");
    requireSame(saved, "newest file missing");
    assertEquals(1, saved.report.losses().size(), saved.report.toString());
  }
}
