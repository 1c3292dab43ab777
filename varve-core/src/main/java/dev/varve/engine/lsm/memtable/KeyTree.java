package dev.varve.engine.lsm.memtable;

import dev.varve.base.HeapLayout;
import dev.varve.cache.MemoryBudget;
import java.util.concurrent.atomic.AtomicLong;

/// Finds the newest record of a key: a B+Tree from keys to addresses.
///
/// @threads one writer, which calls [#locate] and [#set]; readers call [#find] and [#root], and
///   never wait
final class KeyTree {
  /* Structure. The root is a leaf (long[]) or an Inner. A key is put into its leaf in place while
   * that has room. A full leaf is replaced by a larger one, or by two, a leaf whose prefix a new key
   * lacks by one with a shorter prefix; the new nodes are complete before the parent, or the root,
   * names them. A split replaces the parent, too, since separators never change, and so on upward.
   *
   * T1: whoever follows the root finds each key's leaf after at most the tree's height of steps.
   * T2: a node that was replaced holds what it held then; see TreePath.
   * T3: where keys come in rising or falling order, leaves are left full: a full leaf stays as it is,
   *     and the new key gets a leaf of its own beside it.
   */

  private final RecordArena arena;
  private final MemoryBudget budget;
  private final AtomicLong memoryBytes;
  private final TreePath path = new TreePath();

  private volatile Object root;

  /**
   * What [#locate] found: a slot, or -1 less a rank; [#NO_PREFIX] when the key lacks the prefix.
   */
  private int located;

  private static final int NO_PREFIX = Integer.MIN_VALUE;

  /// A tree without keys. What it takes is added to `memoryBytes`.
  KeyTree(RecordArena arena, MemoryBudget budget, AtomicLong memoryBytes) {
    this.arena = arena;
    this.budget = budget;
    this.memoryBytes = memoryBytes;
    long[] leaf = Leaf.empty(Leaf.CAPACITY_STEP);
    account(HeapLayout.bytesOf(leaf));
    this.root = leaf;
  }

  private void account(long bytes) {
    memoryBytes.setRelease(memoryBytes.getPlain() + bytes);
    budget.use(bytes);
  }

  Object root() {
    return root;
  }

  /// The newest record of a key, or 0 when it has none. For readers.
  int find(byte[] key, int offset, int length) {
    Object node = root;
    while (node instanceof Inner inner) {
      node = inner.child(inner.childFor(arena, key, offset, length));
    }
    return Leaf.find((long[]) node, arena, key, offset, length);
  }

  /// As [#find], for the writer: remembers the place for [#set].
  int locate(byte[] key, int offset, int length) {
    path.descend(root, arena, key, offset, length);
    return locateInLeaf(key, offset, length);
  }

  private int locateInLeaf(byte[] key, int offset, int length) {
    long[] leaf = path.leaf();
    if (!Leaf.sharesPrefix(leaf, key, offset, length)) {
      located = NO_PREFIX;
      return 0;
    }
    located = Leaf.locate(leaf, arena, key, offset, length);
    return located < 0 ? 0 : Leaf.address(leaf, located);
  }

  /// Makes `address` the newest record of its key, which is the one located last and stands in
  /// `key`.
  void set(byte[] key, int offset, int length, int address) {
    if (located >= 0) {
      Leaf.setAddress(path.leaf(), located, address);
      return;
    }
    while (!insert(key, offset, length, address)) {
      locate(key, offset, length);
    }
  }

  /** Adds the key, or makes room for it and answers false. */
  private boolean insert(byte[] key, int offset, int length, int address) {
    long[] leaf = path.leaf();
    int capacity = Leaf.capacity(leaf);
    if (located == NO_PREFIX) {
      int common = arena.commonPrefix(key, offset, length, Leaf.address(leaf, 0));
      replaceLeaf(Leaf.rebuilt(leaf, arena, capacity, Inner.worthSkip(common)));
      return false;
    }
    int rank = -1 - located;
    int count = Leaf.count(leaf);
    if (count < capacity) {
      Leaf.insert(leaf, rank, Leaf.head(key, offset, length, Leaf.skip(leaf)), address);
      return true;
    }
    if (capacity < Leaf.CAPACITY_MAX) {
      replaceLeaf(Leaf.rebuilt(leaf, arena, capacity + Leaf.CAPACITY_STEP, Leaf.skip(leaf)));
      return false;
    }
    if ((rank == count || rank == 0) && Leaf.addedLast(leaf, rank == count)) {
      splitBeside(leaf, rank == count, address);
      return true;
    }
    splitInTheMiddle(leaf);
    return false;
  }

  private void splitBeside(long[] leaf, boolean right, int address) {
    int[] addresses = Leaf.sortedAddresses(leaf);
    int neighbour = addresses[right ? addresses.length - 1 : 0];
    int skip = Inner.worthSkip(arena.commonPrefix(address, neighbour));
    long[] added = Leaf.of(arena, new int[] {address}, 0, 1, Leaf.CAPACITY_STEP, skip);
    if (right) {
      split(leaf, address, added, HeapLayout.bytesOf(added));
    } else {
      split(added, neighbour, leaf, HeapLayout.bytesOf(added));
    }
  }

  private void splitInTheMiddle(long[] leaf) {
    int[] addresses = Leaf.sortedAddresses(leaf);
    int middle = addresses.length / 2;
    long[] left = half(leaf, addresses, 0, middle);
    long[] right = half(leaf, addresses, middle, addresses.length);
    long bytes = HeapLayout.bytesOf(left) + HeapLayout.bytesOf(right) - HeapLayout.bytesOf(leaf);
    split(left, addresses[middle], right, bytes);
  }

  private long[] half(long[] leaf, int[] addresses, int from, int to) {
    int capacity = to - from + Leaf.CAPACITY_STEP;
    int skip = Leaf.skip(leaf);
    if (!Leaf.headsDifferEarly(leaf, from, to - 1, Inner.SKIP_WORTH)) {
      skip = Inner.worthSkip(arena.commonPrefix(addresses[from], addresses[to - 1]));
    }
    return skip == Leaf.skip(leaf)
        ? Leaf.copy(leaf, addresses, from, to, capacity)
        : Leaf.of(arena, addresses, from, to, capacity, skip);
  }

  private void replaceLeaf(long[] replacement) {
    account(HeapLayout.bytesOf(replacement) - HeapLayout.bytesOf(path.leaf()));
    put(path.depth() - 1, replacement);
  }

  /** Makes `node` what the path's node at `level` refers to; level -1 stands above the root. */
  private void put(int level, Object node) {
    if (level < 0) {
      root = node;
    } else {
      path.node(level).setChild(path.index(level), node);
    }
  }

  /** Puts two nodes in the place of the path's leaf, which take `bytes` more than it. */
  private void split(Object newLeft, int newSeparator, Object newRight, long bytes) {
    Object left = newLeft;
    int separator = newSeparator;
    Object right = newRight;
    long total = bytes;
    int level = path.depth() - 1;
    for (; level >= 0; level--) {
      Inner old = path.node(level);
      int index = path.index(level);
      Inner grown = old.withSplit(arena, index, left, separator, right);
      int count = grown.childCount();
      total -= old.memoryBytes();
      if (count <= Inner.CHILDREN_MAX) {
        account(total + grown.memoryBytes());
        put(level - 1, grown);
        return;
      }
      int at = index == count - 2 ? count - 2 : index == 0 ? 2 : count / 2;
      Inner leftPart = grown.part(arena, 0, at);
      Inner rightPart = grown.part(arena, at, count);
      total += leftPart.memoryBytes() + rightPart.memoryBytes();
      left = leftPart;
      separator = grown.separator(at - 1);
      right = rightPart;
    }
    Inner top = Inner.of(arena, left, separator, right);
    account(total + top.memoryBytes());
    root = top;
  }
}
