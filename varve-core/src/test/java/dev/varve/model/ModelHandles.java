package dev.varve.model;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// The snapshots and cursors that a list has open in its model, by their numbers. What was opened
/// in an earlier life of the store is there, but of no use.
///
/// @threads one at a time
final class ModelHandles {
  /// A moment that is read, as long as what holds it is open.
  final class Moment {
    private final long number;
    private final int openedIn;
    private boolean closed;

    private Moment(long number) {
      this.number = number;
      this.openedIn = life;
    }

    /// The number of its last commit.
    long number() {
      return number;
    }

    /// Whether it is of this life of the store.
    boolean isOurs() {
      return openedIn == life;
    }

    boolean isReadable() {
      return isOurs() && !closed;
    }
  }

  private final Map<Integer, Moment> snapshots = new HashMap<>();
  private final Map<Integer, ModelCursor> cursors = new HashMap<>();
  private int life;

  /// A moment that nobody closes.
  Moment moment(long number) {
    return new Moment(number);
  }

  /// Takes a snapshot, and closes the one that had its number.
  void openSnapshot(int snapshot, long number) {
    boolean _ = closeSnapshot(snapshot);
    snapshots.put(snapshot, new Moment(number));
  }

  /// Closes a snapshot. Answers whether there was one.
  boolean closeSnapshot(int snapshot) {
    @Nullable Moment held = snapshots.remove(snapshot);
    if (held != null) {
      held.closed = true;
    }
    return held != null;
  }

  @Nullable Moment snapshot(int snapshot) {
    return snapshots.get(snapshot);
  }

  void openCursor(int number, ModelCursor cursor) {
    cursors.put(number, cursor);
  }

  /// Closes a cursor. Answers whether there was one.
  boolean closeCursor(int number) {
    return cursors.remove(number) != null;
  }

  @Nullable ModelCursor cursor(int number) {
    return cursors.get(number);
  }

  /// The numbers of the cursors that are open.
  List<Integer> cursors() {
    return List.copyOf(new TreeSet<>(cursors.keySet()));
  }

  /// The numbers of the snapshots that are open.
  List<Integer> snapshots() {
    return List.copyOf(new TreeSet<>(snapshots.keySet()));
  }

  /// The store was closed and opened: what was open is still in somebody's hands.
  void reopened() {
    life++;
  }

  /// The process died: nobody has anything in his hands.
  void died() {
    life++;
    snapshots.clear();
    cursors.clear();
  }
}
