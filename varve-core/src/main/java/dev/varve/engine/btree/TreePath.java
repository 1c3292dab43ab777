package dev.varve.engine.btree;

import java.util.Arrays;

/// The writer's way from the root to a leaf.
///
/// @threads the writer
/// @lifetime until the tree changes its inner nodes
final class TreePath {
  private Inner[] nodes = new Inner[4];
  private int[] indexes = new int[4];
  private int depth;

  void clear() {
    depth = 0;
  }

  void push(Inner node, int index) {
    if (depth == nodes.length) {
      nodes = Arrays.copyOf(nodes, depth * 2);
      indexes = Arrays.copyOf(indexes, depth * 2);
    }
    nodes[depth] = node;
    indexes[depth++] = index;
  }

  /// Goes to the leaf before, under the same node.
  void back() {
    indexes[depth - 1]--;
  }

  /// How many inner nodes are above the leaf.
  int depth() {
    return depth;
  }

  /// The inner node at a level, 0 for the root.
  Inner node(int level) {
    return nodes[level];
  }

  /// Which child of the node at a level the way takes.
  int index(int level) {
    return indexes[level];
  }
}
