package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.StoreGuard;
import dev.varve.base.InlineBackground;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.BlockCompression;
import dev.varve.kv.BtreeOptions.WarmUp;
import dev.varve.kv.BtreeStats;
import dev.varve.kv.ByteSize;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.KeyRange;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import dev.varve.kv.UsageException;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// Each option of a B+Tree has its effect, and no more memory and files are used than it has.
@ExtendWith(StoreGuard.class)
final class BtreeOptionsTest {
  private static final KeyspaceOptions BTREE = KeyspaceOptions.of(EngineKind.BTREE);
  private static final int KEYS = 3000;

  private final MemoryFileSystem fs = MemoryFileSystem.withoutCrashes();

  private Store open(int mebibytes) {
    return StoreFixture.openInline(
        fs,
        StoreOptions.defaults()
            .withMemory(ByteSize.ofMebibytes(mebibytes))
            .withDurability(Durability.NONE)
            .withSegment(ByteSize.ofMebibytes(1)),
        new InlineBackground());
  }

  private static byte[] key(int i) {
    return String.format(Locale.ROOT, "%08d", i).getBytes(StandardCharsets.UTF_8);
  }

  /** Bytes of text, so that they can be compressed. */
  private static byte[] value(int i, int length) {
    byte[] value = new byte[length];
    for (int at = 0; at < length; at++) {
      value[at] = (byte) ('a' + (i + at / 7) % 23);
    }
    return value;
  }

  private static void fill(Keyspace keyspace, int length) {
    for (int i = 0; i < KEYS; i++) {
      keyspace.put(key(i * 7919 % KEYS), value(i * 7919 % KEYS, length));
    }
  }

  private static BtreeStats figures(Keyspace keyspace) {
    BtreeStats figures = keyspace.stats().btree();
    assertNotNull(figures);
    return figures;
  }

  @Test
  void order_is_how_many_entries_a_leaf_has_at_most() {
    try (Store store = open(32)) {
      long before = Long.MAX_VALUE;
      for (int order : new int[] {3, 16, 64, 200}) {
        Keyspace keyspace = store.keyspace("k" + order, BTREE.withOrder(order));
        fill(keyspace, 30);
        BtreeStats.Tree tree = figures(keyspace).tree();
        assertEquals(order, tree.order());
        assertTrue(tree.leaves() >= KEYS / order, "" + tree);
        assertTrue(tree.leaves() < before, "" + tree);
        before = tree.leaves();
      }
    }
  }

  @Test
  void adaptive_order_follows_how_full_leaves_are_and_a_fixed_one_does_not() {
    try (Store store = open(32)) {
      for (boolean adaptive : new boolean[] {true, false}) {
        KeyspaceOptions options =
            BTREE.withBtree(BTREE.btree().withOrder(16).withAdaptiveOrder(adaptive));
        Keyspace keyspace = store.keyspace("k" + adaptive, options);
        // In order: leaves are left full.
        for (int i = 0; i < 25_000; i++) {
          keyspace.put(key(i), value(i, 5));
        }
        int grown = figures(keyspace).tree().order();
        assertEquals(adaptive, grown > 16, "order " + grown);
      }
    }
  }

  @Test
  void fill_is_how_much_of_the_file_is_in_use() {
    try (Store store = open(32)) {
      long[] moved = new long[2];
      double[] fill = new double[2];
      for (int i = 0; i < 2; i++) {
        KeyspaceOptions options =
            BTREE
                .withCompression(BlockCompression.NONE)
                .withBlobThreshold(ByteSize.ofBytes(256))
                .withBtree(BTREE.btree().withFill(i == 0 ? 50 : 95));
        Keyspace keyspace = store.keyspace("k" + i, options);
        SplittableRandom random = new SplittableRandom(5);
        fill(keyspace, 3000);
        store.flush();
        // Every other entry is deleted, each in a slot of its own.
        for (int at = 0; at < KEYS; at += 2) {
          keyspace.delete(key(at));
        }
        for (int round = 0; round < 20; round++) {
          keyspace.put(key(random.nextInt(KEYS)), value(round, 3000));
          store.flush();
        }
        moved[i] = figures(keyspace).heap().objectsMoved();
        fill[i] = figures(keyspace).heap().fill();
      }
      assertTrue(moved[1] > moved[0], moved[0] + " moved, then " + moved[1]);
      assertTrue(fill[1] > fill[0], "filled " + fill[0] + ", then " + fill[1]);
    }
  }

  @Test
  void warm_up_brings_in_nothing_what_is_recent_or_all() {
    Map<WarmUp, Long> loaded = new EnumMap<>(WarmUp.class);
    for (WarmUp kind : WarmUp.values()) {
      try (Store store = open(32)) {
        fill(store.keyspace("k" + kind, BTREE.withWarmUp(kind)), 2000);
        store.flush();
      }
      try (Store store = open(8)) {
        Keyspace keyspace = store.keyspace("k" + kind);
        BtreeStats.Cache cache = figures(keyspace).cache();
        loaded.put(kind, cache.leaves());
        assertTrue(store.stats().memoryBytes() <= 8 << 20, "" + store.stats());
        assertArrayEquals(value(5, 2000), keyspace.get(key(5)));
        store.dropKeyspace("k" + kind);
        store.flush();
      }
    }
    // Half of the memory, and nearly all of it.
    long recent = loaded.getOrDefault(WarmUp.RECENT, 0L);
    long all = loaded.getOrDefault(WarmUp.FULL, 0L);
    assertEquals(0, loaded.get(WarmUp.NONE));
    assertTrue(recent > 10, recent + " leaves");
    assertTrue(all > recent * 3 / 2, recent + " leaves, then " + all);
  }

  @Test
  void compression_makes_files_smaller_and_answers_stay_the_same() {
    try (Store store = open(32)) {
      Keyspace none = store.keyspace("none", BTREE.withCompression(BlockCompression.NONE));
      Keyspace lz4 = store.keyspace("lz4", BTREE.withCompression(BlockCompression.LZ4));
      for (Keyspace keyspace : new Keyspace[] {none, lz4}) {
        fill(keyspace, 300);
        keyspace.put(key(KEYS), value(1, 20_000));
        store.flush();
      }
      assertTrue(
          figures(lz4).heap().liveBytes() < figures(none).heap().liveBytes() / 2,
          figures(none).heap() + " and " + figures(lz4).heap());
      // Zstandard is another module's; without it nothing is taken.
      Throwable refused =
          assertThrows(
              UsageException.class,
              () -> store.keyspace("zstd", BTREE.withCompression(BlockCompression.ZSTD)));
      assertTrue(String.valueOf(refused.getMessage()).contains("varve-zstd"), "" + refused);
    }
    try (Store store = open(32)) {
      for (String name : new String[] {"none", "lz4"}) {
        Keyspace keyspace = store.keyspace(name);
        for (int i = 0; i < KEYS; i++) {
          assertArrayEquals(value(i, 300), keyspace.get(key(i)));
        }
        assertArrayEquals(value(1, 20_000), keyspace.get(key(KEYS)));
      }
    }
  }

  @Test
  void values_from_the_threshold_on_are_kept_apart() {
    try (Store store = open(32)) {
      Keyspace apart = store.keyspace("apart", BTREE.withBlobThreshold(ByteSize.ofBytes(300)));
      Keyspace within = store.keyspace("within", BTREE.withBlobThreshold(ByteSize.ofKibibytes(32)));
      for (Keyspace keyspace : new Keyspace[] {apart, within}) {
        for (int i = 0; i < 100; i++) {
          keyspace.put(key(i), value(i, i < 50 ? 299 : 300));
        }
      }
      store.flush();
      assertEquals(50, figures(apart).heap().values());
      assertEquals(0, figures(within).heap().values());
      assertArrayEquals(value(70, 300), apart.get(key(70)));
      apart.deleteRange(KeyRange.atLeast(key(60)));
      store.flush();
      store.flush();
      assertEquals(10, figures(apart).heap().values(), "values go with their entries");
    }
  }

  @Test
  void a_hundred_rounds_of_overwriting_everything_take_no_more_room_than_the_first_by_half() {
    try (Store store = open(16)) {
      Keyspace keyspace = store.keyspace("k", BTREE.withBlobThreshold(ByteSize.ofKibibytes(1)));
      SplittableRandom random = new SplittableRandom(3);
      long first = 0;
      for (int round = 0; round < 100; round++) {
        for (int i = 0; i < 400; i++) {
          byte[] value = new byte[i % 10 == 0 ? 1000 + random.nextInt(2000) : random.nextInt(400)];
          random.nextBytes(value);
          keyspace.put(key(i), value);
        }
        store.flush();
        if (round == 0) {
          first = keyspace.stats().fileBytes();
        }
      }
      long last = keyspace.stats().fileBytes();
      assertTrue(last <= first * 3 / 2, first + " bytes, then " + last);
    }
  }

  @Test
  void data_several_times_larger_than_memory_stays_within_it() {
    try (Store store = open(8)) {
      Keyspace keyspace = store.keyspace("k", BTREE);
      SplittableRandom random = new SplittableRandom(2);
      int keys = 34_500;
      long most = 0;
      for (int i = 0; i < keys; i++) {
        keyspace.put(key(i * 7919 % keys), value(i * 7919 % keys, 1000));
        if (i % 40 == 0) {
          byte[] found = keyspace.get(key(random.nextInt(keys)));
          assertTrue(found == null || found.length == 1000);
          most = Math.max(most, store.stats().memoryBytes());
        }
      }
      long payload = keyspace.stats().keyBytes() + keyspace.stats().valueBytes();
      assertTrue(payload > 4L * (8 << 20), payload + " bytes");
      assertTrue(most <= (8 << 20) * 11L / 10, most + " bytes of memory");
      assertTrue(figures(keyspace).cache().evictions() > 1000, "" + figures(keyspace).cache());
      for (int i = 0; i < keys; i += 97) {
        assertArrayEquals(value(i, 1000), keyspace.get(key(i)));
      }
      assertEquals(keys, keyspace.count());
    }
  }
}
