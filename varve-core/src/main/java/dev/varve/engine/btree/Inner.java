package dev.varve.engine.btree;

import dev.varve.base.Bytes;
import dev.varve.base.HeapLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// An inner node: children, and between each two of them a separator.
///
/// @threads one writer, which calls [#setChild] and makes new nodes; readers call the others and
///   never wait
final class Inner {
  /* N1: separators rise and never change.
   * N2: child i covers the keys from separator i - 1 on and before separator i. It may be replaced,
   *     but only by a node that covers the same keys.
   * N3: a node that was replaced stays as it is, but for children that were replaced before.
   *
   * Beside each separator stands its head: the eight bytes behind what all of them share. */

  /** So many bytes in common, or fewer, are left in the heads. */
  private static final int SKIP_WORTH = 3;

  private static final VarHandle CHILDREN = MethodHandles.arrayElementVarHandle(Object[].class);
  private static final VarHandle ENTRIES = MethodHandles.arrayElementVarHandle(LeafEntries[].class);

  private static final VarHandle WORDS = MethodHandles.arrayElementVarHandle(long[][].class);

  private final int skip;
  private final long[] heads;
  private final byte[][] separators;

  /** Each a [Leaf] or a node of this class. */
  private final Object[] children;

  /**
   * Above leaves: the entries of the child beside it, or null. They count unless they are stale: a
   * reader who finds them here need not look at the leaf, which is far from all that he looks at.
   */
  private final @Nullable LeafEntries[] entries;

  /** The words of the entries beside it, or what was there before: whoever takes both compares. */
  private final long[] @Nullable [] words;

  Inner(byte[][] separators, Object[] children) {
    this(separators, children, new LeafEntries[children[0] instanceof Leaf ? children.length : 0]);
  }

  private Inner(byte[][] separators, Object[] children, @Nullable LeafEntries[] entries) {
    this.separators = separators;
    this.children = children;
    this.entries = entries;
    this.words = new long[entries.length][];
    int last = separators.length - 1;
    int common = last < 1 ? 0 : Arrays.mismatch(separators[0], separators[last]);
    this.skip = common > SKIP_WORTH ? common : 0;
    this.heads = new long[separators.length];
    for (int i = 0; i <= last; i++) {
      heads[i] = Bytes.signedHead(separators[i], skip, separators[i].length - skip);
    }
  }

  /// What the node takes, without separators, which are their leaves', and children.
  long memoryBytes() {
    return HeapLayout.bytesOfObject(5, Integer.BYTES)
        + HeapLayout.bytesOf(heads)
        + HeapLayout.bytesOf(entries)
        + HeapLayout.bytesOf(words)
        + HeapLayout.bytesOf(separators)
        + HeapLayout.bytesOf(children);
  }

  int childCount() {
    return children.length;
  }

  /// The separator behind child `index`.
  byte[] separator(int index) {
    return separators[index];
  }

  Object child(int index) {
    return CHILDREN.getAcquire(children, index);
  }

  /// The entries of the leaf that child `index` is, where they are known here and count; else null.
  @Nullable LeafEntries entries(int index) {
    LeafEntries found = (LeafEntries) ENTRIES.getAcquire(entries, index);
    return found == null || found.isStale() ? null : found;
  }

  /// The words of what [#entries] answered, without a look at these; others', seldom.
  long @Nullable [] words(int index) {
    return (long[]) WORDS.getAcquire(words, index);
  }

  /// Notes the entries of the leaf that child `index` is. Any thread; others may be noted at once.
  void note(int index, LeafEntries of) {
    WORDS.setRelease(words, index, of.words());
    ENTRIES.setRelease(entries, index, of);
  }

  /// Forgets these entries of the leaf that child `index` is.
  void forget(int index, LeafEntries of) {
    boolean _ = ENTRIES.compareAndSet(entries, index, of, null);
    boolean _ = WORDS.compareAndSet(words, index, of.words(), null);
  }

  /// Whether the children are leaves.
  boolean isAboveLeaves() {
    return entries.length > 0;
  }

  /// Replaces a child by a node that covers the same keys.
  void setChild(int index, Object child) {
    CHILDREN.setRelease(children, index, child);
  }

  /// Which child covers a key.
  int childFor(byte[] key, int offset, int length) {
    int from = 0;
    if (skip > 0) {
      int common = Math.min(skip, length);
      int order = Arrays.compareUnsigned(key, offset, offset + common, separators[0], 0, common);
      if (order != 0) {
        return order < 0 ? 0 : heads.length;
      }
      if (length < skip) {
        return 0;
      }
      from = skip;
    }
    long head = Bytes.signedHead(key, offset + from, length - from);
    int less = countLess(head);
    while (less < heads.length
        && heads[less] >> 1 == head >> 1
        && Bytes.compare(key, offset, length, separators[less], 0, separators[less].length) >= 0) {
      less++;
    }
    return less;
  }

  /**
   * How many heads are less than one, by all but their last bit: so their difference does not
   * overflow, and its sign can be added up, which several at a time do.
   */
  private int countLess(long head) {
    long half = head >> 1;
    long less = 0;
    for (long other : heads) {
      less += ((other >> 1) - half) >>> (Long.SIZE - 1);
    }
    return (int) less;
  }

  /// Which child covers the keys just before `key`.
  int childBefore(byte[] key) {
    int child = childFor(key, 0, key.length);
    return child > 0 && Arrays.equals(separators[child - 1], key) ? child - 1 : child;
  }

  /// The separators, which are not to be changed.
  byte[][] separators() {
    return separators;
  }

  /// A copy of the children.
  Object[] children() {
    Object[] copy = new Object[children.length];
    for (int i = 0; i < copy.length; i++) {
      copy[i] = child(i);
    }
    return copy;
  }

  /// This node with its children from `index` on, `removed` of them, replaced by `added`.
  ///
  /// @param between the separators between the added ones, and none around them
  Inner with(int index, int removed, Object[] added, byte[]... between) {
    Object[] newChildren = new Object[children.length - removed + added.length];
    byte[][] newSeparators = new byte[newChildren.length - 1][];
    for (int i = 0; i < index; i++) {
      newChildren[i] = child(i);
    }
    System.arraycopy(added, 0, newChildren, index, added.length);
    int behind = index + removed;
    for (int i = behind; i < children.length; i++) {
      newChildren[i - removed + added.length] = child(i);
    }
    int separatorsBefore = Math.min(index, newSeparators.length);
    System.arraycopy(separators, 0, newSeparators, 0, separatorsBefore);
    System.arraycopy(between, 0, newSeparators, index, between.length);
    int rest = separators.length - (behind - 1);
    if (rest > 0) {
      System.arraycopy(separators, behind - 1, newSeparators, index + between.length, rest);
    }
    Inner made = new Inner(newSeparators, newChildren);
    made.noteAll(0, this, 0, index);
    made.noteAll(index + added.length, this, behind, children.length);
    return made;
  }

  /** Notes from `to` on what another node knows of its children from `from` to before `end`. */
  private void noteAll(int to, Inner other, int from, int end) {
    if (entries.length > 0 && other.entries.length > 0) {
      for (int i = from; i < end; i++) {
        LeafEntries known = other.entries(i);
        if (known != null) {
          note(to + i - from, known);
        }
      }
    }
  }

  /// The part of this node with the children from `from` to before `to`.
  Inner part(int from, int to) {
    Inner made =
        new Inner(
            Arrays.copyOfRange(separators, from, to - 1), Arrays.copyOfRange(children(), from, to));
    made.noteAll(0, this, from, to);
    return made;
  }

  /// This node and the one behind it as one.
  Inner join(byte[] separator, Inner behind) {
    Object[] all = Arrays.copyOf(children(), children.length + behind.children.length);
    System.arraycopy(behind.children(), 0, all, children.length, behind.children.length);
    byte[][] between = Arrays.copyOf(separators, all.length - 1);
    between[children.length - 1] = separator;
    System.arraycopy(behind.separators, 0, between, children.length, behind.separators.length);
    Inner made = new Inner(between, all);
    made.noteAll(0, this, 0, children.length);
    made.noteAll(children.length, behind, 0, behind.children.length);
    return made;
  }
}
