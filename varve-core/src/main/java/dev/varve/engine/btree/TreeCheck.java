package dev.varve.engine.btree;

import dev.varve.base.Bytes;
import dev.varve.engine.btree.heap.StoredObject;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Checks a tree, while nobody applies: that its nodes are in order and within their bounds, that
/// all leaves are equally deep, that each is in memory or on the device, that each object of the
/// heap belongs to one, and that the totals are those of the leaves.
///
/// @threads one at a time
final class TreeCheck {
  private static final int PROBLEMS_MAX = 100;

  private final Tree tree;
  private final List<String> problems = new ArrayList<>();
  private final Set<StoredObject> reached = new HashSet<>();
  private final int height;
  private long leaves;
  private long known;
  private long entries;
  private long keyBytes;
  private long valueBytes;

  TreeCheck(Tree tree) {
    this.tree = tree;
    this.height = tree.height();
  }

  /// Checks nodes; answers what is wrong, one sentence each.
  ///
  /// @param totals what the writer counts
  List<String> run(Totals totals) {
    check(tree.root(), new byte[0], null, 1);
    if (leaves != tree.leafCount()) {
      problem(tree.leafCount() + " leaves are counted, the tree has " + leaves);
    }
    if (known == leaves
        && (entries != totals.entries()
            || keyBytes != totals.keyBytes()
            || valueBytes != totals.valueBytes())) {
      problem(
          entries
              + " entries of "
              + keyBytes
              + " and "
              + valueBytes
              + " bytes are in the leaves, counted are "
              + totals);
    }
    return problems;
  }

  /// Checks that each object is one that a leaf has, or had: of a leaf that waits for its flush.
  void checkObjects(Collection<StoredObject> objects, Collection<DirtyLeaf> dirty) {
    for (DirtyLeaf one : dirty) {
      StoredObject object = one.leaf().stored();
      if (object != null) {
        reached.add(object);
      }
    }
    for (StoredObject object : objects) {
      if (!reached.remove(object)) {
        problem("the heap has a leaf to which nothing leads");
      }
    }
    if (!reached.isEmpty()) {
      problem(reached.size() + " leaves have objects that the heap has not");
    }
  }

  private void problem(String what) {
    if (problems.size() < PROBLEMS_MAX) {
      problems.add(what);
    }
  }

  private void check(Object node, byte[] low, byte @Nullable [] high, int depth) {
    if (!(node instanceof Inner inner)) {
      check((Leaf) node, low, high, depth);
      return;
    }
    int count = inner.childCount();
    if (count < 2 || (depth > 1 && count > Math.max(tree.order(), 2) && count > 1000)) {
      problem("an inner node has " + count + " children");
    }
    for (int i = 0; i < count; i++) {
      byte[] childLow = i == 0 ? low : inner.separator(i - 1);
      byte[] childHigh = i == count - 1 ? high : inner.separator(i);
      if (childHigh != null && Bytes.compare(childLow, childHigh) >= 0) {
        problem("the separators of an inner node do not rise");
      }
      check(inner.child(i), childLow, childHigh, depth + 1);
    }
  }

  private void check(Leaf leaf, byte[] low, byte @Nullable [] high, int depth) {
    leaves++;
    if (depth != height) {
      problem("a leaf is " + depth + " deep, another " + height);
    }
    if (Bytes.compare(leaf.low(), low) != 0) {
      problem("a leaf has another low key than its place");
    }
    synchronized (leaf) {
      checkState(leaf);
      LeafEntries in = leaf.entries();
      if (in != null) {
        known++;
        check(in, low, high);
        entries += in.live();
        keyBytes += in.live() == 0 ? 0 : in.liveKeyBytes();
        valueBytes += in.live() == 0 ? 0 : in.liveValueBytes();
      }
    }
  }

  private void checkState(Leaf leaf) {
    StoredObject stored = leaf.stored();
    if (leaf.isGone()) {
      problem("a leaf that has left is in the tree");
    }
    if (stored != null) {
      reached.add(stored);
    }
    if (leaf.entries() == null && (stored == null || leaf.dirty() != null)) {
      problem("a leaf that is dirty, or on no device, has no entries");
    }
    if (stored == null && leaf.dirty() == null && leaf.entries() != LeafEntries.NONE) {
      LeafEntries in = leaf.entries();
      if (in != null && in.count() > 0) {
        problem("a leaf that is not dirty is on no device");
      }
    }
    LeafEntries in = leaf.entries();
    if (in != null && in.memoryBytes() != leaf.chargedBytes()) {
      problem("a leaf of " + in.memoryBytes() + " bytes is accounted with " + leaf.chargedBytes());
    }
  }

  /** The keys in their order and within the bounds; the counts. */
  private void check(LeafEntries in, byte[] low, byte @Nullable [] high) {
    byte @Nullable [] before = null;
    for (int record : in.sorted()) {
      byte[] key = in.key(record);
      if (Bytes.compare(key, low) < 0 || (high != null && Bytes.compare(key, high) >= 0)) {
        problem("a key is outside its leaf");
      }
      if (before != null && Bytes.compare(before, key) >= 0) {
        problem("the keys of a leaf do not rise");
      }
      if (in.find(key, 0, key.length) != record) {
        problem("a key is not found in its leaf");
      }
      before = key;
    }
  }
}
