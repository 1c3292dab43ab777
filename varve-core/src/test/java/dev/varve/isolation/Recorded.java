package dev.varve.isolation;

import java.util.List;

/// A transaction of a run, as its client knows it.
///
/// @param number which one; unique in a run
/// @param begin when it began, in the order of all begins and ends of the run
/// @param end when its client knew how it ended
/// @param committed whether it was
/// @param actions what it did, in order
record Recorded(int number, long begin, long end, boolean committed, List<Action> actions) {
  /// Something that a transaction did at a key, whose value is a list of numbers.
  sealed interface Action {
    /// The key.
    int key();
  }

  /// Appended a number that nobody else appends.
  record Append(int key, int value) implements Action {}

  /// Read a list.
  record Read(int key, List<Integer> list) implements Action {}
}
