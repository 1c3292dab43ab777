package dev.varve.engine.btree;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.Bytes;
import dev.varve.cache.MemoryBudget;
import dev.varve.engine.Engine;
import dev.varve.engine.EngineCursor;
import dev.varve.engine.EngineFixture;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.KeyRange;
import java.util.Arrays;
import java.util.List;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Reads that meet a commit in the middle.
final class BtreeReadTest {
  private static byte[] key(int i) {
    byte[] key = new byte[4];
    Bytes.putInt(key, 0, Integer.reverseBytes(i));
    return key;
  }

  /// A reader has the entries of a leaf, and others take their place in the middle of a commit: the
  /// ones that the reader has show a part of it.
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void a_read_never_sees_a_part_of_a_commit_that_replaces_the_entries_it_has(boolean covered) {
    byte[] before = {1};
    byte[] after = {9};
    int replaced = 0;
    for (int used = 0; used < 300; used += 3) {
      EngineFixture f = BtreeFixture.engine(8);
      f.put(key(2), new byte[used]).commit();
      f.put(key(3), before).put(key(200), before).commit();
      assertNotNull(f.engine.get(key(3), Engine.LATEST));
      f.beforeLooks(
          1,
          () -> {
            f.delete(key(3)).put(key(3), new byte[5]).put(key(3), new byte[40]);
            if (covered) {
              f.deleteRange(KeyRange.all()).put(key(2), after);
            }
            f.delete(key(3)).put(key(3), after).commit();
          });
      byte[] seen = f.engine.get(key(3), Engine.LATEST);
      assertNotNull(seen, "used " + used);
      assertTrue(Arrays.equals(before, seen) || Arrays.equals(after, seen), "used " + used);
      replaced += Arrays.equals(before, seen) ? 1 : 0;
      assertArrayEquals(after, f.engine.get(key(3), Engine.LATEST));
      f.beforeLooks(1, () -> f.delete(key(3)).put(key(3), new byte[60]).commit());
      assertTrue(f.engine.contains(key(3), Engine.LATEST), "used " + used);
      f.engine.close();
    }
    assertTrue(replaced > 0, "entries were replaced");
  }

  /// While two leaves become one, the first has what the second has still, too.
  @Test
  void a_walk_in_the_middle_of_a_commit_shows_each_key_once_both_ways() {
    MemoryBudget budget = new MemoryBudget(1);
    EngineFixture f = BtreeFixture.engine(8, new MemoryFileSystem(), budget);
    NavigableMap<byte[], byte[]> now = BtreeFixture.model();
    boolean[] walking = new boolean[1];
    int[] walks = new int[1];
    // Whoever needs memory asks here, in the middle of whatever it does.
    budget.register(
        wanted -> {
          if (!walking[0]) {
            walking[0] = true;
            walks[0]++;
            walk(f.engine, now, f.visibleThrough());
            walking[0] = false;
          }
          return 0;
        });
    SplittableRandom random = new SplittableRandom(6);
    for (int step = 0; step < 4000; step++) {
      byte[] key = key(random.nextInt(120));
      boolean put = random.nextInt(1000) < (step / 100 % 2 == 0 ? 800 : 200);
      if (put) {
        f.put(key, new byte[] {(byte) step});
      } else {
        f.delete(key);
      }
      long pin = f.pin();
      long sequence = f.apply();
      f.unpin(pin);
      f.publish(sequence);
      if (put) {
        now.put(key, new byte[] {(byte) step});
      } else {
        now.remove(key);
      }
    }
    BtreeEngine engine = (BtreeEngine) f.engine;
    assertTrue(engine.figures().tree().merges() > 20, "" + engine.figures().tree());
    assertTrue(walks[0] > 500, walks[0] + " walks");
    assertEquals(List.of(), f.engine.validate());
    f.engine.close();
  }

  private static void walk(Engine engine, NavigableMap<byte[], byte[]> expected, long sequence) {
    EngineCursor cursor = engine.cursor(KeyRange.all(), sequence);
    boolean valid = cursor.seekToFirst();
    for (byte[] key : expected.keySet()) {
      assertTrue(valid, "a key is missing");
      assertArrayEquals(key, cursor.key());
      assertArrayEquals(expected.get(key), cursor.value());
      valid = cursor.next();
    }
    assertTrue(!valid, "a key too much");
    valid = cursor.seekToLast();
    for (byte[] key : expected.descendingKeySet()) {
      assertTrue(valid, "a key is missing, backwards");
      assertArrayEquals(key, cursor.key());
      valid = cursor.previous();
    }
    assertTrue(!valid, "a key too much, backwards");
    for (byte[] key : expected.keySet()) {
      assertTrue(cursor.seek(key));
      assertArrayEquals(key, cursor.key());
      assertTrue(cursor.seekForPrevious(key));
      assertArrayEquals(key, cursor.key());
    }
    cursor.close();
  }
}
