package dev.varve.engine.btree;

import dev.varve.base.HeapLayout;
import dev.varve.engine.btree.heap.ObjectOwner;
import dev.varve.engine.btree.heap.StoredObject;
import org.jspecify.annotations.Nullable;

/// A leaf of the tree: its place there, its entries while they are in memory, and its object on the
/// device.
///
/// @threads as each field says. "The writer" is who applies a commit
final class Leaf implements ObjectOwner {
  /* A leaf is clean, or dirty in the open epoch, or in the one that is being flushed, or in both.
   *
   * F1: while a leaf is dirty in the open epoch its entries change by the writer alone, and nobody evicts
   *     them. The writer makes it dirty, under the monitor, before it changes anything.
   * F2: entries go from memory only while the leaf is clean and in the tree; then its object has them.
   * F3: what the leaf is to be written with for the epoch that is being flushed is, until the flush
   *     takes it, in the leaf, or was handed over when the writer replaced it (DirtyLeaf).
   * F4: a leaf that has left the tree keeps its entries: a reader that is late finds there what there
   *     was when it left.
   *
   * A reader takes the covers, then the entries, and then what is visible. Covers come before the commit
   * that they are of is visible, and go once entries that have them inside are there. */

  static final long[] NO_COVERS = {};

  private final byte[] low;

  /** Written under the monitor; by the writer alone while dirty in the open epoch. */
  private volatile @Nullable LeafEntries entries;

  /** The commits that deleted the whole leaf since its entries were made; the writer's. */
  private volatile long[] covers = NO_COVERS;

  /** Written under the monitor. */
  private volatile @Nullable StoredObject stored;

  /** The values that are kept apart and that the page on the device refers to; the monitor. */
  private LargeValue[] storedValues = LeafEntries.NO_LARGE_VALUES;

  /** Guarded by the monitor; the writer reads what it wrote itself. */
  private @Nullable DirtyLeaf dirty;

  /** Guarded by the monitor. */
  private boolean gone;

  /** The cache's. */
  private byte queue;

  /** The number of the eviction that it went with from the small queue, or 0; the cache's. */
  private long evictedAt;

  /** What the cache has for the entries in its account; under the monitor. */
  private int chargedBytes;

  /// A leaf that has entries and no object.
  Leaf(byte[] low, LeafEntries entries) {
    this.low = low;
    this.entries = entries;
  }

  /// A leaf that is on the device.
  Leaf(StoredObject stored) {
    this.low = stored.name();
    this.stored = stored;
    stored.own(this);
  }

  /// What a leaf takes, without its entries and its object.
  long memoryBytes() {
    return HeapLayout.bytesOfObject(6, Integer.BYTES + Long.BYTES + 2) + HeapLayout.bytesOf(low);
  }

  /// The least key that it covers; empty for the first leaf. Not to be changed.
  byte[] low() {
    return low;
  }

  /// The entries, if they are in memory.
  @Nullable LeafEntries entries() {
    return entries;
  }

  /// The commits that deleted all that [#entries] have, ascending; to be taken before these.
  long[] covers() {
    return covers;
  }

  /// The object on the device, if there is one.
  @Nullable StoredObject stored() {
    return stored;
  }

  byte queue() {
    return queue;
  }

  void setQueue(byte number) {
    queue = number;
  }

  long evictedAt() {
    return evictedAt;
  }

  void setEvictedAt(long eviction) {
    evictedAt = eviction;
  }

  /// What the cache has for the entries in its account; under the monitor.
  int chargedBytes() {
    return chargedBytes;
  }

  void setChargedBytes(int bytes) {
    chargedBytes = bytes;
  }

  // Under the monitor.

  /// Whether it has left the tree.
  boolean isGone() {
    return gone;
  }

  @Nullable DirtyLeaf dirty() {
    return dirty;
  }

  void setDirty(@Nullable DirtyLeaf value) {
    dirty = value;
  }

  /// Sets the entries: those that were loaded, or none.
  void setEntries(@Nullable LeafEntries value) {
    entries = value;
  }

  void setCovers(long[] value) {
    covers = value;
  }

  /// Has the leaf leave the tree.
  void leave() {
    gone = true;
  }

  /// Is told which object has it now, durably, and to which values that refers.
  void setStored(StoredObject object, LargeValue[] values) {
    object.own(this);
    stored = object;
    storedValues = values;
  }

  /// The values that are kept apart and that the page on the device refers to; known once the page
  /// was read.
  LargeValue[] storedValues() {
    return storedValues;
  }

  void setStoredValues(LargeValue[] values) {
    storedValues = values;
  }

  @Override
  public synchronized void moved(StoredObject from, StoredObject to) {
    // It may have got another meanwhile: then that one counts.
    if (stored == from) {
      stored = to;
    }
  }
}
