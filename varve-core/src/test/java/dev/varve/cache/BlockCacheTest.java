package dev.varve.cache;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.Bytes;
import dev.varve.kv.CacheStats;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

final class BlockCacheTest {
  private static final long MIB = 1 << 20;

  private static byte[] block(long file, long offset, int size) {
    byte[] block = new byte[size];
    Bytes.putLong(block, 0, file);
    Bytes.putLong(block, 8, offset);
    return block;
  }

  @Test
  void a_block_is_found_until_it_is_removed() {
    MemoryBudget budget = new MemoryBudget(16 * MIB);
    try (BlockCache cache = new BlockCache(budget, 4 * MIB)) {
      long file = cache.newFile();
      assertTrue(file != cache.newFile());
      assertNull(cache.get(file, 64));
      byte[] block = block(file, 64, 4096);
      cache.put(file, 64, block);
      assertSame(block, cache.get(file, 64));
      cache.put(file, 64, block(file, 64, 4096));
      assertSame(block, cache.get(file, 64), "the first one stays");
      assertNull(cache.get(file, 65));
      assertNull(cache.get(file + 1, 64));
      cache.removeAll(file + 1);
      assertSame(block, cache.get(file, 64));
      cache.removeAll(file);
      assertNull(cache.get(file, 64));
      CacheStats stats = cache.stats();
      assertEquals(new CacheStats(3, 4, 1, 0, 0, cache.bytes()), stats);
      assertEquals(3.0 / 7, stats.hitRate());
    }
    assertEquals(0, budget.used());
  }

  /// Against a map: what is found is what was put, and the bytes are those of what can be found.
  @Test
  void its_bytes_are_those_of_its_blocks() {
    for (long seed = 0; seed < 30; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      MemoryBudget budget = new MemoryBudget(3 * MIB);
      BlockCache cache = new BlockCache(budget, random.nextLong(MIB / 4, 4 * MIB));
      Map<List<Long>, byte[]> put = new HashMap<>();
      for (int i = 0; i < 8000; i++) {
        long file = random.nextInt(6);
        long offset = random.nextInt(400);
        byte[] found = cache.get(file, offset);
        if (found != null) {
          assertSame(put.get(List.of(file, offset)), found, "seed " + seed);
        } else {
          byte[] block = block(file, offset, random.nextInt(16, 8000));
          cache.put(file, offset, block);
          put.put(List.of(file, offset), block);
        }
        if (random.nextInt(1000) == 0) {
          cache.removeAll(file);
        }
        if (random.nextInt(1000) == 0) {
          long before = cache.bytes();
          long freed = cache.reclaim(random.nextInt(200_000));
          assertEquals(before - freed, cache.bytes());
        }
        assertEquals(cache.bytes(), budget.used());
      }
      long held = 0;
      long blocks = 0;
      for (var entry : put.entrySet()) {
        if (cache.get(entry.getKey().get(0), entry.getKey().get(1)) == entry.getValue()) {
          held += BlockCacheShard.sizeOf(entry.getValue());
          blocks++;
        }
      }
      CacheStats stats = cache.stats();
      assertEquals(blocks, stats.blocks(), "seed " + seed);
      assertTrue(stats.evictions() > 0 && stats.insertions() > stats.blocks());
      long freed = cache.reclaim(Long.MAX_VALUE / 2);
      assertEquals(held, freed, "seed " + seed);
      assertEquals(0, cache.stats().blocks());
      cache.close();
      assertEquals(0, budget.used(), "seed " + seed);
    }
  }

  @Test
  void it_keeps_to_its_own_limit_and_takes_no_block_that_is_too_large() {
    MemoryBudget budget = new MemoryBudget(64 * MIB);
    try (BlockCache cache = new BlockCache(budget, 2 * MIB)) {
      cache.put(1, 0, new byte[(int) MIB]);
      assertNull(cache.get(1, 0));
      for (int i = 0; i < 5000; i++) {
        cache.put(1, i, new byte[4096]);
        assertTrue(cache.bytes() <= 2 * MIB + MIB / 8, () -> cache.bytes() + " bytes");
      }
      assertTrue(cache.bytes() > MIB, () -> cache.bytes() + " bytes");
    }
  }

  @Test
  void it_gives_back_what_others_need() {
    MemoryBudget budget = new MemoryBudget(8 * MIB);
    try (BlockCache cache = new BlockCache(budget, 8 * MIB)) {
      for (int i = 0; i < 4000; i++) {
        cache.put(1, i, new byte[4096]);
      }
      assertTrue(budget.used() <= 8 * MIB && budget.used() > 7 * MIB, "it takes what is free");
      assertTrue(budget.fits(5 * MIB), "it makes room when asked");
      budget.use(5 * MIB);
      assertTrue(budget.used() <= 8 * MIB);
      budget.use(2 * MIB);
      assertTrue(budget.used() <= 8 * MIB, "it makes room where nobody asked first");
      for (int i = 0; i < 4000; i++) {
        cache.put(2, i, new byte[4096]);
      }
      assertTrue(budget.used() <= 8 * MIB + MIB / 8, "it does not grow where others are");
      assertFalse(budget.fits(2 * MIB), "what others use is not its to give");
      budget.use(-7 * MIB);
      for (int i = 0; i < 4000; i++) {
        cache.put(3, i, new byte[4096]);
      }
      assertTrue(cache.bytes() > 7 * MIB, "it grows again");
    }
    assertEquals(0, budget.used());
    assertFalse(budget.fits(9 * MIB));
  }

  /// Blocks that are asked for again and again stay while a scan of ten times the cache's size
  /// passes; a queue by last use would lose them all.
  @Test
  void a_scan_does_not_drive_out_what_is_in_use() {
    MemoryBudget budget = new MemoryBudget(64 * MIB);
    try (BlockCache cache = new BlockCache(budget, 8 * MIB)) {
      int hot = 600;
      for (int round = 0; round < 4; round++) {
        for (int i = 0; i < hot; i++) {
          if (cache.get(1, i) == null) {
            cache.put(1, i, new byte[4096]);
          }
        }
      }
      for (int i = 0; i < 20_000; i++) {
        if (cache.get(2, i) == null) {
          cache.put(2, i, new byte[4096]);
        }
      }
      int kept = 0;
      for (int i = 0; i < hot; i++) {
        kept += cache.get(1, i) != null ? 1 : 0;
      }
      assertTrue(kept > hot * 9 / 10, kept + " of " + hot);
    }
  }

  @Test
  void what_is_asked_for_all_the_time_outlives_what_was_once_in_demand() {
    MemoryBudget budget = new MemoryBudget(64 * MIB);
    try (BlockCache cache = new BlockCache(budget, MIB)) {
      int hot = 20;
      int missed = 0;
      for (int i = 0; i < 3000; i++) {
        for (int use = 0; use < 4; use++) {
          int offset = (i * 4 + use) % hot;
          if (cache.get(1, offset) == null) {
            missed++;
            cache.put(1, offset, new byte[4096]);
          }
        }
        cache.put(2, i, new byte[4096]);
        for (int use = 0; use < 3; use++) {
          byte[] _ = cache.get(2, i);
        }
      }
      // Each of them once to begin with, and once when the cache is first full of blocks in use.
      assertTrue(missed <= 3 * hot, missed + " times");
    }
  }

  @Test
  void a_block_that_comes_back_soon_stays_longer() {
    MemoryBudget budget = new MemoryBudget(64 * MIB);
    try (BlockCache cache = new BlockCache(budget, MIB)) {
      cache.put(1, 0, new byte[4096]);
      int scanned = 0;
      for (; scanned < 400; scanned++) {
        cache.put(2, scanned, new byte[4096]);
      }
      assertNull(cache.get(1, 0), "it was not asked for");
      cache.put(1, 0, new byte[4096]);
      for (int i = 0; i < 1000; i++) {
        cache.put(2, scanned + i, new byte[4096]);
      }
      assertNotNull(cache.get(1, 0), "it was known as a ghost");
    }
  }

  @Test
  void threads_find_what_others_put_and_nothing_else() throws InterruptedException {
    MemoryBudget budget = new MemoryBudget(2 * MIB);
    BlockCache cache = new BlockCache(budget, 2 * MIB);
    AtomicReference<Throwable> failure = new AtomicReference<>();
    List<Thread> threads = new ArrayList<>();
    for (int t = 0; t < 4; t++) {
      int seed = t;
      threads.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      work(cache, budget, new SplittableRandom(seed));
                    } catch (Throwable e) {
                      failure.compareAndSet(null, e);
                    }
                  }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    if (failure.get() != null) {
      throw new AssertionError(failure.get());
    }
    assertEquals(cache.bytes(), budget.used());
    cache.close();
    cache.close();
    assertEquals(0, budget.used());
    cache.put(1, 1, new byte[100]);
    assertNull(cache.get(1, 1), "a closed cache holds nothing");
    assertEquals(0, budget.used());
  }

  private static void work(BlockCache cache, MemoryBudget budget, SplittableRandom random) {
    for (int i = 0; i < 150_000; i++) {
      long file = random.nextInt(4);
      long offset = Math.min(random.nextInt(2000), random.nextInt(2000));
      byte[] found = cache.get(file, offset);
      if (found == null) {
        cache.put(file, offset, block(file, offset, 16 + random.nextInt(3000)));
      } else {
        byte[] expected = block(file, offset, 16);
        assertArrayEquals(expected, java.util.Arrays.copyOf(found, 16));
      }
      if (random.nextInt(3000) == 0) {
        cache.removeAll(file);
      }
      if (random.nextInt(3000) == 0) {
        budget.use(MIB);
        budget.use(-MIB);
      }
    }
  }
}
