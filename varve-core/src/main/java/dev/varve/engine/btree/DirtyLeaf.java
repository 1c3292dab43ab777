package dev.varve.engine.btree;

import dev.varve.base.InvariantError;
import org.jspecify.annotations.Nullable;

/// What one epoch's flush is to do with a leaf.
///
/// @threads guarded by the leaf's monitor
final class DirtyLeaf {
  /// How far it is. A leaf becomes dirty as [#CHANGED], or as [#DELETED] when it leaves the tree
  /// unchanged; the last three are final for the epoch.
  enum State {
    /// The leaf has what is to be written; the tree may change it still.
    CHANGED,
    /// The tree has given what is to be written away, since it had to replace it.
    HANDED_OVER,
    /// The flush has taken what is to be written.
    TAKEN,
    /// The leaf has left the tree: its object goes.
    DELETED;

    boolean canBecome(State next) {
      return switch (this) {
        case CHANGED -> next != CHANGED;
        case HANDED_OVER -> next == TAKEN;
        case TAKEN, DELETED -> false;
      };
    }
  }

  private final Leaf leaf;
  private final long epoch;

  /** The same of the epoch before, if its flush has not taken it yet. */
  private @Nullable DirtyLeaf older;

  private State state;
  private @Nullable LeafEntries frozen;
  private long[] frozenCovers = Leaf.NO_COVERS;

  /** What [#frozen] takes in memory and is in no other account. */
  private long frozenBytes;

  DirtyLeaf(Leaf leaf, long epoch, State state, @Nullable DirtyLeaf older) {
    this.leaf = leaf;
    this.epoch = epoch;
    this.state = state;
    this.older = older;
  }

  Leaf leaf() {
    return leaf;
  }

  /// The epoch whose flush this is for.
  long epoch() {
    return epoch;
  }

  State state() {
    return state;
  }

  /// The same of the epoch before, if its flush has not taken it yet.
  @Nullable DirtyLeaf older() {
    return older;
  }

  /// Goes on to another state.
  void become(State next) {
    if (!state.canBecome(next)) {
      throw new InvariantError("a leaf that is " + state + " cannot become " + next);
    }
    state = next;
  }

  /// Keeps what is to be written: it is not the leaf's any more, or may be so no longer.
  void freeze(@Nullable LeafEntries entries, long[] covers) {
    frozen = entries;
    frozenCovers = covers;
  }

  /// What is to be written, once it was kept; null when it is on the device alone.
  @Nullable LeafEntries frozen() {
    return frozen;
  }

  /// What [#frozen] takes in memory, when it is the leaf's no more.
  long frozenBytes() {
    return frozenBytes;
  }

  void setFrozenBytes(long bytes) {
    frozenBytes = bytes;
  }

  /// The range deletes that go with [#frozen].
  long[] frozenCovers() {
    return frozenCovers;
  }

  /// Forgets the epoch before, whose flush is done.
  void settled() {
    older = null;
  }
}
