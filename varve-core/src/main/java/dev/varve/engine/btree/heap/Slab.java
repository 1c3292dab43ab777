package dev.varve.engine.btree.heap;

import dev.varve.base.HeapLayout;
import org.jspecify.annotations.Nullable;

/// A slab that is in use: its slots and what is in them.
///
/// @threads under the heap's lock
final class Slab {
  /* A slot is free: its bit is clear, nobody owns it;
   *         pending: its bit is set, nobody owns it, and a batch that is open took it;
   *         live: its bit is set, and a live object owns it;
   *         waiting: its bit is set, nobody owns it any more, but somebody may still read it. */

  final int index;
  final int sizeClass;
  final int slots;
  private final @Nullable StoredObject[] owners;
  private final long[] taken;
  private int live;
  private int pending;
  private int waiting;

  /** Objects with a piece here that cannot be read, and so not be moved. */
  private int unreadable;

  /** Whether the batch that is open empties it. */
  private boolean leaving;

  Slab(int index, int sizeClass, int slots) {
    this.index = index;
    this.sizeClass = sizeClass;
    this.slots = slots;
    this.owners = new StoredObject[slots];
    this.taken = new long[(slots + 63) >>> 6];
  }

  int live() {
    return live;
  }

  int pending() {
    return pending;
  }

  int waiting() {
    return waiting;
  }

  int free() {
    return slots - live - pending - waiting;
  }

  boolean isEmpty() {
    return live + pending + waiting == 0;
  }

  boolean isTaken(int slot) {
    return (taken[slot >>> 6] & 1L << slot) != 0;
  }

  @Nullable StoredObject owner(int slot) {
    return owners[slot];
  }

  private void set(int slot) {
    taken[slot >>> 6] |= 1L << slot;
  }

  private void clear(int slot) {
    taken[slot >>> 6] &= ~(1L << slot);
  }

  /// Takes the lowest free slot, which there is.
  int take() {
    int word = 0;
    while (taken[word] == -1L) {
      word++;
    }
    int slot = (word << 6) + Long.numberOfTrailingZeros(~taken[word]);
    set(slot);
    pending++;
    return slot;
  }

  /// Gives a slot back that was taken.
  void untake(int slot) {
    clear(slot);
    pending--;
  }

  /// A slot that was taken has an owner now.
  void settle(int slot, StoredObject owner) {
    owners[slot] = owner;
    pending--;
    live++;
  }

  /// A free slot has an owner: as a map says.
  void place(int slot, StoredObject owner) {
    set(slot);
    owners[slot] = owner;
    live++;
  }

  /// Another object stands for the one that has a slot.
  void replaceOwner(int slot, StoredObject owner) {
    owners[slot] = owner;
  }

  /// A slot has no owner any more.
  void retire(int slot) {
    owners[slot] = null;
    live--;
    waiting++;
  }

  /// Nobody can read any more what was in a slot.
  void reuse(int slot) {
    clear(slot);
    waiting--;
  }

  void noteUnreadable(int change) {
    unreadable += change;
  }

  boolean hasUnreadable() {
    return unreadable > 0;
  }

  boolean isLeaving() {
    return leaving;
  }

  void leave(boolean now) {
    leaving = now;
  }

  long memoryBytes() {
    return memoryBytes(owners, taken);
  }

  private static long memoryBytes(@Nullable Object[] owners, long[] taken) {
    return HeapLayout.bytesOfObject(2, 7 * Integer.BYTES + 1)
        + HeapLayout.bytesOf(owners)
        + HeapLayout.bytesOf(taken);
  }
}
