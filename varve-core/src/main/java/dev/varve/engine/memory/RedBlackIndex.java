package dev.varve.engine.memory;

import dev.varve.base.Bytes;
import dev.varve.base.ReaderEpochs;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.List;

/// A red-black tree that readers walk while it is being rebalanced.
///
/// @threads as [KeyIndex]
/// @source Cormen et al., Introduction to Algorithms, chapter 13, for the tree; Howard and Walpole,
///   Relativistic red-black trees, Concurrency and Computation 26(16), 2014, for rotations that
///   copy the node that moves down. Where they wait for readers when a node with two children is
///   removed, here such a node stays, dead, until it has fewer.
final class RedBlackIndex implements OrderedKeyIndex {
  /* A node is a number; its fields are four longs in a page:
   *
   *   0  the key's first eight bytes, which decide most comparisons without a look at the record
   *   1  left child (high half), right child (low half)
   *   2  parent and colour (high half: parent * 2 + red), record (low half)
   *   3  the node before (high half) and behind (low half) in key order
   *
   * Node 0 stands for no node; its field 3 holds the last and the first node.
   *
   * Readers and the one writer. A reader descends from the root, or follows field 3, with no lock.
   * I1: whatever node a reader has reached, all keys that belong below it and are there all along can
   *     be reached from it, even after the node was taken out. So a rotation never changes the node
   *     that moves down: it puts a copy in its place and leaves the old one as it was.
   * I2: fields of a node are set before the node can be reached, with release; readers load links
   *     with acquire.
   * I3: a node taken out is used again only when no reader can be looking at it (Limbo).
   *
   * A node with two children whose key is removed stays as a signpost, dead, until a removal or a
   * rotation leaves it with fewer. There are never more dead nodes than others. */

  private static final VarHandle LONGS = MethodHandles.arrayElementVarHandle(long[].class);

  private static final int PAGE_BITS = 12;
  private static final int PAGE_NODES = 1 << PAGE_BITS;
  private static final int NODE_LONGS = 4;
  private static final int FIRST_PAGE_NODES = 16;

  private static final int HEAD = 0;
  private static final int CHILDREN = 1;
  private static final int PARENT = 2;
  private static final int THREAD = 3;
  private static final long LOW = 0xFFFFFFFFL;
  private static final long RED = 1L << 32;

  /** How many nodes may wait in limbo before it is asked whether readers have left. */
  private static final int LIMBO_NODES = 1024;

  private final RecordHeap heap;
  private final Limbo limbo;
  private final IntList free = new IntList();

  /** Replaced when a page is added, or the first page grows. */
  private long[][] pages = {new long[FIRST_PAGE_NODES * NODE_LONGS]};

  private volatile long memoryBytes = 8L * FIRST_PAGE_NODES * NODE_LONGS;
  private volatile int root;
  private int nodeCount = 1;
  private int retired;

  /** Dead nodes that were left with fewer than two children, and what was retired since. */
  private final IntList dispensable = new IntList();

  private final IntList retiredNow = new IntList();

  /** Records of dead nodes that were taken out, to be given to the next remove. */
  private final IntList swept = new IntList();

  private int locatedNode;
  private int locatedParent;
  private boolean locatedLeft;
  private long locatedHead;

  RedBlackIndex(RecordHeap heap, ReaderEpochs epochs) {
    this.heap = heap;
    this.limbo = new Limbo(epochs, free::add);
  }

  // Fields of nodes.

  private long load(int node, int field) {
    return (long) LONGS.getAcquire(pages[node >>> PAGE_BITS], slot(node, field));
  }

  private long own(int node, int field) {
    return pages[node >>> PAGE_BITS][slot(node, field)];
  }

  private void store(int node, int field, long value) {
    LONGS.setRelease(pages[node >>> PAGE_BITS], slot(node, field), value);
  }

  private static int slot(int node, int field) {
    return (node & PAGE_NODES - 1) * NODE_LONGS + field;
  }

  private static int high(long pair) {
    return (int) (pair >>> 32);
  }

  private static int low(long pair) {
    return (int) pair;
  }

  private static long pair(int high, int low) {
    return (long) high << 32 | (low & LOW);
  }

  private int left(int node) {
    return high(own(node, CHILDREN));
  }

  private int right(int node) {
    return low(own(node, CHILDREN));
  }

  private void setLeft(int node, int child) {
    store(node, CHILDREN, pair(child, right(node)));
  }

  private void setRight(int node, int child) {
    store(node, CHILDREN, pair(left(node), child));
  }

  private int parent(int node) {
    return high(own(node, PARENT)) >>> 1;
  }

  private void setParent(int node, int parent) {
    if (node != 0) {
      store(node, PARENT, (own(node, PARENT) & (RED | LOW)) | (long) parent << 33);
    }
  }

  private boolean isRed(int node) {
    return node != 0 && (own(node, PARENT) & RED) != 0;
  }

  private void setRed(int node, boolean red) {
    long was = own(node, PARENT);
    store(node, PARENT, red ? was | RED : was & ~RED);
  }

  private int record(int node) {
    return low(load(node, PARENT));
  }

  private void setBehind(int node, int behind) {
    store(node, THREAD, pair(high(own(node, THREAD)), behind));
  }

  private void setBefore(int node, int before) {
    store(node, THREAD, pair(before, low(own(node, THREAD))));
  }

  // For readers.

  private int compare(long head, byte[] key, int offset, int length, int node) {
    long other = load(node, HEAD);
    return head != other
        ? Long.compareUnsigned(head, other)
        : heap.compareKey(key, offset, length, record(node));
  }

  @Override
  public int find(byte[] key, int offset, int length) {
    long head = Bytes.head(key, offset, length);
    int node = root;
    while (node != 0) {
      int order = compare(head, key, offset, length, node);
      if (order == 0) {
        return record(node);
      }
      long children = load(node, CHILDREN);
      node = order < 0 ? high(children) : low(children);
    }
    return 0;
  }

  @Override
  public void ascend(byte[] from, boolean inclusive, RecordSink sink) {
    int node = low(load(0, THREAD));
    if (from.length > 0) {
      long head = Bytes.head(from, 0, from.length);
      node = 0;
      for (int at = root; at != 0; ) {
        int order = compare(head, from, 0, from.length, at);
        long children = load(at, CHILDREN);
        if (order < 0 || (order == 0 && inclusive)) {
          node = at;
          at = high(children);
        } else {
          at = low(children);
        }
      }
    }
    while (node != 0 && sink.take(record(node))) {
      node = low(load(node, THREAD));
    }
  }

  @Override
  public void descend(byte[] from, boolean inclusive, RecordSink sink) {
    int node = high(load(0, THREAD));
    if (from.length > 0) {
      long head = Bytes.head(from, 0, from.length);
      node = 0;
      for (int at = root; at != 0; ) {
        int order = compare(head, from, 0, from.length, at);
        long children = load(at, CHILDREN);
        if (order > 0 || (order == 0 && inclusive)) {
          node = at;
          at = low(children);
        } else {
          at = high(children);
        }
      }
    }
    while (node != 0 && sink.take(record(node))) {
      node = high(load(node, THREAD));
    }
  }

  @Override
  public long scan(long position, RecordSink sink) {
    throw new UnsupportedOperationException("an ordered index is walked by key");
  }

  // For the writer.

  @Override
  public int locate(byte[] key, int offset, int length) {
    long head = Bytes.head(key, offset, length);
    int parent = 0;
    int node = root;
    boolean isLeft = false;
    while (node != 0) {
      int order = compare(head, key, offset, length, node);
      if (order == 0) {
        break;
      }
      parent = node;
      isLeft = order < 0;
      node = isLeft ? left(node) : right(node);
    }
    locatedNode = node;
    locatedParent = parent;
    locatedLeft = isLeft;
    locatedHead = head;
    return node == 0 ? 0 : record(node);
  }

  @Override
  public void set(int address) {
    if (locatedNode != 0) {
      store(locatedNode, PARENT, (own(locatedNode, PARENT) & ~LOW) | (address & LOW));
      return;
    }
    int parent = locatedParent;
    int node = newNode();
    int before;
    int behind;
    if (parent == 0) {
      before = 0;
      behind = 0;
    } else if (locatedLeft) {
      behind = parent;
      before = high(own(parent, THREAD));
    } else {
      before = parent;
      behind = low(own(parent, THREAD));
    }
    store(node, HEAD, locatedHead);
    store(node, CHILDREN, 0);
    store(node, PARENT, (long) parent << 33 | RED | (address & LOW));
    store(node, THREAD, pair(before, behind));
    setBehind(before, node);
    setBefore(behind, node);
    if (parent == 0) {
      root = node;
    } else if (locatedLeft) {
      setLeft(parent, node);
    } else {
      setRight(parent, node);
    }
    fixInsert(node);
    locatedNode = 0;
    sweep();
  }

  private int newNode() {
    if (free.isEmpty() && retired > LIMBO_NODES) {
      retired = 0;
      limbo.release();
    }
    if (!free.isEmpty()) {
      return free.removeLast();
    }
    int node = nodeCount;
    int page = node >>> PAGE_BITS;
    if (page == pages.length) {
      long[][] grown = Arrays.copyOf(pages, page + 1);
      grown[page] = new long[PAGE_NODES * NODE_LONGS];
      pages = grown;
      account(PAGE_NODES);
    } else if (slot(node, 0) == pages[page].length) {
      // Only the first page is short. Readers with the old one see the tree as it was.
      long[][] grown = pages.clone();
      grown[page] = Arrays.copyOf(pages[page], pages[page].length * 2);
      account(pages[page].length / NODE_LONGS);
      pages = grown;
    }
    nodeCount++;
    return node;
  }

  private void account(long nodes) {
    long total = memoryBytes + nodes * NODE_LONGS * 8;
    memoryBytes = total;
  }

  private void retire(int node) {
    retired++;
    retiredNow.add(node);
    limbo.add(node);
  }

  private void noteDispensable(int node) {
    if (node != 0
        && (left(node) == 0 || right(node) == 0)
        && heap.hasFlag(record(node), RecordHeap.DEAD)) {
      dispensable.add(node);
    }
  }

  /** Takes out the dead nodes that the tree can do without by now. */
  private void sweep() {
    while (!dispensable.isEmpty()) {
      int node = dispensable.removeLast();
      if (!retiredNow.contains(node) && (left(node) == 0 || right(node) == 0)) {
        swept.add(record(node));
        unlink(node);
      }
    }
    retiredNow.clear();
  }

  private void fixInsert(int inserted) {
    int node = inserted;
    while (isRed(parent(node))) {
      int parent = parent(node);
      int grandparent = parent(parent);
      boolean parentIsLeft = parent == left(grandparent);
      int uncle = parentIsLeft ? right(grandparent) : left(grandparent);
      if (isRed(uncle)) {
        setRed(parent, false);
        setRed(uncle, false);
        setRed(grandparent, true);
        node = grandparent;
        continue;
      }
      if (node == (parentIsLeft ? right(parent) : left(parent))) {
        node = rotate(parent, parentIsLeft);
        parent = parent(node);
        grandparent = parent(parent);
      }
      setRed(parent, false);
      setRed(grandparent, true);
      int _ = rotate(grandparent, !parentIsLeft);
    }
    setRed(root, false);
  }

  /**
   * Has a node and its child on the other side change places: the node moves down to the left, or
   * else to the right. What moves down is a copy; answers it.
   */
  private int rotate(int node, boolean toLeft) {
    int child = toLeft ? right(node) : left(node);
    int inner = toLeft ? left(child) : right(child);
    int outer = toLeft ? left(node) : right(node);
    int parent = parent(node);
    int copy = newNode();
    long thread = own(node, THREAD);
    store(copy, HEAD, own(node, HEAD));
    store(copy, CHILDREN, toLeft ? pair(outer, inner) : pair(inner, outer));
    store(copy, PARENT, (own(node, PARENT) & (RED | LOW)) | (long) child << 33);
    store(copy, THREAD, thread);
    setBehind(high(thread), copy);
    setBefore(low(thread), copy);
    setParent(inner, copy);
    setParent(outer, copy);
    setParent(child, parent);
    if (toLeft) {
      setLeft(child, copy);
    } else {
      setRight(child, copy);
    }
    replaceChild(parent, node, child);
    retire(node);
    noteDispensable(copy);
    return copy;
  }

  private void replaceChild(int parent, int old, int replacement) {
    if (parent == 0) {
      root = replacement;
    } else if (left(parent) == old) {
      setLeft(parent, replacement);
    } else {
      setRight(parent, replacement);
    }
  }

  @Override
  public void remove(IntList removed) {
    int node = locatedNode;
    locatedNode = 0;
    if (left(node) != 0 && right(node) != 0) {
      heap.setFlag(record(node), RecordHeap.DEAD, true);
      return;
    }
    removed.add(record(node));
    unlink(node);
    sweep();
    for (int i = 0; i < swept.size(); i++) {
      removed.add(swept.get(i));
    }
    swept.clear();
  }

  /** Takes out a node with at most one child. */
  private void unlink(int node) {
    int child = left(node) != 0 ? left(node) : right(node);
    int parent = parent(node);
    boolean wasRed = isRed(node);
    long thread = own(node, THREAD);
    setParent(child, parent);
    replaceChild(parent, node, child);
    setBehind(high(thread), low(thread));
    setBefore(low(thread), high(thread));
    retire(node);
    noteDispensable(parent);
    if (!wasRed) {
      fixRemove(child, parent);
    }
  }

  private void fixRemove(int start, int startParent) {
    int node = start;
    int parent = startParent;
    while (parent != 0 && !isRed(node)) {
      boolean isLeft = node == left(parent);
      int sibling = isLeft ? right(parent) : left(parent);
      if (isRed(sibling)) {
        setRed(sibling, false);
        setRed(parent, true);
        parent = rotate(parent, isLeft);
        sibling = isLeft ? right(parent) : left(parent);
      }
      int inner = isLeft ? left(sibling) : right(sibling);
      int outer = isLeft ? right(sibling) : left(sibling);
      if (!isRed(inner) && !isRed(outer)) {
        setRed(sibling, true);
        node = parent;
        parent = parent(node);
        continue;
      }
      if (!isRed(outer)) {
        setRed(inner, false);
        setRed(sibling, true);
        int _ = rotate(sibling, !isLeft);
        sibling = isLeft ? right(parent) : left(parent);
        outer = isLeft ? right(sibling) : left(sibling);
      }
      setRed(sibling, isRed(parent));
      setRed(parent, false);
      setRed(outer, false);
      int _ = rotate(parent, isLeft);
      break;
    }
    if (node != 0) {
      setRed(node, false);
    }
  }

  @Override
  public long memoryBytes() {
    return memoryBytes;
  }

  @Override
  public long validate(List<String> problems) {
    if (isRed(root)) {
      problems.add("the root is red");
    }
    if (parent(root) != 0) {
      problems.add("the root has a parent");
    }
    long[] count = new long[1];
    int blackHeight = validate(root, problems, count);
    assert blackHeight >= 0;
    long threaded = 0;
    int before = 0;
    for (int node = low(own(0, THREAD)); node != 0; node = low(own(node, THREAD))) {
      if (high(own(node, THREAD)) != before) {
        problems.add("node " + node + " does not know the node before it");
      }
      if (before != 0 && compareNodes(before, node) >= 0) {
        problems.add("node " + before + " is not before " + node);
      }
      before = node;
      threaded++;
      if (threaded > count[0]) {
        break;
      }
    }
    if (threaded != count[0] || high(own(0, THREAD)) != before) {
      problems.add("the list has " + threaded + " nodes, the tree " + count[0]);
    }
    return count[0];
  }

  private int compareNodes(int a, int b) {
    byte[] key = heap.key(record(a));
    return heap.compareKey(key, 0, key.length, record(b));
  }

  /** Answers how many black nodes lie on each way down; a tree's depth is at most about 60. */
  private int validate(int node, List<String> problems, long[] count) {
    if (node == 0) {
      return 0;
    }
    count[0]++;
    int left = left(node);
    int right = right(node);
    byte[] key = heap.key(record(node));
    if (Bytes.head(key, 0, key.length) != own(node, HEAD)) {
      problems.add("node " + node + " has another head than its key");
    }
    if ((left != 0 && parent(left) != node) || (right != 0 && parent(right) != node)) {
      problems.add("a child of node " + node + " has another parent");
    }
    if ((left != 0 && compareNodes(left, node) >= 0)
        || (right != 0 && compareNodes(right, node) <= 0)) {
      problems.add("a child of node " + node + " is on the wrong side");
    }
    if (isRed(node) && (isRed(left) || isRed(right))) {
      problems.add("red node " + node + " has a red child");
    }
    int leftHeight = validate(left, problems, count);
    int rightHeight = validate(right, problems, count);
    if (leftHeight != rightHeight) {
      problems.add(
          "node " + node + " has " + leftHeight + " black nodes left, " + rightHeight + " right");
    }
    return leftHeight + (isRed(node) ? 0 : 1);
  }
}
