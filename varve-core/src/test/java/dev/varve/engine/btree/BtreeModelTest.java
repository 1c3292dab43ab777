package dev.varve.engine.btree;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.Bytes;
import dev.varve.cache.MemoryBudget;
import dev.varve.engine.Engine;
import dev.varve.engine.EngineCursor;
import dev.varve.engine.EngineFixture;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.KeyRange;
import dev.varve.kv.ProgressListener;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Random commits, pins, walks, flushes and evictions against a map for each moment.
final class BtreeModelTest {
  private static final List<String> NO_PROBLEMS = List.of();
  private static final int SEEDS = 8;

  /** A moment behind all others. */
  private static final long FAR = 1L << 40;

  private static final int STEPS = 2500;

  private final NavigableMap<byte[], byte[]> now = BtreeFixture.model();
  private final Map<Long, NavigableMap<byte[], byte[]>> moments = new HashMap<>();
  private final List<Long> pins = new ArrayList<>();

  /** Keys of several lengths, some with much in common. */
  private static byte[] key(int number) {
    byte[] key;
    if (number % 3 == 0) {
      key = new byte[14];
      key[9] = 1;
      Bytes.putInt(key, 10, Integer.reverseBytes(number));
    } else {
      key = new byte[1 + number % 12 + 4];
      Bytes.putInt(key, 0, Integer.reverseBytes(number * 0x9E3779B1));
    }
    return key;
  }

  @ParameterizedTest
  @ValueSource(ints = {3, 4, 7, 64, 300})
  void every_moment_reads_as_it_was_whatever_becomes_of_the_tree(int order) throws IOException {
    for (long seed = 1; seed <= SEEDS; seed++) {
      run(order, seed);
      now.clear();
      moments.clear();
      pins.clear();
    }
  }

  private void run(int order, long seed) throws IOException {
    SplittableRandom random = new SplittableRandom(seed * 1000 + order);
    MemoryBudget budget =
        new MemoryBudget(random.nextInt(3) == 0 ? 40_000 + random.nextInt(100_000) : 1L << 40);
    EngineFixture f = BtreeFixture.engine(order, new MemoryFileSystem(), budget);
    int keys = 1 + random.nextInt(random.nextBoolean() ? 40 : 600);
    for (int step = 0; step < STEPS; step++) {
      String where = "order " + order + " seed " + seed + " step " + step;
      step(f, random, keys, where);
      if (step % 100 == 0) {
        assertEquals(NO_PROBLEMS, f.engine.validate(), where);
        assertEquals(now.size(), f.engine.count(), where);
        long pin = f.pin();
        check(f.engine, now, pin, random, keys, where);
        f.unpin(pin);
      }
    }
    f.engine.close();
    assertEquals(0, budget.used(), "order " + order + " seed " + seed);
  }

  private void step(EngineFixture f, SplittableRandom random, int keys, String where)
      throws IOException {
    int choice = random.nextInt(100);
    if (choice < 82) {
      commit(f, random, keys, choice < 74 ? 1 : 40);
    } else if (choice < 85) {
      KeyRange gone = range(random, keys);
      f.deleteRange(gone).commit();
      now.keySet().removeIf(gone::contains);
    } else if (choice < 90) {
      long pin = f.pin();
      pins.add(pin);
      NavigableMap<byte[], byte[]> copy = BtreeFixture.model();
      copy.putAll(now);
      moments.put(pin, copy);
    } else if (choice < 95 && !pins.isEmpty()) {
      long pin = pins.remove(random.nextInt(pins.size()));
      check(f.engine, moments.get(pin), pin, random, keys, where);
      f.unpin(pin);
    } else if (choice < 97) {
      long pin = f.pin();
      byte[] state = f.engine.flush(pin, ProgressListener.NONE);
      f.unpin(pin);
      reopen(f, state, where);
    } else {
      // Evicts what is clean.
      boolean _ = f.budget.fits(f.budget.bytesMax() - 1);
    }
  }

  /** What is on the device is what there is now. */
  private void reopen(EngineFixture f, byte[] state, String where) throws IOException {
    EngineFixture again =
        BtreeFixture.engine(64, f.context.fileSystem(), new MemoryBudget(Long.MAX_VALUE));
    again.engine.load(state, ProgressListener.NONE);
    assertEquals(now.size(), again.engine.count(), where);
    NavigableMap<byte[], byte[]> found = BtreeFixture.contents(again.engine, FAR);
    assertEquals(now.size(), found.size(), where);
    now.forEach((key, value) -> assertArrayEquals(value, found.get(key), where));
    assertEquals(NO_PROBLEMS, again.engine.validate(), where);
    again.engine.close();
    assertEquals(0, again.budget.used(), where);
  }

  private void commit(EngineFixture f, SplittableRandom random, int keys, int mutationsMax) {
    for (int i = random.nextInt(mutationsMax); i >= 0; i--) {
      byte[] key = key(random.nextInt(keys));
      int choice = random.nextInt(100);
      if (choice < 60) {
        byte[] value = new byte[random.nextInt(random.nextInt(20) == 0 ? 3_000 : 60)];
        random.nextBytes(value);
        f.put(key, value);
        now.put(key, value);
      } else if (choice < 99) {
        f.delete(key);
        now.remove(key);
      } else {
        KeyRange gone = range(random, keys);
        f.deleteRange(gone);
        now.keySet().removeIf(gone::contains);
      }
    }
    long _ = f.commit();
  }

  private static KeyRange range(SplittableRandom random, int keys) {
    byte[] a = key(random.nextInt(keys));
    byte[] b = key(random.nextInt(keys));
    return switch (random.nextInt(8)) {
      case 0 -> KeyRange.all();
      case 1 -> KeyRange.atLeast(a);
      case 2 -> KeyRange.lessThan(a);
      default -> Bytes.compare(a, b) < 0 ? KeyRange.of(a, b) : KeyRange.of(b, a);
    };
  }

  private static void check(
      Engine engine,
      NavigableMap<byte[], byte[]> expected,
      long sequence,
      SplittableRandom random,
      int keys,
      String where) {
    NavigableMap<byte[], byte[]> found = BtreeFixture.contents(engine, sequence);
    assertEquals(expected.size(), found.size(), where);
    expected.forEach((key, value) -> assertArrayEquals(value, found.get(key), where));
    for (int i = 0; i < 20; i++) {
      byte[] key = key(random.nextInt(keys + 5));
      assertArrayEquals(expected.get(key), engine.get(key, sequence), where);
      assertEquals(expected.containsKey(key), engine.contains(key, sequence), where);
    }
    walk(engine, expected, sequence, random, keys, where);
  }

  /** Moves a cursor at random, and a position in the map beside it. */
  private static void walk(
      Engine engine,
      NavigableMap<byte[], byte[]> expected,
      long sequence,
      SplittableRandom random,
      int keys,
      String where) {
    KeyRange range = random.nextBoolean() ? KeyRange.all() : range(random, keys);
    NavigableMap<byte[], byte[]> part = BtreeFixture.model();
    expected.forEach(
        (key, value) -> {
          if (range.contains(key)) {
            part.put(key, value);
          }
        });
    EngineCursor cursor = engine.cursor(range, sequence);
    byte[] at = null;
    for (int i = 0; i < 60; i++) {
      byte[] key = key(random.nextInt(keys + 5));
      boolean valid;
      switch (random.nextInt(at == null ? 4 : 12)) {
        case 0 -> {
          valid = cursor.seekToFirst();
          at = part.isEmpty() ? null : part.firstKey();
        }
        case 1 -> {
          valid = cursor.seekToLast();
          at = part.isEmpty() ? null : part.lastKey();
        }
        case 2 -> {
          valid = cursor.seek(key);
          at = part.ceilingKey(key);
        }
        case 3 -> {
          valid = cursor.seekForPrevious(key);
          at = part.floorKey(key);
        }
        case 4, 5, 6, 7 -> {
          valid = cursor.next();
          at = part.higherKey(at);
        }
        default -> {
          valid = cursor.previous();
          at = part.lowerKey(at);
        }
      }
      assertEquals(at != null, valid, where);
      if (at != null) {
        assertArrayEquals(at, cursor.key(), where);
        assertArrayEquals(part.get(at), cursor.value(), where);
        assertEquals(part.get(at).length, cursor.valueSize(), where);
      }
    }
    assertTrue(part.isEmpty() || cursor.seekToFirst(), where);
    cursor.close();
  }
}
