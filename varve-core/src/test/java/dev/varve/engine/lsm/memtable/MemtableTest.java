package dev.varve.engine.lsm.memtable;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.Bytes;
import dev.varve.base.Expect;
import dev.varve.base.InvariantError;
import dev.varve.cache.MemoryBudget;
import dev.varve.kv.KeyRange;
import dev.varve.kv.Limits;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class MemtableTest {
  private static final byte[] NO_BYTES = {};

  /// An entry as a model has it; a tombstone where the value is null.
  private record Expected(byte[] key, long sequence, byte[] value) {}

  private static NavigableMap<byte[], NavigableMap<Long, byte[]>> model() {
    return new TreeMap<>(Bytes::compare);
  }

  private static List<Expected> entries(
      NavigableMap<byte[], NavigableMap<Long, byte[]>> model, long sequence, boolean newestOnly) {
    List<Expected> all = new ArrayList<>();
    model.forEach(
        (key, revisions) -> {
          for (Map.Entry<Long, byte[]> e :
              revisions.headMap(sequence, true).descendingMap().entrySet()) {
            all.add(new Expected(key, e.getKey(), e.getValue()));
            if (newestOnly) {
              break;
            }
          }
        });
    return all;
  }

  private static void assertAt(Expected expected, MemtableCursor cursor, String where) {
    assertTrue(cursor.isValid(), where);
    assertArrayEquals(expected.key(), cursor.key(), where);
    assertEquals(expected.sequence(), cursor.sequence(), where);
    assertEquals(expected.value() == null, cursor.isTombstone(), where);
    assertArrayEquals(
        expected.value() == null ? NO_BYTES : expected.value(), cursor.value(), where);
  }

  private static int firstAtOrBehind(List<Expected> all, byte[] key) {
    int i = 0;
    while (i < all.size() && Bytes.compare(all.get(i).key(), key) < 0) {
      i++;
    }
    return i;
  }

  private static void checkCursor(
      Memtable memtable,
      List<Expected> all,
      long sequence,
      boolean newestOnly,
      List<byte[]> targets,
      SplittableRandom random,
      String where) {
    MemtableCursor cursor = memtable.cursor(sequence, newestOnly);
    int i = 0;
    for (boolean valid = cursor.seekToFirst(); valid; valid = cursor.next()) {
      assertAt(all.get(i++), cursor, where);
    }
    assertEquals(all.size(), i, where);
    for (boolean valid = cursor.seekToLast(); valid; valid = cursor.previous()) {
      assertAt(all.get(--i), cursor, where);
    }
    assertEquals(0, i, where);
    for (byte[] target : targets) {
      int at = firstAtOrBehind(all, target);
      if (random.nextBoolean()) {
        assertEquals(at < all.size(), cursor.seek(target), where);
      } else {
        at = firstAtOrBehind(all, Arrays.copyOf(target, target.length + 1)) - 1;
        assertEquals(at >= 0, cursor.seekForPrevious(target), where);
      }
      for (int step = 0; step < 20 && cursor.isValid(); step++) {
        assertAt(all.get(at), cursor, where);
        boolean forward = random.nextInt(3) > 0;
        at += forward ? 1 : -1;
        boolean valid = forward ? cursor.next() : cursor.previous();
        assertEquals(at >= 0 && at < all.size(), valid, where);
      }
    }
  }

  /// Random commits against maps of revisions: gets at every sequence number, cursors in both
  /// directions, ranges, figures. Repeat one with the seed in the message.
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3})
  void every_moment_reads_as_it_was(int shape) {
    for (long seed = 1; seed <= 10; seed++) {
      new ModelRun(shape, seed).run();
    }
  }

  /// One run of the model test.
  private static final class ModelRun {
    private final int shape;
    private final long seed;
    private final SplittableRandom random;
    private final int keys;
    private final MemtableFixture f = new MemtableFixture();
    private final NavigableMap<byte[], NavigableMap<Long, byte[]>> model = model();
    private final List<Map.Entry<Long, KeyRange>> ranges = new ArrayList<>();

    ModelRun(int shape, long seed) {
      this.shape = shape;
      this.seed = seed;
      this.random = new SplittableRandom(seed);
      this.keys = 1 + random.nextInt(seed % 2 == 0 ? 2000 : 40);
    }

    void run() {
      long sequence = 1 + random.nextLong(1L << random.nextInt(54));
      for (int step = 0; step < 1500; step++) {
        for (int i = random.nextInt(step % 50 == 0 ? 300 : 3); i >= 0; i--) {
          mutate(sequence);
        }
        f.commit(sequence);
        if (step % 300 == 299) {
          check(sequence, "shape " + shape + " seed " + seed + " step " + step);
        }
        sequence += 1 + (random.nextInt(20) == 0 ? random.nextInt(1 << 20) : 0);
      }
      f.memtable.close();
      assertEquals(0, f.budget.used());
    }

    private byte[] key() {
      return MemtableFixture.key(random, shape, keys);
    }

    private void mutate(long sequence) {
      byte[] key = key();
      int choice = random.nextInt(1000);
      if (choice < 700) {
        byte[] value = new byte[random.nextInt(random.nextInt(100) == 0 ? 20_000 : 40)];
        random.nextBytes(value);
        f.put(key, value);
        model.computeIfAbsent(key, k -> new TreeMap<>()).put(sequence, value);
      } else if (choice < 990) {
        f.delete(key);
        model.computeIfAbsent(key, k -> new TreeMap<>()).put(sequence, null);
      } else {
        KeyRange range =
            switch (random.nextInt(4)) {
              case 0 -> KeyRange.lessThan(key);
              case 1 -> KeyRange.atLeast(key);
              default -> KeyRange.of(key, key());
            };
        f.deleteRange(range);
        if (!range.isEmpty()) {
          ranges.add(Map.entry(sequence, range));
        }
        model.forEach(
            (k, revisions) -> {
              if (range.contains(k) && revisions.get(sequence) != null) {
                revisions.put(sequence, null);
              }
            });
      }
    }

    private void check(long last, String where) {
      long between = random.nextInt(3) == 0 ? last : last - random.nextLong(last);
      List<byte[]> targets = new ArrayList<>();
      for (int i = 0; i < 60; i++) {
        byte[] key = key();
        targets.add(random.nextBoolean() ? key : Arrays.copyOf(key, random.nextInt(key.length)));
        for (long sequence : new long[] {between, last, Long.MAX_VALUE}) {
          checkFind(key, sequence, where);
        }
      }
      for (boolean newestOnly : new boolean[] {false, true}) {
        List<Expected> all = entries(model, between, newestOnly);
        checkCursor(f.memtable, all, between, newestOnly, targets, random, where);
      }
      checkFigures(where);
    }

    private void checkFind(byte[] key, long sequence, String where) {
      NavigableMap<Long, byte[]> revisions = model.get(key);
      Map.Entry<Long, byte[]> expected = revisions == null ? null : revisions.floorEntry(sequence);
      int found = f.memtable.find(key, sequence);
      assertEquals(expected == null, found == 0, where);
      if (expected != null) {
        assertEquals(expected.getKey(), f.memtable.sequence(found), where);
        assertEquals(expected.getValue() == null, f.memtable.isTombstone(found), where);
        byte[] value = expected.getValue() == null ? NO_BYTES : expected.getValue();
        assertArrayEquals(value, f.memtable.value(found), where);
      }
      long covering = 0;
      for (Map.Entry<Long, KeyRange> range : ranges) {
        if (range.getKey() <= sequence && range.getValue().contains(key)) {
          covering = range.getKey();
        }
      }
      assertEquals(covering, f.memtable.rangeTombstoneCovering(key, sequence), where);
    }

    private void checkFigures(String where) {
      List<Expected> all = entries(model, Long.MAX_VALUE, false);
      MemtableStats stats = f.memtable.stats();
      assertEquals(all.size(), stats.entries(), where);
      assertEquals(all.stream().filter(e -> e.value() == null).count(), stats.tombstones(), where);
      assertEquals(ranges.size(), stats.rangeTombstones(), where);
      assertEquals(all.stream().mapToLong(e -> e.key().length).sum(), stats.keyBytes(), where);
      assertEquals(
          all.stream().mapToLong(e -> e.value() == null ? 0 : e.value().length).sum(),
          stats.valueBytes(),
          where);
      assertEquals(f.last(), stats.largestSequence(), where);
      assertEquals(f.budget.used(), f.memtable.memoryBytes(), where);
    }
  }

  /// The way of a reader that the writer disturbs gives the same order as the order itself.
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3})
  void sorting_the_slots_gives_the_order(int shape) {
    SplittableRandom random = new SplittableRandom(7);
    MemoryBudget budget = new MemoryBudget(1 << 30);
    RecordArena arena = new RecordArena(budget, new AtomicLong());
    KeyTree tree = new KeyTree(arena, budget, new AtomicLong());
    for (int i = 1; i <= 5000; i++) {
      byte[] key = MemtableFixture.key(random, shape, 3000);
      int older = tree.locate(key, 0, key.length);
      tree.set(key, 0, key.length, arena.add(i, older, key, 0, key.length, 0, -1));
    }
    TreePath path = new TreePath();
    path.descendFirst(tree.root());
    byte[] order = new byte[Leaf.CAPACITY_MAX];
    byte[] sorted = new byte[Leaf.CAPACITY_MAX];
    int leaves = 0;
    do {
      int count = Leaf.copyOrder(path.leaf(), arena, order);
      assertEquals(count, Leaf.sortOrder(path.leaf(), arena, sorted));
      assertTrue(Arrays.equals(order, 0, count, sorted, 0, count), "leaf " + leaves);
      leaves++;
    } while (path.next());
    assertTrue(leaves > 1, "more than one leaf");
  }

  @Test
  void within_a_commit_the_last_mutation_of_a_key_wins() {
    MemtableFixture f = new MemtableFixture();
    long first = f.put("a", "1").commit();
    f.put("a", "2").delete(MemtableFixture.bytes("a")).put("a", "3").commit();
    Memtable m = f.memtable;
    byte[] key = MemtableFixture.bytes("a");
    assertArrayEquals(MemtableFixture.bytes("3"), m.value(m.find(key, Long.MAX_VALUE)));
    assertArrayEquals(MemtableFixture.bytes("1"), m.value(m.find(key, first)));
    assertEquals(2, m.stats().entries());
    assertEquals(0, m.stats().tombstones());
    MemtableCursor cursor = m.cursor(Long.MAX_VALUE, false);
    assertTrue(cursor.seekToFirst());
    assertTrue(cursor.next());
    assertEquals(first, cursor.sequence());
    assertFalse(cursor.next());
  }

  @Test
  void a_range_delete_hides_what_its_commit_put_before_and_not_what_it_put_after() {
    MemtableFixture f = new MemtableFixture();
    long old = f.put("b", "old").put("c", "old").put("x", "old").commit();
    long now =
        f.put("b", "before")
            .put("y", "outside")
            .deleteRange(KeyRange.of(MemtableFixture.bytes("a"), MemtableFixture.bytes("d")))
            .put("c", "after")
            .commit();
    Memtable m = f.memtable;
    int b = m.find(MemtableFixture.bytes("b"), now);
    assertTrue(m.isTombstone(b), "a tombstone of the same commit");
    assertEquals(now, m.sequence(b));
    assertEquals(now, m.sequence(m.find(MemtableFixture.bytes("c"), now)));
    assertFalse(m.isTombstone(m.find(MemtableFixture.bytes("c"), now)));
    assertFalse(m.isTombstone(m.find(MemtableFixture.bytes("y"), now)));
    assertEquals(now, m.rangeTombstoneCovering(MemtableFixture.bytes("b"), now));
    assertEquals(0, m.rangeTombstoneCovering(MemtableFixture.bytes("b"), old));
    assertEquals(0, m.rangeTombstoneCovering(MemtableFixture.bytes("d"), now));
  }

  @Test
  void a_range_delete_among_many_older_keys_finds_those_of_its_commit() {
    MemtableFixture f = new MemtableFixture();
    for (int i = 0; i < 1000; i++) {
      f.put("k" + i, "old");
    }
    f.commit();
    long now = f.put("k5", "new").put("k50", "new").deleteRange(KeyRange.all()).commit();
    Memtable m = f.memtable;
    assertTrue(m.isTombstone(m.find(MemtableFixture.bytes("k5"), now)));
    assertTrue(m.isTombstone(m.find(MemtableFixture.bytes("k50"), now)));
    assertEquals(2, m.stats().tombstones());
  }

  @Test
  void fragments_of_ranges_have_their_commits_newest_first() {
    MemtableFixture f = new MemtableFixture();
    byte[] a = {1};
    byte[] b = {2};
    byte[] c = {3};
    f.deleteRange(KeyRange.of(a, c)).commit();
    f.deleteRange(KeyRange.atLeast(b)).commit();
    f.deleteRange(KeyRange.of(c, a)).commit();
    RangeTombstones ranges = f.memtable.rangeTombstones();
    assertEquals(2, ranges.count(), "an empty range is none");
    assertEquals(3, ranges.fragmentCount());
    assertArrayEquals(b, ranges.to(0));
    assertEquals(2, ranges.sequenceCount(1));
    assertEquals(2, ranges.sequence(1, 0));
    assertEquals(1, ranges.sequence(1, 1));
    assertArrayEquals(c, ranges.from(2));
    assertNull(ranges.to(2));
    assertEquals(1, ranges.sequenceCount(2));
  }

  @Test
  void keys_and_values_of_every_size_come_back() {
    MemtableFixture f = new MemtableFixture();
    byte[] longest = new byte[Limits.KEY_BYTES_MAX];
    byte[] large = new byte[10 << 20];
    new SplittableRandom(1).nextBytes(large);
    for (int i = 0; i < 300; i++) {
      byte[] key = longest.clone();
      key[key.length - 1] = (byte) (i * 7);
      key[key.length - 2 - i % 2] = (byte) ((i * 7) >> 8);
      f.put(key, NO_BYTES).commit();
    }
    f.put(new byte[] {0}, large).put(new byte[] {-1}, NO_BYTES).put(new byte[] {0, 0}, new byte[1]);
    f.commit();
    Memtable m = f.memtable;
    assertArrayEquals(large, m.value(m.find(new byte[] {0}, Long.MAX_VALUE)));
    assertEquals(0, m.valueLength(m.find(new byte[] {-1}, Long.MAX_VALUE)));
    MemtableCursor cursor = m.cursor(Long.MAX_VALUE, true);
    byte[] last = {};
    int count = 0;
    for (boolean valid = cursor.seekToFirst(); valid; valid = cursor.next(), count++) {
      byte[] key = cursor.key();
      assertTrue(Bytes.compare(last, key) < 0, "in order");
      assertNotEquals(0, m.find(key, Long.MAX_VALUE));
      last = key;
    }
    assertEquals(m.stats().entries(), count);
    assertEquals(f.budget.used(), m.memoryBytes());
    assertTrue(m.memoryBytes() < 300 * 65_600L * 1.3 + large.length + (1 << 20), "no waste");
  }

  /// An old revision of a key that changed often is found in few steps: with a walk from revision
  /// to revision this would take ten thousand million of them.
  @Test
  void old_revisions_of_a_hot_key_are_near() {
    MemtableFixture f = new MemtableFixture();
    byte[] key = {1};
    int revisions = 100_000;
    for (int i = 0; i < revisions; i++) {
      f.put(key, NO_BYTES).commit();
    }
    for (long sequence = 1; sequence <= revisions; sequence++) {
      assertEquals(sequence, f.memtable.sequence(f.memtable.find(key, sequence)));
    }
    MemtableCursor cursor = f.memtable.cursor(Long.MAX_VALUE, false);
    long sequence = 0;
    for (boolean valid = cursor.seekToLast(); valid; valid = cursor.previous()) {
      assertEquals(++sequence, cursor.sequence());
    }
    assertEquals(revisions, sequence);
  }

  private static double bytesAboveThePayload(IntFunction<byte[]> keys, int count) {
    MemtableFixture f = new MemtableFixture();
    byte[] value = new byte[100];
    for (int i = 0; i < count; i++) {
      f.put(keys.apply(i), value).commit();
    }
    MemtableStats stats = f.memtable.stats();
    assertEquals(count, stats.entries());
    long payload = stats.keyBytes() + stats.valueBytes();
    return (double) (f.memtable.memoryBytes() - payload) / count;
  }

  /// The last chunk may be mostly empty; a whole one is allowed for.
  @Test
  void leaves_are_well_filled_in_whatever_order_keys_come() {
    int count = 200_000;
    double chunk = RecordArena.CHUNK_BYTES_MAX / (double) count;
    SplittableRandom random = new SplittableRandom(3);
    double anyOrder =
        bytesAboveThePayload(
            i -> {
              byte[] key = new byte[16];
              random.nextBytes(key);
              return key;
            },
            count);
    assertTrue(anyOrder < 25 + chunk, "random order: " + anyOrder);
    double rising = bytesAboveThePayload(i -> numbered(i), count);
    assertTrue(rising < 22 + chunk, "rising order: " + rising);
    double falling = bytesAboveThePayload(i -> numbered(count - i), count);
    assertTrue(falling < 22 + chunk, "falling order: " + falling);
  }

  private static byte[] numbered(int number) {
    byte[] key = new byte[16];
    Bytes.putInt(key, 12, Integer.reverseBytes(number));
    return key;
  }

  /// What the account says is what the heap holds.
  @Test
  void the_account_agrees_with_the_heap() {
    long before = heapBytes();
    List<MemtableFixture> all = new ArrayList<>();
    SplittableRandom random = new SplittableRandom(5);
    for (int t = 0; t < 20; t++) {
      MemtableFixture f = new MemtableFixture();
      all.add(f);
      for (int i = 0; i < 20_000; i++) {
        byte[] key = new byte[16];
        random.nextBytes(key);
        f.put(key, new byte[100]);
        if (i % 400 == 0) {
          f.deleteRange(KeyRange.of(Arrays.copyOf(key, 10), key));
        }
        f.commit();
      }
    }
    double taken = heapBytes() - before;
    double accounted = all.stream().mapToLong(f -> f.memtable.memoryBytes()).sum();
    assertEquals(1, taken / accounted, 0.03, taken + " taken, " + accounted + " accounted");
    for (MemtableFixture f : all) {
      f.memtable.close();
      f.memtable.close();
      assertEquals(0, f.budget.used());
    }
  }

  private static long heapBytes() {
    for (int i = 0; i < 3; i++) {
      System.gc();
    }
    return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
  }

  @Test
  void a_sealed_memtable_refuses() {
    MemtableFixture f = new MemtableFixture();
    long sequence = f.put("a", "1").commit();
    f.memtable.seal();
    assertTrue(f.memtable.isSealed());
    Expect.failure(InvariantError.class, () -> f.put("a", "2").commit(), "sealed");
    assertEquals(sequence, f.memtable.sequence(f.memtable.find(MemtableFixture.bytes("a"), 100)));
    assertEquals(1, f.memtable.stats().entries());
  }

  @Test
  void a_falling_number_is_refused() {
    MemtableFixture f = new MemtableFixture();
    f.put("a", "1").commit(7);
    Expect.failure(InvariantError.class, () -> f.put("a", "2").commit(6), "never fall");
  }

  @Test
  void an_empty_memtable_has_nothing() {
    Memtable m = new MemtableFixture().memtable;
    byte[] key = {1};
    assertTrue(m.isEmpty());
    assertEquals(0, m.find(key, Long.MAX_VALUE));
    assertEquals(0, m.rangeTombstoneCovering(key, Long.MAX_VALUE));
    MemtableCursor cursor = m.cursor(Long.MAX_VALUE, false);
    assertFalse(cursor.seekToFirst());
    assertFalse(cursor.seekToLast());
    assertFalse(cursor.seek(key));
    assertFalse(cursor.seekForPrevious(key));
    assertTrue(m.memoryBytes() < 1 << 10, "an empty one is small");
  }
}
