package dev.varve.engine.memory;

/// A [KeyIndex] that keeps keys in order.
///
/// @threads as [KeyIndex]
interface OrderedKeyIndex extends KeyIndex {
  /// Gives the newest records of the keys from `from` on to `sink`, in order, until it has enough.
  ///
  /// @param from the first key, or an empty array for the very first
  /// @param inclusive whether `from` itself counts
  void ascend(byte[] from, boolean inclusive, RecordSink sink);

  /// Gives the newest records of the keys from `from` down to `sink`, in descending order, until it
  /// has enough.
  ///
  /// @param from the last key, or an empty array for the very last
  /// @param inclusive whether `from` itself counts
  void descend(byte[] from, boolean inclusive, RecordSink sink);
}
