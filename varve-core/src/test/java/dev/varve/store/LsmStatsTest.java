package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.Varve;
import dev.varve.kv.BlockCompression;
import dev.varve.kv.ByteSize;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.LsmStats;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import dev.varve.kv.WriteBatch;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The figures of an LSM keyspace say what it did, and its options have the effect they promise.
final class LsmStatsTest {
  private static final KeyspaceOptions OPTIONS =
      KeyspaceOptions.of(EngineKind.LSM)
          .withMemtable(ByteSize.ofMebibytes(4))
          .withCompression(BlockCompression.NONE);
  private static final int VALUE_BYTES = 100;
  private static final int KEY_BYTES = 8;

  @TempDir private Path directory;

  private Store open(long mebibytes) {
    return Varve.open(
        directory,
        StoreOptions.defaults()
            .withMemory(ByteSize.ofMebibytes(mebibytes))
            .withSegment(ByteSize.ofMebibytes(4))
            .withDurability(Durability.NONE));
  }

  private static byte[] key(int i) {
    return String.format(Locale.ROOT, "%08d", i).getBytes(StandardCharsets.US_ASCII);
  }

  private static LsmStats stats(Keyspace keyspace) {
    LsmStats lsm = keyspace.stats().lsm();
    if (lsm == null) {
      throw new AssertionError(keyspace.stats());
    }
    return lsm;
  }

  /** Writes every second of `count` keys, so that those between are absent. */
  private static void fill(Keyspace keyspace, int count, int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    byte[] value = new byte[VALUE_BYTES];
    for (int i = 0; i < count; i++) {
      random.nextBytes(value);
      keyspace.put(key(2 * i), value);
    }
  }

  @Test
  void other_engines_have_none() {
    try (Store store = open(16)) {
      Keyspace resident = store.keyspace("r", KeyspaceOptions.of(EngineKind.RBTREE));
      assertNull(resident.stats().lsm());
    }
  }

  @Test
  void levels_memtables_flushes_and_reads_are_counted() {
    try (Store store = open(64)) {
      Keyspace keyspace = store.keyspace("all", OPTIONS);
      fill(keyspace, 10_000, 1);
      LsmStats before = stats(keyspace);
      assertTrue(before.memtables().activeBytes() > 1_000_000, before::toString);
      assertEquals(4 << 20, before.memtables().bytesMax());
      assertEquals(10_000L * (KEY_BYTES + VALUE_BYTES), before.writtenBytes());
      assertEquals(0, before.flushes().count());
      assertEquals(0, before.levels().getFirst().files());
      assertEquals(0, before.spaceAmplification());
      keyspace.get(key(0));
      assertEquals(new LsmStats.Reads(1, 0, 0, 0, 0), stats(keyspace).reads(), "a memtable's");

      store.flush();
      LsmStats after = stats(keyspace);
      assertEquals(1, after.flushes().count());
      assertEquals(1, after.levels().getFirst().files());
      assertEquals(10_000, after.levels().getFirst().entries());
      assertEquals(after.flushes().bytes(), after.levels().getFirst().bytes());
      assertEquals(1.0, after.spaceAmplification());
      assertEquals(0, after.compactionAmplification());
      // Uncompressed, a file is a little smaller or larger than its keys and values.
      assertEquals(1.0, after.flushAmplification(), 0.1);
      assertTrue(store.stats().logAmplification() > 1.0);
      assertTrue(after.memtables().activeBytes() < 100_000, after::toString);
      checkReads(keyspace);
      long hits = store.stats().cache().hits();
      keyspace.get(key(0));
      keyspace.get(key(0));
      assertTrue(store.stats().cache().hits() > hits);
      assertTrue(store.stats().cache().hitRate() > 0);
    }
  }

  private static void checkReads(Keyspace keyspace) {
    LsmStats.Reads start = stats(keyspace).reads();
    for (int i = 0; i < 1000; i++) {
      assertTrue(keyspace.get(key(2 * i)) != null);
    }
    LsmStats.Reads present = stats(keyspace).reads();
    assertEquals(start.gets() + 1000, present.gets());
    assertEquals(start.files() + 1000, present.files());
    assertEquals(start.blocks() + 1000, present.blocks());
    assertEquals(0, present.filterUseful() + present.filterFalsePositives());
    for (int i = 0; i < 1000; i++) {
      assertNull(keyspace.get(key(2 * i + 1)));
    }
    LsmStats.Reads absent = stats(keyspace).reads();
    assertEquals(present.files() + 1000, absent.files());
    assertEquals(1000, absent.filterUseful() + absent.filterFalsePositives());
    assertTrue(absent.filterFalsePositives() < 100, absent::toString);
    assertTrue(absent.blocks() - present.blocks() >= absent.filterFalsePositives());
  }

  @Test
  void compactions_add_up_at_every_look_and_amplification_is_what_was_written() throws Exception {
    try (Store store = open(16)) {
      Keyspace keyspace = store.keyspace("all", OPTIONS.withMemtable(ByteSize.ofKibibytes(128)));
      CountDownLatch done = new CountDownLatch(1);
      AtomicReference<Throwable> wrong = new AtomicReference<>();
      Thread watcher =
          new Thread(
              () -> {
                try {
                  while (done.getCount() > 0) {
                    checkSums(stats(keyspace));
                  }
                } catch (Throwable e) {
                  wrong.set(e);
                }
              },
              "watcher");
      watcher.start();
      for (int round = 0; round < 3; round++) {
        fill(keyspace, 20_000, round);
      }
      done.countDown();
      watcher.join();
      assertNull(wrong.get(), () -> wrong.get().toString());
      store.flush();
      LsmStats end = stats(keyspace);
      checkSums(end);
      assertTrue(end.compactions().succeeded() > end.compactions().moves(), end::toString);
      assertTrue(end.compactionAmplification() > 0.5, end::toString);
      assertTrue(end.flushAmplification() > 0.9, end::toString);
      assertNull(end.compactions().lastFailure());
      assertNull(end.flushes().lastFailure());
      assertTrue(end.spaceAmplification() >= 1, end::toString);
    }
  }

  private static void checkSums(LsmStats stats) {
    LsmStats.Compactions c = stats.compactions();
    assertEquals(
        c.submitted(), c.succeeded() + c.failed() + c.cancelled() + c.coalesced() + c.running());
    assertTrue(c.moves() <= c.succeeded());
  }

  @Test
  void more_bits_let_fewer_absent_keys_pass_and_none_lets_all() {
    try (Store store = open(64)) {
      long[] passed = new long[3];
      int[] bits = {0, 4, 12};
      for (int n = 0; n < bits.length; n++) {
        Keyspace keyspace = store.keyspace("bits" + n, OPTIONS.withFilterBits(bits[n]));
        fill(keyspace, 5_000, 1);
        store.flush();
        for (int i = 0; i < 4_000; i++) {
          assertNull(keyspace.get(key(2 * i + 1)));
        }
        passed[n] = stats(keyspace).reads().blocks();
      }
      assertTrue(passed[0] >= 4_000, passed[0] + " without a filter");
      assertTrue(passed[1] < 1_200 && passed[1] > 200, passed[1] + " with 4 bits");
      assertTrue(passed[2] < 100, passed[2] + " with 12 bits");
    }
  }

  @Test
  void larger_blocks_make_smaller_files_and_a_smaller_index() {
    try (Store store = open(64)) {
      Keyspace small = store.keyspace("small", OPTIONS.withBlock(ByteSize.ofKibibytes(1)));
      Keyspace large = store.keyspace("large", OPTIONS.withBlock(ByteSize.ofKibibytes(64)));
      fill(small, 10_000, 1);
      fill(large, 10_000, 1);
      store.flush();
      assertTrue(small.stats().fileBytes() > large.stats().fileBytes());
      assertTrue(small.stats().memoryBytes() > large.stats().memoryBytes() + 10_000);
    }
  }

  @Test
  void so_many_files_gather_at_level_zero_as_the_option_says() {
    try (Store store = open(64)) {
      for (int trigger : List.of(2, 6)) {
        Keyspace keyspace = store.keyspace("k" + trigger, OPTIONS.withLevelZeroFiles(trigger));
        for (int files = 1; files < trigger; files++) {
          fill(keyspace, 100, files);
          store.flush();
          assertEquals(files, stats(keyspace).levels().getFirst().files());
        }
        assertEquals(0, stats(keyspace).compactions().submitted());
        fill(keyspace, 100, trigger);
        store.flush();
        assertEquals(1, stats(keyspace).compactions().submitted());
      }
    }
  }

  @ParameterizedTest
  @EnumSource(KeyspaceOptions.Preset.class)
  void a_preset_is_kept_by_its_keyspace(KeyspaceOptions.Preset preset) {
    KeyspaceOptions options = KeyspaceOptions.preset(preset);
    assertFalse(options.equals(KeyspaceOptions.of(EngineKind.LSM)));
    assertEquals(options, KeyspaceOptions.parse(options.toText()));
    String name = preset.name().toLowerCase(Locale.ROOT).replace('_', '-');
    assertTrue(KeyspaceOptions.presetNames().contains(name), name);
    assertEquals(preset, KeyspaceOptions.presetOf(name));
    try (Store store = open(256)) {
      Keyspace made = store.keyspace("k", options);
      store.write(new WriteBatch().put(made, key(1), key(2)));
    }
    try (Store store = open(256)) {
      Keyspace again = store.keyspace("k");
      assertEquals(options, again.options());
      ByteSize memtable = options.lsm().memtable();
      assertEquals(
          memtable == null ? 32 << 20 : memtable.bytes(), stats(again).memtables().bytesMax());
    }
  }

  @Test
  void a_memtable_has_at_most_a_quarter_of_the_memory() {
    try (Store store = open(8)) {
      Keyspace keyspace =
          store.keyspace("k", KeyspaceOptions.preset(KeyspaceOptions.Preset.WRITE_OPTIMIZED));
      assertEquals(2 << 20, stats(keyspace).memtables().bytesMax());
    }
  }
}
