package dev.varve.engine.btree;

import dev.varve.cache.MemoryBudget;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// The inner nodes: which leaf covers which keys.
///
/// @threads one writer; readers call [#find] and [#place], and never wait
/// @source Bayer, McCreight, Organization and maintenance of large ordered indexes, Acta
///   Informatica 1 (1972); Graefe, Modern B-tree techniques (2011), sections 2.2 and 3.3
final class Tree {
  /* T1: whoever follows the root comes to the leaf that covered the key when the step was made, after at
   *     most the tree's height of steps.
   * T2: a leaf covers the keys from its separator on, and, while it is in the tree, all keys that it
   *     ever covered: a leaf that is split leaves the tree for two others, one that grows stays.
   * T3: inner nodes have two children or more. One that loses a child, and has less than a quarter of the
   *     order then, is joined with one beside it, or takes some from there.
   * T4: where keys come in rising or falling order, inner nodes are left full. */

  private static final byte[] LEAST = {};

  /// Where a leaf is: the keys from `low` on and before `high`, which is null for the last leaf.
  static final class Place {
    private Leaf leaf;
    private @Nullable Inner above;
    private int index;
    private byte[] low = LEAST;
    private byte @Nullable [] high;

    Place(Leaf leaf) {
      this.leaf = leaf;
    }

    Leaf leaf() {
      return leaf;
    }

    /// The entries of the leaf where they are known without a look at it; else null.
    @Nullable LeafEntries knownEntries() {
      return above == null ? null : above.entries(index);
    }

    /// Notes the entries of the leaf for whoever comes next.
    void note(LeafEntries entries) {
      Inner node = above;
      if (node != null) {
        node.note(index, entries);
        if (entries.isStale()) {
          node.forget(index, entries);
        }
      }
    }

    byte[] low() {
      return low;
    }

    byte @Nullable [] high() {
      return high;
    }
  }

  private final MemoryBudget budget;
  private final AtomicLong memoryBytes = new AtomicLong();

  /** The most children of a node; the writer's. */
  private int order;

  private final AtomicLong leafCount = new AtomicLong();
  private volatile Object root;

  private Tree(MemoryBudget budget, int order, Object root, long leaves) {
    this.budget = budget;
    this.order = order;
    this.root = root;
    this.leafCount.set(leaves);
  }

  /// A tree of these leaves, in the order of their keys, of which there is one at least.
  static Tree of(MemoryBudget budget, int order, List<Leaf> leaves) {
    Tree tree = new Tree(budget, order, leaves.getFirst(), leaves.size());
    byte[][] lows = new byte[leaves.size()][];
    long bytes = 0;
    for (int i = 0; i < lows.length; i++) {
      lows[i] = leaves.get(i).low();
      bytes += leaves.get(i).memoryBytes();
    }
    tree.account(bytes);
    tree.build(leaves.toArray(), lows);
    return tree;
  }

  /** Builds level on level; nodes are left with room for a quarter more. */
  private void build(Object[] leaves, byte[][] lows) {
    Object[] level = leaves;
    byte[][] levelLows = lows;
    while (level.length > 1) {
      int each = Math.max(2, order - order / 4);
      int count = (level.length + each - 1) / each;
      Object[] above = new Object[count];
      byte[][] aboveLows = new byte[count][];
      for (int i = 0; i < count; i++) {
        // As even as can be: none is left with less than half.
        int from = (int) ((long) level.length * i / count);
        int to = (int) ((long) level.length * (i + 1) / count);
        Inner inner =
            new Inner(
                Arrays.copyOfRange(levelLows, from + 1, to), Arrays.copyOfRange(level, from, to));
        account(inner.memoryBytes());
        above[i] = inner;
        aboveLows[i] = levelLows[from];
      }
      level = above;
      levelLows = aboveLows;
    }
    root = level[0];
  }

  private void account(long bytes) {
    memoryBytes.setRelease(memoryBytes.getPlain() + bytes);
    budget.use(bytes);
  }

  /// Gives the memory back.
  void close() {
    account(-memoryBytes.get());
  }

  /// What inner nodes and leaves take, without entries and objects.
  long memoryBytes() {
    return memoryBytes.get();
  }

  long leafCount() {
    return leafCount.get();
  }

  /// How many nodes a way from the root has, the leaf included.
  int height() {
    int height = 1;
    for (Object node = root; node instanceof Inner inner; node = inner.child(0)) {
      height++;
    }
    return height;
  }

  Object root() {
    return root;
  }

  /// The most children of a node.
  int order() {
    return order;
  }

  /// Has nodes that are made from now on have so many children at most.
  void setOrder(int value) {
    order = value;
  }

  /// The leaf that covers a key.
  Leaf find(byte[] key, int offset, int length) {
    Object node = root;
    while (node instanceof Inner inner) {
      node = inner.child(inner.childFor(key, offset, length));
    }
    return (Leaf) node;
  }

  /// The node above the leaf that covers a key, or null while there is none but that leaf.
  @Nullable Inner above(byte[] key, int offset, int length) {
    Object node = root;
    while (node instanceof Inner inner) {
      if (inner.isAboveLeaves()) {
        return inner;
      }
      node = inner.child(inner.childFor(key, offset, length));
    }
    return null;
  }

  /// Notes the entries of a leaf that covers a key, for whoever comes next.
  void note(byte[] key, int offset, int length, Leaf leaf, LeafEntries entries) {
    Object node = root;
    while (node instanceof Inner inner) {
      int index = inner.childFor(key, offset, length);
      node = inner.child(index);
      if (node == leaf) {
        inner.note(index, entries);
        if (entries.isStale()) {
          inner.forget(index, entries);
        }
      }
    }
  }

  /// Forgets the entries of a leaf, which are stale.
  void forget(Leaf leaf, LeafEntries entries) {
    byte[] low = leaf.low();
    Object node = root;
    while (node instanceof Inner inner) {
      int index = inner.childFor(low, 0, low.length);
      node = inner.child(index);
      if (node == leaf) {
        inner.forget(index, entries);
      }
    }
  }

  /// The first leaf.
  Leaf first() {
    Object node = root;
    while (node instanceof Inner inner) {
      node = inner.child(0);
    }
    return (Leaf) node;
  }

  /// Finds the leaf that covers a key.
  void place(byte[] key, Place place) {
    place.low = LEAST;
    place.high = null;
    place.above = null;
    Object node = root;
    while (node instanceof Inner inner) {
      node = enter(inner, inner.childFor(key, 0, key.length), place);
    }
    place.leaf = (Leaf) node;
  }

  /// Finds the leaf that covers the keys just before `key`, or the last keys of all when it is
  /// null.
  void placeBefore(byte @Nullable [] key, Place place) {
    place.low = LEAST;
    place.high = null;
    place.above = null;
    Object node = root;
    while (node instanceof Inner inner) {
      int index = key == null ? inner.childCount() - 1 : inner.childBefore(key);
      node = enter(inner, index, place);
    }
    place.leaf = (Leaf) node;
  }

  private static Object enter(Inner inner, int index, Place place) {
    place.above = inner;
    place.index = index;
    if (index > 0) {
      place.low = inner.separator(index - 1);
    }
    if (index < inner.childCount() - 1) {
      place.high = inner.separator(index);
    }
    return inner.child(index);
  }

  // What the writer changes.

  /// Finds the leaf that covers a key, and the way to it.
  Leaf descend(byte[] key, int offset, int length, TreePath path) {
    path.clear();
    Object node = root;
    while (node instanceof Inner inner) {
      int index = inner.childFor(key, offset, length);
      path.push(inner, index);
      node = inner.child(index);
    }
    return (Leaf) node;
  }

  /// Puts two leaves, the second of which covers the keys from its low on, in the place of the
  /// path's leaf.
  void split(TreePath path, Leaf left, Leaf right) {
    account(right.memoryBytes());
    leafCount.setRelease(leafCount.getPlain() + 1);
    replace(path, path.depth() - 1, 1, new Object[] {left, right}, right.low());
  }

  /// Takes the leaf behind the path's leaf, under the same node, out of the tree: the path's leaf
  /// covers its keys, too.
  void removeBehind(TreePath path, Leaf leaf, Leaf removed) {
    account(-removed.memoryBytes());
    leafCount.setRelease(leafCount.getPlain() - 1);
    replace(path, path.depth() - 1, 2, new Object[] {leaf});
  }

  /// Puts two leaves in the place of the path's leaf and the one behind it, under the same node.
  void replaceBoth(TreePath path, Leaf left, Leaf right, Leaf newLeft, Leaf newRight) {
    account(
        newLeft.memoryBytes() + newRight.memoryBytes() - left.memoryBytes() - right.memoryBytes());
    replace(path, path.depth() - 1, 2, new Object[] {newLeft, newRight}, newRight.low());
  }

  /**
   * Replaces children of the path's node at a level, from the path's on, and mends what is above.
   */
  private void replace(TreePath path, int level, int removed, Object[] added, byte[]... between) {
    if (level < 0) {
      setRoot(added, between);
      return;
    }
    Inner old = path.node(level);
    int index = path.index(level);
    if (removed == 1 && added.length == 1) {
      old.setChild(index, added[0]);
      return;
    }
    Inner node = old.with(index, removed, added, between);
    account(-old.memoryBytes());
    int count = node.childCount();
    if (count > order) {
      // A run of keys in order leaves full nodes behind.
      int at = index + added.length == count ? count - 2 : index == 0 ? 2 : count / 2;
      at = Math.clamp(at, 1, count - 1);
      Inner left = node.part(0, at);
      Inner right = node.part(at, count);
      account(left.memoryBytes() + right.memoryBytes());
      replace(path, level - 1, 1, new Object[] {left, right}, node.separator(at - 1));
    } else if (level > 0 && count < Math.max(2, order / 4)) {
      mend(path, level, node);
    } else if (level == 0 && count == 1) {
      root = node.child(0);
    } else {
      account(node.memoryBytes());
      replace(path, level - 1, 1, new Object[] {node});
    }
  }

  private void setRoot(Object[] added, byte[][] between) {
    if (added.length == 1) {
      root = added[0];
      return;
    }
    Inner top = new Inner(between, added);
    account(top.memoryBytes());
    root = top;
  }

  /** Joins a node that has too few children with one beside it, or takes some from there. */
  private void mend(TreePath path, int level, Inner node) {
    Inner parent = path.node(level - 1);
    int index = path.index(level - 1);
    if (parent.childCount() == 1) {
      account(node.memoryBytes());
      replace(path, level - 1, 1, new Object[] {node});
      return;
    }
    boolean withNext = index < parent.childCount() - 1;
    int first = withNext ? index : index - 1;
    Inner sibling = (Inner) parent.child(withNext ? index + 1 : index - 1);
    account(-sibling.memoryBytes());
    Inner joined =
        withNext
            ? node.join(parent.separator(first), sibling)
            : sibling.join(parent.separator(first), node);
    TreePath above = new TreePath();
    for (int i = 0; i < level - 1; i++) {
      above.push(path.node(i), path.index(i));
    }
    above.push(parent, first);
    if (joined.childCount() <= order) {
      account(joined.memoryBytes());
      replace(above, level - 1, 2, new Object[] {joined});
      return;
    }
    int at = joined.childCount() / 2;
    Inner left = joined.part(0, at);
    Inner right = joined.part(at, joined.childCount());
    account(left.memoryBytes() + right.memoryBytes());
    replace(above, level - 1, 2, new Object[] {left, right}, joined.separator(at - 1));
  }
}
