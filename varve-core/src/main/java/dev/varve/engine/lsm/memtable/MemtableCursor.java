package dev.varve.engine.lsm.memtable;

import dev.varve.base.Bytes;
import java.util.Arrays;

/// Walks over the entries of a memtable as of a sequence number: keys rising, and of each key its
/// revisions, newest first, or the newest alone. Who asks for all revisions is taken to walk far.
///
/// It stays good while the writer inserts: it shows every entry up to its sequence number that was
/// there when it was sought, once, in order; later entries it does not show, or shows in their
/// place. No call waits.
///
/// The calls that move answer whether there is an entry then; the others are made only on an entry.
///
/// @threads one at a time
/// @lifetime as long as the memtable, of which it keeps parts from the collector: arrays that it
///   gives are the memtable's own, never change where an entry lies, and must not be changed
public final class MemtableCursor {
  private final RecordArena arena;
  private final KeyTree tree;
  private final long sequence;
  private final boolean newestOnly;
  private final TreePath path = new TreePath();

  /** The leaf's order as it was when the cursor came to it. */
  private final byte[] slots = new byte[Leaf.CAPACITY_MAX];

  private int count;
  private int rank;
  private int record;
  private long key;
  private long value;

  /** Of no meaning, but it has to be kept for the reads to be made. */
  @SuppressWarnings("UnusedVariable")
  private int fetched;

  MemtableCursor(RecordArena arena, KeyTree tree, long sequence, boolean newestOnly) {
    this.arena = arena;
    this.tree = tree;
    this.sequence = sequence;
    this.newestOnly = newestOnly;
  }

  /// Moves to the first entry.
  public boolean seekToFirst() {
    path.descendFirst(tree.root());
    enterLeaf();
    rank = 0;
    return settleForward();
  }

  /// Moves to the last entry.
  public boolean seekToLast() {
    path.descendLast(tree.root());
    enterLeaf();
    rank = count - 1;
    return settleBackward();
  }

  /// Moves to the first entry at `target` or behind.
  public boolean seek(byte[] target) {
    path.descend(tree.root(), arena, target, 0, target.length);
    enterLeaf();
    rank = Leaf.rankOf(path.leaf(), arena, slots, count, target);
    return settleForward();
  }

  /// Moves to the last entry at `target` or before.
  public boolean seekForPrevious(byte[] target) {
    path.descend(tree.root(), arena, target, 0, target.length);
    enterLeaf();
    rank = Leaf.rankOf(path.leaf(), arena, slots, count, target);
    if (rank == count || !arena.hasKey(target, 0, target.length, newest())) {
      rank--;
    }
    return settleBackward();
  }

  /// Moves on.
  public boolean next() {
    if (!newestOnly) {
      int older = arena.older(record);
      if (older != 0) {
        return settleAt(older);
      }
    }
    rank++;
    return settleForward();
  }

  /// Moves back.
  public boolean previous() {
    if (!newestOnly) {
      long current = arena.sequence(record);
      int newest = arena.newestThrough(newest(), sequence);
      if (arena.sequence(newest) > current) {
        return settleAt(arena.oldestAbove(newest, current));
      }
    }
    rank--;
    return settleBackward();
  }

  /** The newest record of the key at the rank. */
  private int newest() {
    return Leaf.address(path.leaf(), slots[rank]);
  }

  private void enterLeaf() {
    count = Leaf.copyOrder(path.leaf(), arena, slots);
    if (!newestOnly) {
      fetch();
    }
  }

  /**
   * Has the processor fetch the leaf's records together; the walk would wait for one after the
   * other.
   */
  private void fetch() {
    int sum = 0;
    for (int i = 0; i < count; i++) {
      sum += arena.fetch(Leaf.address(path.leaf(), slots[i]));
    }
    fetched = sum;
  }

  private boolean settleForward() {
    while (true) {
      for (; rank < count; rank++) {
        int found = arena.newestThrough(newest(), sequence);
        if (found != 0) {
          return settleAt(found);
        }
      }
      if (!path.next()) {
        return invalidate();
      }
      enterLeaf();
      rank = 0;
    }
  }

  private boolean settleBackward() {
    while (true) {
      for (; rank >= 0; rank--) {
        int found = arena.newestThrough(newest(), sequence);
        if (found != 0) {
          return settleAt(newestOnly ? found : arena.oldestAbove(found, 0));
        }
      }
      if (!path.previous()) {
        return invalidate();
      }
      enterLeaf();
      rank = count - 1;
    }
  }

  private boolean settleAt(int found) {
    record = found;
    key = arena.key(found);
    value = arena.value(found);
    return true;
  }

  private boolean invalidate() {
    record = 0;
    return false;
  }

  /// Whether there is an entry.
  public boolean isValid() {
    return record != 0;
  }

  /// The number of the commit that made the entry.
  public long sequence() {
    return arena.sequence(record);
  }

  /// Whether the entry says that its key is absent.
  public boolean isTombstone() {
    return arena.kind(record) == RecordArena.TOMBSTONE;
  }

  /// The array that holds the entry's key and value.
  public byte[] array() {
    return arena.array(record);
  }

  /// Where the key begins in [#array].
  public int keyOffset() {
    return (int) (key >>> 32);
  }

  /// How many bytes the key has.
  public int keyLength() {
    return (int) key;
  }

  /// Where the value begins in [#array].
  public int valueOffset() {
    return (int) (value >>> 32);
  }

  /// How many bytes the value has; a tombstone has none.
  public int valueLength() {
    return (int) value;
  }

  /// Compares the key with another.
  public int compareKey(byte[] other) {
    return Bytes.compare(array(), keyOffset(), keyLength(), other, 0, other.length);
  }

  /// A copy of the key.
  public byte[] key() {
    return Arrays.copyOfRange(array(), keyOffset(), keyOffset() + keyLength());
  }

  /// A copy of the value.
  public byte[] value() {
    return Arrays.copyOfRange(array(), valueOffset(), valueOffset() + valueLength());
  }
}
