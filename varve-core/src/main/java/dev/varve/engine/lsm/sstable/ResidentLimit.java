package dev.varve.engine.lsm.sstable;

import dev.varve.cache.MemoryBudget;

/// How much of a file stays in memory while it is open: its index and its filter, unless they are
/// too large for that or the store has kept enough already.
///
/// @param bytesMax the most bytes that each of them has in the file
/// @param budget what is kept counts towards
/// @threads safe
record ResidentLimit(int bytesMax, MemoryBudget budget) {
  /** In memory an index takes about twice what it does in its file, a filter the same. */
  private static final int GROWTH = 2;

  /// Whether what has so many bytes in the file may stay in memory as a whole.
  boolean allows(long bytes) {
    return bytes <= bytesMax && budget.mayKeep(GROWTH * bytes);
  }
}
