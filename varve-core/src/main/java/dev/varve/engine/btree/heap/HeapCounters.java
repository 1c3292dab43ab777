package dev.varve.engine.btree.heap;

/// What batches did so far.
///
/// @threads adding: one at a time; reading: any
final class HeapCounters {
  /// Sums of all batches of this process.
  record Totals(
      long batches,
      long bytesWritten,
      long mapBytesWritten,
      long mapsReplaced,
      long objectsMoved,
      long bytesMoved) {}

  private volatile Totals totals = new Totals(0, 0, 0, 0, 0, 0);

  Totals totals() {
    return totals;
  }

  /// A batch is durable.
  void add(long bytesWritten, long objectsMoved, long bytesMoved, HeapMap map) {
    Totals before = totals;
    totals =
        new Totals(
            before.batches + 1,
            before.bytesWritten + bytesWritten,
            map.bytesWritten(),
            map.replacements(),
            before.objectsMoved + objectsMoved,
            before.bytesMoved + bytesMoved);
  }
}
