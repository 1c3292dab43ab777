package dev.varve.engine.lsm.memtable;

import dev.varve.base.HeapLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/// An inner node of a [KeyTree]: children, and between each two of them a separator.
///
/// @threads one writer, which calls [#setChild] and makes new nodes; readers call the others and
///   never wait
final class Inner {
  /* Structure. A separator is a record's address: its key is the least that child may hold which
   * follows. Beside it stands the key's head behind the bytes that all separators share.
   *
   * N1: separators rise and never change.
   * N2: child i covers the keys from separator i - 1 on and before separator i. It may be replaced,
   *     but only by a node that covers the same keys and holds at least what it held.
   */

  /// The most children of a node.
  static final int CHILDREN_MAX = 64;

  /** So many bytes in common, or fewer, are left in the heads. */
  static final int SKIP_WORTH = 3;

  private static final byte[] NO_PREFIX = {};
  private static final VarHandle CHILDREN = MethodHandles.arrayElementVarHandle(Object[].class);

  private final byte[] prefix;
  private final long[] heads;
  private final int[] separators;

  /** Each a leaf (`long[]`) or a node of this class. */
  private final Object[] children;

  private Inner(byte[] prefix, long[] heads, int[] separators, Object[] children) {
    this.prefix = prefix;
    this.heads = heads;
    this.separators = separators;
    this.children = children;
  }

  private static Inner of(RecordArena arena, int[] separators, Object[] children) {
    int last = separators.length - 1;
    int skip = last < 1 ? 0 : worthSkip(arena.commonPrefix(separators[0], separators[last]));
    long[] heads = new long[separators.length];
    for (int i = 0; i <= last; i++) {
      heads[i] = arena.head(separators[i], skip);
    }
    byte[] prefix = NO_PREFIX;
    if (skip > 0) {
      int address = separators[0];
      int at = (int) (arena.key(address) >>> 32);
      prefix = Arrays.copyOfRange(arena.array(address), at, at + skip);
    }
    return new Inner(prefix, heads, separators, children);
  }

  /// A node of two children.
  static Inner of(RecordArena arena, Object left, int separator, Object right) {
    return of(arena, new int[] {separator}, new Object[] {left, right});
  }

  /// How many bytes to skip where `common` are shared.
  static int worthSkip(int common) {
    return common > SKIP_WORTH ? common : 0;
  }

  /// What the node takes, without its children.
  long memoryBytes() {
    return HeapLayout.bytesOfObject(4, 0)
        + (prefix.length == 0 ? 0 : HeapLayout.bytesOf(prefix))
        + HeapLayout.bytesOf(heads)
        + HeapLayout.bytesOf(separators)
        + HeapLayout.bytesOf(children);
  }

  int childCount() {
    return children.length;
  }

  int separator(int index) {
    return separators[index];
  }

  Object child(int index) {
    return CHILDREN.getAcquire(children, index);
  }

  /// Replaces a child by a node that covers the same keys.
  void setChild(int index, Object child) {
    CHILDREN.setRelease(children, index, child);
  }

  /// Which child covers a key.
  int childFor(RecordArena arena, byte[] key, int offset, int length) {
    int skip = prefix.length;
    if (skip > 0) {
      int common = Math.min(skip, length);
      int order = Arrays.compareUnsigned(key, offset, offset + common, prefix, 0, common);
      if (order != 0) {
        return order < 0 ? 0 : heads.length;
      }
      if (length < skip) {
        return 0;
      }
    }
    long head = Leaf.head(key, offset, length, skip);
    // Counting has no branch to be mispredicted, and loads that do not wait for each other.
    int less = 0;
    for (long other : heads) {
      less += other < head ? 1 : 0;
    }
    return less < heads.length && heads[less] == head
        ? childAmongEqual(arena, key, offset, length, less)
        : less;
  }

  /** Which child covers a key whose head is that of separator `first`, and maybe of some behind. */
  private int childAmongEqual(RecordArena arena, byte[] key, int offset, int length, int first) {
    int low = first;
    int high = heads.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (heads[middle] == heads[first]
          && arena.compareKey(key, offset, length, separators[middle]) >= 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /// This node with the child at `index` split in two. It may have one child too many.
  Inner withSplit(RecordArena arena, int index, Object left, int separator, Object right) {
    int count = separators.length;
    Object[] newChildren = new Object[count + 2];
    int[] newSeparators = new int[count + 1];
    for (int i = 0; i < index; i++) {
      newChildren[i] = child(i);
    }
    newChildren[index] = left;
    newChildren[index + 1] = right;
    for (int i = index + 1; i <= count; i++) {
      newChildren[i + 1] = child(i);
    }
    insert(separators, newSeparators, index, separator);
    if (index == 0 || index == count) {
      return of(arena, newSeparators, newChildren);
    }
    // Between two others it shares what these share.
    long[] newHeads = new long[count + 1];
    System.arraycopy(heads, 0, newHeads, 0, index);
    newHeads[index] = arena.head(separator, prefix.length);
    System.arraycopy(heads, index, newHeads, index + 1, count - index);
    return new Inner(prefix, newHeads, newSeparators, newChildren);
  }

  private static void insert(int[] from, int[] to, int index, int value) {
    System.arraycopy(from, 0, to, 0, index);
    to[index] = value;
    System.arraycopy(from, index, to, index + 1, from.length - index);
  }

  /// The part of this node with the children from `from` to before `to`.
  Inner part(RecordArena arena, int from, int to) {
    return of(
        arena,
        Arrays.copyOfRange(separators, from, to - 1),
        Arrays.copyOfRange(children, from, to));
  }
}
