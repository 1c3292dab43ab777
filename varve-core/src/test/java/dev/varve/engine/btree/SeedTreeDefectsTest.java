package dev.varve.engine.btree;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.Bytes;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// The defects of the trees that this one learnt from, as far as they were in the nodes: each named
/// as it was found there.
final class SeedTreeDefectsTest {
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

  /// C10: to rebalance and to check were only declared; a delete of a key of an inner node said it
  /// was not supported once the key was gone.
  @Test
  void c10_whatever_is_deleted_nodes_are_mended_and_a_check_finds_what_is_wrong() {
    for (int order : new int[] {3, 4, 16}) {
      TreeRun run = new TreeRun(order);
      SplittableRandom random = new SplittableRandom(order);
      int[] keys = random.ints(4000, 0, 1 << 20).distinct().toArray();
      for (int key : keys) {
        run.put(key(key), value(key, 9));
      }
      assertTrue(run.tree.height() >= 3, "height " + run.tree.height());
      int left = keys.length;
      for (int key : keys) {
        run.delete(key(key));
        left--;
        if (left % 500 == 0) {
          assertEquals(List.of(), run.problems(), order + ", " + left);
          int nodes = requireFilled(run.tree.root(), order);
          long leaves = run.tree.leafCount();
          assertTrue(nodes <= 2 + 5 * leaves / order, nodes + " above " + leaves);
          assertEquals(left, run.writer.totals().entries());
        }
      }
      assertEquals(1, run.tree.leafCount(), "order " + order);
      assertEquals(1, run.tree.height(), "order " + order);
      run.close();
    }
  }

  /// C10, of leaves: where the next one is full, one that is emptied goes all the same.
  @Test
  void c10_a_queue_leaves_no_empty_leaves_behind() {
    for (int order : new int[] {3, 4, 7, 8, 64}) {
      for (int length : new int[] {9, 150}) {
        TreeRun run = new TreeRun(order);
        int queued = 50;
        for (int i = 0; i < 5000; i++) {
          run.put(key(i), value(i, length));
          if (i >= queued) {
            run.delete(key(i - queued));
          }
        }
        long leaves = run.tree.leafCount();
        assertTrue(leaves <= queued, leaves + " leaves of order " + order + " for " + queued);
        assertEquals(List.of(), run.problems());
        run.close();
      }
    }
  }

  /** T3 of [Tree]; answers how many inner nodes there are. */
  private static int requireFilled(Object node, int order) {
    int nodes = 0;
    if (node instanceof Inner inner) {
      assertTrue(inner.childCount() >= 2, inner.childCount() + " of " + order);
      assertTrue(inner.childCount() <= order, inner.childCount() + " of " + order);
      nodes = 1;
      for (int i = 0; i < inner.childCount(); i++) {
        nodes += requireFilled(inner.child(i), order);
      }
    }
    return nodes;
  }

  /// C10, the check: each kind of wrong is told.
  @Test
  void c10_a_check_tells_what_is_wrong_with_a_tree() {
    TreeRun run = new TreeRun(8);
    for (int i = 0; i < 500; i++) {
      run.put(key(i), value(i, 9));
    }
    assertEquals(List.of(), run.problems());
    Leaf first = run.tree.first();
    Leaf other = run.tree.find(key(400), 0, 8);
    LeafEntries own = first.entries();
    assertNotNull(own);
    first.setEntries(other.entries());
    assertTrue(run.problems().contains("a key is outside its leaf"), "" + run.problems());
    first.setEntries(null);
    assertTrue(run.problems().toString().contains("has no entries"), "" + run.problems());
    first.setEntries(own);
    first.setChargedBytes(first.chargedBytes() + 1);
    assertTrue(run.problems().toString().contains("is accounted with"), "" + run.problems());
    first.setChargedBytes(first.chargedBytes() - 1);
    assertEquals(List.of(), run.problems());
    own.count(1, 8, 9);
    assertTrue(run.problems().toString().contains("counted are"), "" + run.problems());
    own.count(-1, 8, 9);
    Inner above = run.tree.above(key(0), 0, 8);
    assertNotNull(above);
    Leaf second = (Leaf) above.child(1);
    above.setChild(1, above.child(0));
    assertTrue(run.problems().toString().contains("another low key"), "" + run.problems());
    above.setChild(1, second);
    first.leave();
    assertTrue(run.problems().toString().contains("has left"), "" + run.problems());
    run.close();
  }
}
