package dev.varve.engine.btree;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.Bytes;
import dev.varve.base.Clock;
import dev.varve.cache.MemoryBudget;
import dev.varve.engine.Engine;
import dev.varve.engine.EngineFixture;
import dev.varve.engine.btree.PageCodec.MalformedPage;
import dev.varve.engine.btree.PageCodec.Page;
import dev.varve.engine.btree.heap.StoredObject;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.BtreeStats;
import dev.varve.kv.ProgressListener;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// The defects of the trees that this one learnt from, as far as they show without a store: each
/// named as it was found there. `SeedBtreeStoreDefectsTest` has those that need one,
/// `SeedHeapDefectsTest` those of the heap.
final class SeedBtreeDefectsTest {
  private static final int ENTRIES = 2000;

  private final MemoryFileSystem fs = new MemoryFileSystem();
  private final MemoryBudget budget = new MemoryBudget(1L << 40);

  private static byte[] key(int i) {
    byte[] key = new byte[8];
    Bytes.putInt(key, 4, Integer.reverseBytes(i));
    return key;
  }

  private static byte[] value(int i, int length) {
    byte[] value = new byte[length];
    Arrays.fill(value, (byte) i);
    return value;
  }

  private static void fill(EngineFixture f, int version) {
    for (int i = 0; i < ENTRIES; i++) {
      f.put(key(i), value(i + version, 30));
      if (i % 10 == 9) {
        long _ = f.commit();
      }
    }
  }

  private static void flush(EngineFixture f) throws IOException {
    long pin = f.pin();
    byte[] _ = f.engine.flush(pin, ProgressListener.NONE);
    f.unpin(pin);
  }

  private static BtreeStats figures(EngineFixture f) {
    return ((BtreeEngine) f.engine).figures();
  }

  /** Has everything leave memory that can. */
  private void evict() {
    boolean _ = budget.fits(budget.bytesMax() - 1);
  }

  /** Has others use all memory but so much, once everything has left that can. */
  private void leaveRoom(long bytes) {
    evict();
    budget.use(budget.bytesMax() - budget.used() - bytes);
  }

  private static void requireAll(EngineFixture f, int version) {
    for (int i = 0; i < ENTRIES; i++) {
      assertArrayEquals(value(i + version, 30), f.engine.get(key(i), Engine.LATEST), "" + i);
    }
  }

  /// A1: after a flush nothing was evicted, ever, since the leaf had forgotten which epoch it was
  /// written for.
  @Test
  void a1_what_a_flush_has_written_can_leave_memory_and_what_it_has_not_stays() throws IOException {
    EngineFixture f = BtreeFixture.engine(16, fs, budget);
    fill(f, 0);
    evict();
    // What was not asked for was asked to go: it was flushed for that, in the background.
    long before = figures(f).cache().leaves();
    long leaves = figures(f).tree().leaves();
    assertEquals(leaves, before, "all of them are dirty");
    flush(f);
    evict();
    assertEquals(0, figures(f).cache().leaves(), leaves + " leaves were written");
    assertEquals(leaves, figures(f).cache().evictions());
    requireAll(f, 0);
    f.engine.close();
  }

  /// A2: a leaf that was dirty once could never be paged out again, so that memory grew with what
  /// was written.
  @Test
  void a2_a_leaf_that_was_dirty_can_be_evicted_after_each_flush_however_often() throws IOException {
    EngineFixture f = BtreeFixture.engine(16, fs, budget);
    for (int round = 1; round <= 5; round++) {
      fill(f, round);
      flush(f);
      evict();
      BtreeStats.Cache cache = figures(f).cache();
      assertEquals(0, cache.leaves(), "round " + round);
      assertEquals(0, cache.bytes(), "round " + round);
      assertEquals(0, cache.dirtyBytes(), "round " + round);
    }
    requireAll(f, 5);
    f.engine.close();
  }

  /// A3: who evicted a leaf took it for granted that its entries were there, and died when another
  /// had been faster.
  @Test
  void a3_a_leaf_whose_entries_are_gone_already_is_passed_over() throws IOException {
    MemoryBudget own = new MemoryBudget(1L << 40);
    LeafCache cache = new LeafCache(own, () -> {}, (leaf, entries) -> {});
    List<Leaf> leaves = cached(cache, 3);
    long each = own.used() / 3;
    Leaf first = leaves.getFirst();
    synchronized (first) {
      cache.useApart(-cache.dropCovered(first));
    }
    assertEquals(2 * each, cache.reclaim(1L << 30));
    assertEquals(0, cache.resident());
    assertEquals(0, own.used());
  }

  /// A3, at work.
  @Test
  void a3_reads_evictions_and_flushes_at_once_harm_nobody() throws Exception {
    EngineFixture f = BtreeFixture.engine(8, fs, budget);
    fill(f, 0);
    flush(f);
    AtomicBoolean stop = new AtomicBoolean();
    AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    List<Thread> threads = new ArrayList<>();
    threads.add(start(stop, failure, this::evict));
    threads.add(start(stop, failure, this::evict));
    SplittableRandom random = new SplittableRandom(3);
    threads.add(
        start(
            stop,
            failure,
            () -> assertNotNull(f.engine.get(key(random.nextInt(ENTRIES)), Engine.LATEST))));
    SplittableRandom keys = new SplittableRandom(4);
    long end = System.nanoTime() + Duration.ofMillis(700).toNanos();
    while (System.nanoTime() < end && !stop.get()) {
      f.put(key(keys.nextInt(ENTRIES)), value(1, 20)).commit();
      if (keys.nextInt(50) == 0) {
        flush(f);
      }
    }
    stop.set(true);
    for (Thread thread : threads) {
      assertTrue(thread.join(Duration.ofSeconds(30)), "it hangs");
    }
    if (failure.get() != null) {
      throw new AssertionError(failure.get());
    }
    assertEquals(List.of(), f.engine.validate());
    BtreeStats.Cache cache = figures(f).cache();
    assertTrue(cache.evictions() > 1000 && cache.misses() > 1000, "" + cache);
    flush(f);
    evict();
    assertEquals(0, figures(f).cache().bytes());
    f.engine.close();
    assertEquals(0, budget.used());
  }

  private static Thread start(
      AtomicBoolean stop, AtomicReference<@Nullable Throwable> failure, Runnable work) {
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

  /// A6: a second cache was promised a quarter of the memory on top, and nothing was ever put into
  /// it.
  @Test
  void a6_the_cache_is_filled_by_reading_and_has_no_memory_on_top() throws IOException {
    EngineFixture f = BtreeFixture.engine(64, fs, budget);
    fill(f, 0);
    flush(f);
    leaveRoom(60_000);
    for (int round = 0; round < 3; round++) {
      for (int i = 0; i < ENTRIES; i++) {
        assertNotNull(f.engine.get(key(i), Engine.LATEST));
        assertTrue(budget.used() <= budget.bytesMax(), budget.used() + " bytes");
      }
    }
    BtreeStats.Cache cache = figures(f).cache();
    assertTrue(cache.misses() >= figures(f).tree().leaves() / 2, "" + cache);
    assertTrue(cache.hitRate() > 0.9, "each leaf has many keys: " + cache);
    f.engine.close();
  }

  /// A7: what was put a second time was removed; what was compressed came back compressed; nothing
  /// that was asked for often outlived a scan.
  @Test
  void a7_what_is_asked_for_often_outlives_a_scan_and_what_is_replaced_is_found() throws Exception {
    EngineFixture f = BtreeFixture.engine(32, fs, budget);
    fill(f, 0);
    fill(f, 1);
    flush(f);
    leaveRoom(60_000);
    int hot = 100;
    for (int round = 0; round < 6; round++) {
      for (int i = 0; i < hot; i++) {
        assertArrayEquals(value(i + 1, 30), f.engine.get(key(i), Engine.LATEST));
      }
    }
    assertEquals(ENTRIES, BtreeFixture.contents(f.engine, Engine.LATEST).size());
    BtreeStats.Cache before = figures(f).cache();
    assertTrue(before.evictions() > 50, "the scan had leaves evicted: " + before);
    for (int i = 0; i < hot; i++) {
      assertArrayEquals(value(i + 1, 30), f.engine.get(key(i), Engine.LATEST));
    }
    long missed = figures(f).cache().misses() - before.misses();
    assertTrue(missed <= 2, missed + " leaves of those that are asked for often had gone");
    f.engine.close();
  }

  /// A8: the time to the next flush came from figures that nobody kept, and looking at them more
  /// often than once a second began the count anew.
  @Test
  void a8_flushes_come_the_sooner_the_more_is_written_within_bounds() {
    long second = 1_000_000_000;
    long idle = FlushPace.nanos(0, 0, second, 64 << 20, 32 << 20);
    long slow = FlushPace.nanos(8 << 20, 4 << 20, second, 64 << 20, 32 << 20);
    long middle = FlushPace.nanos(100 << 20, 4 << 20, second, 64 << 20, 32 << 20);
    long fast = FlushPace.nanos(2L << 30, 64 << 20, second, 64 << 20, 32 << 20);
    assertEquals(2 * second, idle);
    assertEquals(2 * second, slow);
    assertEquals(second * 32 / 100, middle);
    assertEquals(50_000_000, fast);
    // The rate counts, and not how often somebody looks.
    for (long elapsed = 1; elapsed <= 50; elapsed++) {
      long written = (100 << 20) / 50 * elapsed;
      long due = FlushPace.nanos(written, 0, second * elapsed / 50, 64 << 20, 32 << 20);
      assertTrue(Math.abs(middle - due) <= middle / 100, due + " of " + middle);
    }
  }

  /// A9: the first byte in which two keys differ was found wrongly, and a leaf that was written in
  /// part came back empty.
  @Test
  void a9_keys_that_differ_in_any_byte_keep_their_order_in_memory_and_on_the_device()
      throws IOException {
    EngineFixture f = BtreeFixture.engine(16, fs, budget);
    NavigableMap<byte[], byte[]> model = BtreeFixture.model();
    for (int length : new int[] {1, 7, 8, 9, 15, 16, 17, 31, 33, 64, 65, 100}) {
      for (int at = 0; at < length; at++) {
        for (int other : new int[] {0x00, 0x01, 0x7F, 0x80, 0xFF}) {
          byte[] key = new byte[length];
          Arrays.fill(key, (byte) 0x7F);
          key[at] = (byte) other;
          byte[] value = {(byte) length, (byte) at, (byte) other};
          f.put(key, value).commit();
          model.put(key, value);
        }
      }
      // A part of the leaves changes in each epoch, and each leaf is read back.
      flush(f);
      evict();
      NavigableMap<byte[], byte[]> found = BtreeFixture.contents(f.engine, Engine.LATEST);
      assertEquals(model.size(), found.size(), "length " + length);
      model.forEach((key, value) -> assertArrayEquals(value, found.get(key)));
      model.forEach((key, value) -> assertArrayEquals(value, f.engine.get(key, Engine.LATEST)));
    }
    assertEquals(List.of(), f.engine.validate());
    f.engine.close();
  }

  /// A9, of a leaf by itself: whatever it holds, its page has all of it.
  @Test
  void a9_a_page_has_every_entry_of_its_leaf() throws MalformedPage {
    PageCodec codec = new PageCodec(1);
    for (int count = 0; count <= 200; count++) {
      LeafBuilder builder = new LeafBuilder(key(0), Math.max(1, count), 64 * (count + 1));
      LeafEntries entries = builder.build();
      for (int i = 0; i < count; i++) {
        byte[] key = Arrays.copyOf(key(0), 12);
        Bytes.putInt(key, 8, Integer.reverseBytes(i));
        byte[] value = value(i, i % 40);
        int record = entries.append(i + 1, 0, concat(key, value), 8, 4, 12, value.length);
        entries.insert(i, key, 0, 12, record);
      }
      Page page = codec.encode(entries, Leaf.NO_COVERS, Retention.NEWEST, count + 1);
      assertEquals(count, page.keys());
      LeafEntries read =
          PageCodec.decode(Arrays.copyOf(page.bytes(), page.length()), (n, l) -> null);
      assertEquals(count, read.count());
      int[] sorted = read.sorted();
      for (int i = 0; i < count; i++) {
        assertEquals(i, Integer.reverseBytes(Bytes.getInt(read.key(sorted[i]), 8)));
        assertEquals(i % 40, LeafRecord.valueLength(read.records(), sorted[i]));
      }
    }
  }

  private static byte[] concat(byte[] a, byte[] b) {
    byte[] both = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, both, a.length, b.length);
    return both;
  }

  /// A13: what compare-and-set, removals and batches changed was not in the account of memory.
  @Test
  void a13_memory_is_accounted_as_it_is_whatever_changed_leaves() throws IOException {
    EngineFixture f = BtreeFixture.engine(8, fs, budget);
    SplittableRandom random = new SplittableRandom(13);
    for (int step = 0; step < 3000; step++) {
      byte[] key = key(random.nextInt(500));
      if (random.nextInt(3) == 0) {
        f.delete(key);
      } else {
        f.put(key, value(step, random.nextInt(random.nextInt(50) == 0 ? 5000 : 60)));
      }
      if (random.nextInt(4) == 0) {
        long _ = f.commit();
      }
      if (random.nextInt(300) == 0) {
        flush(f);
      }
    }
    long _ = f.commit();
    // A leaf that is accounted with other than what it takes is told.
    assertEquals(List.of(), f.engine.validate());
    flush(f);
    evict();
    assertEquals(0, figures(f).cache().bytes());
    f.engine.close();
    assertEquals(0, budget.used());
  }

  /// A16: of what was measured only the greatest and the sum were shown, and nothing to divide by.
  @Test
  void a16_figures_have_how_often_how_long_and_how_long_at_most() throws IOException {
    EngineFixture f = BtreeFixture.engine(16, fs, budget);
    for (int round = 0; round < 3; round++) {
      fill(f, round);
      flush(f);
    }
    evict();
    requireAll(f, 2);
    BtreeStats.Flushes flushes = figures(f).flushes();
    assertTrue(flushes.count() >= 3, "" + flushes);
    assertTrue(flushes.nanosMax() > 0 && flushes.nanosMax() <= flushes.nanos(), "" + flushes);
    assertTrue(flushes.nanos() <= flushes.nanosMax() * flushes.count(), "" + flushes);
    BtreeStats.Reads reads = figures(f).reads();
    assertEquals(figures(f).tree().leaves(), reads.count());
    assertTrue(reads.nanosMax() > 0 && reads.nanosMax() <= reads.nanos(), "" + reads);
    assertTrue(reads.nanos() <= reads.nanosMax() * reads.count(), "" + reads);
    f.engine.close();
  }

  /// A18: each access took the cache's lock, and what evicted itself stayed in the account.
  @Test
  void a18_a_hit_needs_no_lock_and_what_evicts_itself_leaves_the_account() throws Exception {
    MemoryBudget own = new MemoryBudget(1L << 40);
    CountDownLatch within = new CountDownLatch(1);
    CountDownLatch release = new CountDownLatch(1);
    LeafCache cache =
        new LeafCache(
            own,
            () -> {},
            (leaf, entries) -> {
              within.countDown();
              boolean _ = await(release);
            });
    List<Leaf> leaves = cached(cache, 3);
    Thread evicting = Thread.ofPlatform().daemon().start(() -> cache.reclaim(1L << 30));
    assertTrue(await(within));
    // Another makes room now, and holds the lock.
    Thread reading =
        Thread.ofPlatform()
            .daemon()
            .start(
                () -> {
                  for (Leaf leaf : leaves) {
                    LeafEntries entries = leaf.entries();
                    if (entries != null) {
                      cache.hit(entries);
                    }
                  }
                  assertEquals(0, cache.reclaim(1), "nobody waits for who makes room");
                });
    boolean read = reading.join(Duration.ofSeconds(10));
    release.countDown();
    assertTrue(read, "a hit waits");
    assertTrue(evicting.join(Duration.ofSeconds(10)));
    assertEquals(2, cache.stats(0).hits());
    assertEquals(0, cache.bytes());
    assertEquals(0, own.used());

    // There is not even room for one.
    MemoryBudget none = new MemoryBudget(1);
    EngineFixture f = BtreeFixture.engine(16, fs, none);
    fill(f, 0);
    flush(f);
    requireAll(f, 0);
    assertEquals(List.of(), f.engine.validate());
    f.engine.close();
    assertEquals(0, none.used());
  }

  private static boolean await(CountDownLatch latch) {
    try {
      return latch.await(10, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** Leaves that are on the device and in memory. */
  private static List<Leaf> cached(LeafCache cache, int count) throws IOException {
    List<Leaf> leaves = new ArrayList<>();
    List<byte[]> names = IntStream.range(0, count).mapToObj(SeedBtreeDefectsTest::key).toList();
    for (StoredObject stored : BtreeFixture.stored(names)) {
      Leaf leaf = new Leaf(stored);
      LeafEntries entries = new LeafBuilder(new byte[0], 8, 256).build();
      cache.found(leaf);
      leaf.setEntries(entries);
      cache.loaded(leaf, entries);
      leaves.add(leaf);
    }
    return leaves;
  }

  /// A19: the time of one phase was in that of another, too.
  @Test
  void a19_no_phase_of_a_flush_is_counted_twice() throws IOException {
    AtomicLong now = new AtomicLong();
    Clock clock =
        new Clock() {
          @Override
          public long nanos() {
            return now.get();
          }

          @Override
          public long wallMillis() {
            return 0;
          }
        };
    FlushPhases phases = new FlushPhases(clock);
    long begun = clock.nanos();
    now.addAndGet(1);
    long serialized = phases.serialized(begun);
    now.addAndGet(10);
    long defragmented = phases.defragmented(serialized);
    now.addAndGet(100);
    long committed = phases.committed(defragmented);
    now.addAndGet(1000);
    phases.published(committed);
    assertEquals(1, phases.serializeNanos());
    assertEquals(10, phases.defragmentNanos());
    assertEquals(100, phases.commitNanos());
    assertEquals(1000, phases.publishNanos());
    assertEquals(1111, phases.nanos());

    EngineFixture f = BtreeFixture.engine(16, fs, budget);
    for (int round = 0; round < 5; round++) {
      fill(f, round);
      flush(f);
    }
    BtreeStats.Flushes flushes = figures(f).flushes();
    assertEquals(
        flushes.nanos(),
        flushes.serialize().nanos()
            + flushes.defragment().nanos()
            + flushes.commit().nanos()
            + flushes.publish().nanos());
    assertTrue(flushes.serialize().nanos() > 0 && flushes.commit().nanos() > 0, "" + flushes);
    f.engine.close();
  }

  /// C11: the chain of a bucket and the order of use shared a link, so that an eviction took the
  /// whole bucket along, and nothing was ever found.
  @Test
  void c11_an_eviction_takes_one_leaf_and_the_others_are_found() throws IOException {
    MemoryBudget own = new MemoryBudget(1L << 40);
    LeafCache cache = new LeafCache(own, () -> {}, (leaf, entries) -> {});
    int count = 50;
    List<Leaf> leaves = cached(cache, count);
    long each = own.used() / count;
    for (int gone = 1; gone <= count; gone++) {
      assertEquals(each, cache.reclaim(1));
      assertEquals(count - gone, leaves.stream().filter(leaf -> leaf.entries() != null).count());
      assertEquals(count - gone, cache.resident());
      assertEquals((count - gone) * each, cache.bytes());
      assertEquals(gone, cache.stats(0).evictions());
    }
    assertEquals(0, cache.reclaim(1));
    // One that comes back is found, counted, and can go again.
    Leaf back = leaves.get(7);
    LeafEntries entries = new LeafBuilder(new byte[0], 8, 256).build();
    back.setEntries(entries);
    cache.loaded(back, entries);
    cache.hit(entries);
    assertEquals(1, cache.stats(0).hits());
    assertFalse(cache.isComplete());
    assertEquals(each, cache.reclaim(1));
    assertNull(back.entries());
    assertEquals(0, own.used());
  }

  /// C13: of the memory only the heads of nodes were counted.
  @Test
  void c13_memory_in_use_has_keys_and_values_in_it() throws IOException {
    EngineFixture f = BtreeFixture.engine(16, fs, budget);
    long empty = budget.used();
    fill(f, 0);
    long payload = ENTRIES * 38L;
    long used = budget.used() - empty;
    assertTrue(used > payload && used < 5 * payload, used + " for " + payload);
    assertEquals(budget.used(), f.engine.stats().memoryBytes(), "all of it is in the account");
    for (int i = 0; i < 50; i++) {
      f.put(key(i), value(i, 10_000)).commit();
    }
    long large = budget.used() - empty;
    assertTrue(large > used + 480_000, large + " after " + used);
    assertEquals(budget.used(), f.engine.stats().memoryBytes());
    flush(f);
    evict();
    assertTrue(budget.used() - empty < used, budget.used() + " for what is not in memory");
    assertNotEquals(0, budget.used());
    f.engine.close();
    assertEquals(0, budget.used());
  }
}
