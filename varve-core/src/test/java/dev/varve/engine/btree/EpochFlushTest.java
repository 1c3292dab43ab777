package dev.varve.engine.btree;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.Bytes;
import dev.varve.cache.MemoryBudget;
import dev.varve.engine.Engine;
import dev.varve.engine.EngineFixture;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.KeyRange;
import dev.varve.kv.Progress;
import dev.varve.kv.ProgressListener;
import java.io.IOException;
import java.util.List;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The writer goes on while an epoch is being flushed: between any two leaves of it commits are
/// made, which change, replace, divide, join, empty and evict leaves that the flush has taken, or
/// has not taken yet.
final class EpochFlushTest {
  private static final int KEYS = 300;

  private final NavigableMap<byte[], byte[]> now = BtreeFixture.model();
  private final SplittableRandom random = new SplittableRandom(11);

  private static byte[] key(int i) {
    byte[] key = new byte[4];
    Bytes.putInt(key, 0, Integer.reverseBytes(i));
    return key;
  }

  private void commit(EngineFixture f) {
    int kind = random.nextInt(20);
    byte[] key = key(random.nextInt(KEYS));
    if (kind == 0) {
      KeyRange gone = KeyRange.of(key(random.nextInt(KEYS / 2)), key(KEYS - random.nextInt(100)));
      f.deleteRange(gone);
      now.keySet().removeIf(gone::contains);
    } else if (kind < 6) {
      f.delete(key);
      now.remove(key);
    } else {
      byte[] value = new byte[random.nextInt(kind == 7 ? 1500 : 60)];
      random.nextBytes(value);
      f.put(key, value);
      now.put(key, value);
    }
    // What it asks of the background is left for later: that is busy with this flush.
    f.publish(f.apply());
  }

  @ParameterizedTest
  @ValueSource(ints = {3, 8, 64})
  void a_flush_has_what_there_was_at_its_cut_whatever_is_committed_meanwhile(int order)
      throws IOException {
    MemoryBudget budget = new MemoryBudget(1L << 40);
    EngineFixture f = BtreeFixture.engine(order, new MemoryFileSystem(), budget);
    int[] within = new int[1];
    for (int round = 0; round < 40; round++) {
      for (int i = 0; i < 150; i++) {
        commit(f);
      }
      NavigableMap<byte[], byte[]> atCut = BtreeFixture.model();
      atCut.putAll(now);
      long cut = f.visibleThrough();
      byte[] state =
          f.engine.flush(
              cut,
              new ProgressListener() {
                @Override
                public boolean onProgress(Progress progress) {
                  for (int i = random.nextInt(4); i > 0; i--) {
                    commit(f);
                    within[0]++;
                  }
                  if (random.nextInt(8) == 0) {
                    boolean _ = budget.fits(budget.bytesMax() - 1);
                  }
                  return true;
                }
              });
      requireOnDevice(f, state, atCut, "order " + order + " round " + round);
      NavigableMap<byte[], byte[]> found = BtreeFixture.contents(f.engine, Engine.LATEST);
      assertEquals(now.size(), found.size());
      now.forEach((key, value) -> assertArrayEquals(value, found.get(key)));
      assertEquals(List.of(), f.engine.validate());
    }
    assertTrue(within[0] > 300, within[0] + " commits within flushes");
    f.engine.close();
    assertEquals(0, budget.used());
  }

  private static void requireOnDevice(
      EngineFixture f, byte[] state, NavigableMap<byte[], byte[]> expected, String where)
      throws IOException {
    EngineFixture again =
        BtreeFixture.engine(64, f.context.fileSystem(), new MemoryBudget(Long.MAX_VALUE));
    again.engine.load(state, ProgressListener.NONE);
    NavigableMap<byte[], byte[]> found = BtreeFixture.contents(again.engine, 1L << 40);
    assertEquals(expected.size(), found.size(), where);
    expected.forEach((key, value) -> assertArrayEquals(value, found.get(key), where));
    assertEquals(expected.size(), again.engine.count(), where);
    assertEquals(List.of(), again.engine.validate(), where);
    again.engine.close();
  }
}
