package dev.varve.engine.btree;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What changed since the last flush began, and what is being flushed.
///
/// @threads the writer, and [#seal] while nobody applies; what is sealed is the flush's. Sizes may
///   be asked for by anybody
/// @source the flush epochs of sled (github.com/spacejam/sled, src/flush_epoch.rs). There writers
///   check in and out of an epoch; here commits are applied one after the other, and an epoch ends
///   between two of them
final class FlushEpochs {
  /// An epoch whose commits are all applied, and visible.
  ///
  /// @param number its number
  /// @param cut the last of its commits
  /// @param totals what the keyspace has as of `cut`
  /// @param leaves what is to be done with which leaves
  /// @param values values that are kept apart and were made in it
  /// @param bytes what all that takes in memory
  record Sealed(
      long number,
      long cut,
      Totals totals,
      List<DirtyLeaf> leaves,
      List<LargeValue> values,
      long bytes) {}

  private long open = 1;
  private List<DirtyLeaf> leaves = new ArrayList<>();
  private List<LargeValue> values = new ArrayList<>();
  private volatile long openBytes;
  private volatile @Nullable Sealed sealed;

  /// The epoch that changes belong to now.
  long open() {
    return open;
  }

  /// Adds what is to be done with a leaf.
  void add(DirtyLeaf leaf) {
    leaves.add(leaf);
  }

  /// Adds a value that is kept apart.
  void add(LargeValue value) {
    values.add(value);
    grow(value.length());
  }

  /// Takes note that what is dirty takes so many bytes more.
  @SuppressWarnings("NonAtomicVolatileUpdate") // The writer alone writes it.
  void grow(long bytes) {
    openBytes += bytes;
  }

  /// Whether nothing changed since the last seal.
  boolean isClean() {
    return leaves.isEmpty() && values.isEmpty();
  }

  /// Ends the open epoch and begins the next. What was sealed before has been flushed.
  Sealed seal(long cut, Totals totals) {
    if (sealed != null) {
      throw new IllegalStateException("the epoch before is not flushed yet");
    }
    Sealed now = new Sealed(open, cut, totals, leaves, values, openBytes);
    sealed = now;
    open++;
    leaves = new ArrayList<>();
    values = new ArrayList<>();
    openBytes = 0;
    return now;
  }

  /// What is sealed and not flushed, or null.
  @Nullable Sealed sealed() {
    return sealed;
  }

  /// Takes note that what was sealed is flushed.
  void flushed() {
    sealed = null;
  }

  /// What is to be done with which leaves, sealed or not. While nobody applies.
  List<DirtyLeaf> all() {
    List<DirtyLeaf> all = new ArrayList<>(leaves);
    Sealed now = sealed;
    if (now != null) {
      all.addAll(now.leaves());
    }
    return all;
  }

  /// What is dirty takes so many bytes in memory, about.
  long dirtyBytes() {
    Sealed now = sealed;
    return openBytes + (now == null ? 0 : now.bytes());
  }

  /// What changed since the last seal takes so many bytes in memory, about.
  long openBytes() {
    return openBytes;
  }
}
