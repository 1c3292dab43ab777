package dev.varve.engine.memory;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.Bytes;
import dev.varve.engine.Engine;
import dev.varve.engine.EngineCursor;
import dev.varve.engine.EngineFixture;
import dev.varve.kv.EngineKind;
import dev.varve.kv.KeyRange;
import dev.varve.kv.ProgressListener;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class MemoryEngineTest {
  private static final List<String> NO_PROBLEMS = List.of();

  private static byte[] key(int number) {
    byte[] key = new byte[1 + number % 12 + 4];
    Bytes.putInt(key, 0, Integer.reverseBytes(number * 0x9E3779B1));
    return key;
  }

  private static NavigableMap<byte[], byte[]> model() {
    return new TreeMap<>(Bytes::compare);
  }

  private static NavigableMap<byte[], byte[]> contents(Engine engine, long sequence) {
    NavigableMap<byte[], byte[]> all = model();
    EngineCursor cursor = engine.cursor(KeyRange.all(), sequence);
    byte[] last = {};
    for (boolean valid = cursor.seekToFirst(); valid; valid = cursor.next()) {
      if (engine.kind().isOrdered()) {
        assertTrue(Bytes.compare(last, cursor.key()) < 0, "in order");
      }
      last = cursor.key();
      assertNull(all.put(cursor.key(), cursor.value()), "each key once");
    }
    return all;
  }

  private static void assertSame(
      NavigableMap<byte[], byte[]> expected, NavigableMap<byte[], byte[]> found, String what) {
    assertEquals(expected.size(), found.size(), what);
    expected.forEach((k, v) -> assertArrayEquals(v, found.get(k), what));
  }

  /// A reader who met a record just before it became visible looks below it; meanwhile what was
  /// below is given back down to a revision that a snapshot needs.
  @ParameterizedTest
  @EnumSource(
      mode = EnumSource.Mode.EXCLUDE,
      names = {"BTREE", "LSM"})
  void a_read_never_goes_back_to_a_revision_that_only_a_snapshot_needs(EngineKind kind) {
    EngineFixture f = new EngineFixture(kind, MemoryEngine::of);
    byte[] key = {1};
    f.put(key, new byte[] {1}).commit();
    long pin = f.pin();
    f.put(key, new byte[] {2}).commit();
    long third = f.put(key, new byte[] {3}).apply();
    f.afterLooks(
        1,
        () -> {
          f.publish(third);
          for (int i = 0; i < 100; i++) {
            f.put(new byte[] {2}, new byte[] {4}).commit();
          }
        });
    byte[] read = f.engine.get(key, Engine.LATEST);
    assertTrue(read[0] >= 2, "read revision " + read[0]);
    f.unpin(pin);
  }

  /// Random commits, pins and unpins against a map for each moment.
  @ParameterizedTest
  @EnumSource(
      mode = EnumSource.Mode.EXCLUDE,
      names = {"BTREE", "LSM"})
  void every_pinned_moment_reads_as_it_was(EngineKind kind) {
    for (long seed = 1; seed <= 12; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      EngineFixture f = new EngineFixture(kind, MemoryEngine::of);
      NavigableMap<byte[], byte[]> now = model();
      Map<Long, NavigableMap<byte[], byte[]>> moments = new HashMap<>();
      List<Long> pins = new ArrayList<>();
      int keys = 1 + random.nextInt(400);
      for (int step = 0; step < 3000; step++) {
        String where = kind + " seed " + seed + " step " + step;
        int choice = random.nextInt(100);
        if (choice < 88) {
          for (int i = random.nextInt(choice < 80 ? 1 : 40); i >= 0; i--) {
            byte[] key = key(random.nextInt(keys));
            if (random.nextInt(100) < 55) {
              byte[] value = new byte[random.nextInt(random.nextInt(50) == 0 ? 30_000 : 60)];
              random.nextBytes(value);
              f.put(key, value);
              now.put(key, value);
            } else {
              f.delete(key);
              now.remove(key);
            }
          }
          f.commit();
        } else if (choice < 90) {
          KeyRange range = KeyRange.all();
          if (kind.isOrdered()) {
            byte[] a = key(random.nextInt(keys));
            byte[] b = key(random.nextInt(keys));
            range = Bytes.compare(a, b) < 0 ? KeyRange.of(a, b) : KeyRange.of(b, a);
          } else if (random.nextInt(10) > 0) {
            continue;
          }
          KeyRange gone = range;
          f.deleteRange(range).commit();
          now.keySet().removeIf(gone::contains);
        } else if (choice < 95) {
          long pin = f.pin();
          pins.add(pin);
          NavigableMap<byte[], byte[]> copy = model();
          copy.putAll(now);
          moments.put(pin, copy);
        } else if (!pins.isEmpty()) {
          long pin = pins.remove(random.nextInt(pins.size()));
          check(f.engine, moments.get(pin), pin, random, keys, where);
          f.unpin(pin);
        }
        if (step % 250 == 0) {
          assertEquals(NO_PROBLEMS, f.engine.validate(), where);
          long pin = f.pin();
          check(f.engine, now, pin, random, keys, where);
          f.unpin(pin);
          assertEquals(now.size(), f.engine.count(), where);
        }
      }
      for (long pin : pins) {
        check(f.engine, moments.get(pin), pin, random, keys, "at the end");
        f.unpin(pin);
      }
      // Everything that only the pins needed is given back.
      f.deleteRange(KeyRange.all()).commit();
      for (int i = 0; i < 3000; i++) {
        f.put(key(0), new byte[1]).commit();
      }
      assertEquals(1, f.engine.count());
      assertTrue(f.engine.stats().revisions() < 40, kind + " " + f.engine.stats());
      assertEquals(NO_PROBLEMS, f.engine.validate());
      f.engine.close();
      assertEquals(0, f.budget.used(), "all memory is given back");
    }
  }

  private static void check(
      Engine engine,
      NavigableMap<byte[], byte[]> expected,
      long pin,
      SplittableRandom random,
      int keys,
      String where) {
    assertSame(expected, contents(engine, pin), where);
    for (int i = 0; i < 30; i++) {
      byte[] key = key(random.nextInt(keys));
      assertArrayEquals(expected.get(key), engine.get(key, pin), where);
      assertEquals(expected.containsKey(key), engine.contains(key, pin), where);
    }
    if (!engine.kind().isOrdered()) {
      return;
    }
    byte[] a = key(random.nextInt(keys));
    byte[] b = key(random.nextInt(keys));
    KeyRange range = Bytes.compare(a, b) < 0 ? KeyRange.of(a, b) : KeyRange.of(b, a);
    List<byte[]> inside = expected.keySet().stream().filter(range::contains).toList();
    EngineCursor cursor = engine.cursor(range, pin);
    int at = inside.size() - 1;
    for (boolean valid = cursor.seekToLast(); valid; valid = cursor.previous()) {
      assertArrayEquals(inside.get(at--), cursor.key(), where);
    }
    assertEquals(-1, at, where);
    walk(cursor, inside, random, where);
  }

  /** A random walk, forth and back, with seeks. */
  private static void walk(
      EngineCursor cursor, List<byte[]> keys, SplittableRandom random, String where) {
    int at = -1;
    for (int i = 0; i < 60; i++) {
      int choice = random.nextInt(4);
      boolean valid;
      if (choice == 0 || at < 0) {
        byte[] sought = key(random.nextInt(500));
        boolean up = random.nextBoolean();
        int found = Collections.binarySearch(keys, sought, Bytes::compare);
        if (up) {
          at = found >= 0 ? found : -found - 1;
          valid = cursor.seek(sought);
        } else {
          at = found >= 0 ? found : -found - 2;
          valid = cursor.seekForPrevious(sought);
        }
      } else if (choice < 3) {
        at++;
        valid = cursor.next();
      } else {
        at--;
        valid = cursor.previous();
      }
      assertEquals(at >= 0 && at < keys.size(), valid, where);
      if (valid) {
        assertArrayEquals(keys.get(at), cursor.key(), where);
      } else {
        at = -1;
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      mode = EnumSource.Mode.EXCLUDE,
      names = {"BTREE", "LSM"})
  void a_commit_is_seen_wholly_or_not_at_all(EngineKind kind) {
    EngineFixture f = new EngineFixture(kind, MemoryEngine::of);
    byte[] a = key(1);
    byte[] b = key(2);
    byte[] c = key(3);
    f.put(a, new byte[] {1}).put(b, new byte[] {1}).commit();
    long sequence = f.put(a, new byte[] {2}).delete(b).put(c, new byte[] {2}).apply();
    assertArrayEquals(new byte[] {1}, f.engine.get(a, Engine.LATEST));
    assertTrue(f.engine.contains(b, Engine.LATEST));
    assertFalse(f.engine.contains(c, Engine.LATEST));
    f.publish(sequence);
    assertArrayEquals(new byte[] {2}, f.engine.get(a, Engine.LATEST));
    assertFalse(f.engine.contains(b, Engine.LATEST));
    assertTrue(f.engine.contains(c, Engine.LATEST));
  }

  @ParameterizedTest
  @EnumSource(
      mode = EnumSource.Mode.EXCLUDE,
      names = {"BTREE", "LSM"})
  void the_last_of_several_mutations_of_a_key_counts(EngineKind kind) {
    EngineFixture f = new EngineFixture(kind, MemoryEngine::of);
    byte[] a = key(1);
    for (int round = 0; round < 3; round++) {
      f.put(a, new byte[] {1}).delete(a).put(a, new byte[] {2}).put(a, new byte[] {3}).commit();
      assertArrayEquals(new byte[] {3}, f.engine.get(a, Engine.LATEST));
      f.put(a, new byte[] {4}).put(a, new byte[] {5}).delete(a).commit();
      assertNull(f.engine.get(a, Engine.LATEST));
      assertEquals(0, f.engine.count());
    }
    f.put(key(2), new byte[0]).commit();
    f.put(key(2), new byte[0]).commit();
    f.put(key(2), new byte[0]).commit();
    assertEquals(1, f.engine.count());
    assertTrue(f.engine.stats().revisions() < 40);
  }

  @ParameterizedTest
  @EnumSource(names = {"RBTREE", "HASH"})
  void memory_is_given_back_when_entries_go_and_the_payload_is_in_the_figure(EngineKind kind) {
    EngineFixture f = new EngineFixture(kind, MemoryEngine::of);
    int entries = 50_000;
    byte[] value = new byte[100];
    for (int i = 0; i < entries; i++) {
      f.put(key(i), value).commit();
    }
    long full = f.engine.stats().memoryBytes();
    long payload = f.engine.stats().keyBytes() + f.engine.stats().valueBytes();
    assertEquals(full, f.budget.used());
    assertTrue(full > payload);
    assertTrue((full - payload) / entries <= 80, (full - payload) / entries + " B above payload");
    for (int round = 0; round < 5; round++) {
      for (int i = 0; i < entries; i++) {
        f.put(key(i), value).commit();
      }
    }
    assertTrue(f.engine.stats().memoryBytes() < full * 11 / 10, "overwriting needs no more");
    assertEquals(NO_PROBLEMS, f.engine.validate());
  }

  @ParameterizedTest
  @EnumSource(
      mode = EnumSource.Mode.EXCLUDE,
      names = {"BTREE", "LSM"})
  void a_flushed_state_loads_as_it_was(EngineKind kind) throws IOException {
    EngineFixture f = new EngineFixture(kind, MemoryEngine::of);
    NavigableMap<byte[], byte[]> now = model();
    assertEquals(0, contents(f.engine, Engine.LATEST).size());
    SplittableRandom random = new SplittableRandom(5);
    for (int i = 0; i < 3000; i++) {
      byte[] value = new byte[i == 77 ? 300_000 : random.nextInt(100)];
      random.nextBytes(value);
      f.put(key(i), value).commit();
      now.put(key(i), value);
    }
    long pin = f.pin();
    f.put(key(9999), new byte[3]).delete(key(5)).commit();
    byte[] state = f.engine.flush(pin, ProgressListener.NONE);
    f.unpin(pin);
    EngineFixture g = new EngineFixture(kind, MemoryEngine::of, f.context.fileSystem());
    g.engine.load(state, ProgressListener.NONE);
    g.publish(pin);
    assertSame(now, contents(g.engine, pin), "loaded");
    assertEquals(NO_PROBLEMS, g.engine.validate());
    List<String> problems = new ArrayList<>();
    assertTrue(g.engine.verify(state, problems::add) > 300_000);
    assertEquals(List.of(), problems);
    assertEquals(
        f.context.fileSystem().list(EngineFixture.DIRECTORY).toString(),
        g.engine.files(state).toString());
  }
}
