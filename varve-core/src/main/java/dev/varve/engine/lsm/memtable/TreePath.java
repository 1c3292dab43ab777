package dev.varve.engine.lsm.memtable;

import java.util.Arrays;

/// The way from a tree's root to a leaf, and from there to the leaves beside it.
///
/// A path stays good while the tree changes: the nodes on it that were replaced meanwhile keep
/// covering their keys and hold what they held when they were replaced, so whoever walks sees every
/// key that was there when the path was made.
///
/// @threads one at a time
final class TreePath {
  private Object[] nodes = new Object[4];
  private int[] indexes = new int[4];
  private int depth;
  private long[] leaf = {};

  /// Goes to the leaf that covers a key.
  void descend(Object root, RecordArena arena, byte[] key, int offset, int length) {
    depth = 0;
    Object node = root;
    while (node instanceof Inner inner) {
      int index = inner.childFor(arena, key, offset, length);
      push(inner, index);
      node = inner.child(index);
    }
    leaf = (long[]) node;
  }

  /// Goes to the first leaf.
  void descendFirst(Object root) {
    depth = 0;
    descendToEnd(root, false);
  }

  /// Goes to the last leaf.
  void descendLast(Object root) {
    depth = 0;
    descendToEnd(root, true);
  }

  private void descendToEnd(Object from, boolean last) {
    Object node = from;
    while (node instanceof Inner inner) {
      int index = last ? inner.childCount() - 1 : 0;
      push(inner, index);
      node = inner.child(index);
    }
    leaf = (long[]) node;
  }

  private void push(Inner inner, int index) {
    if (depth == nodes.length) {
      nodes = Arrays.copyOf(nodes, depth * 2);
      indexes = Arrays.copyOf(indexes, depth * 2);
    }
    nodes[depth] = inner;
    indexes[depth] = index;
    depth++;
  }

  /// Goes to the next leaf; false, and nothing changes, at the last one.
  boolean next() {
    return move(1);
  }

  /// Goes to the leaf before; false, and nothing changes, at the first one.
  boolean previous() {
    return move(-1);
  }

  private boolean move(int step) {
    for (int level = depth - 1; level >= 0; level--) {
      int index = indexes[level] + step;
      if (index >= 0 && index < node(level).childCount()) {
        indexes[level] = index;
        depth = level + 1;
        descendToEnd(node(level).child(index), step < 0);
        return true;
      }
    }
    return false;
  }

  /// How many inner nodes are above the leaf.
  int depth() {
    return depth;
  }

  /// The inner node at a level, 0 for the root.
  Inner node(int level) {
    return (Inner) nodes[level];
  }

  /// Which child of the node at a level the path takes.
  int index(int level) {
    return indexes[level];
  }

  /// The leaf.
  long[] leaf() {
    return leaf;
  }
}
