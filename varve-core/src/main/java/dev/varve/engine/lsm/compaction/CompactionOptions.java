package dev.varve.engine.lsm.compaction;

import java.time.Duration;

/// What compaction aims at.
///
/// @param levelZeroTrigger how many sstables at level 0 make a compaction due
/// @param baseBytes how much level 1 holds before it is due
/// @param multiplier how much more each level holds than the one before
/// @param targetFileBytes where an output is cut
/// @param grandparentBytesMax how much of the level after the next an output may overlap: it bounds
///   what a later compaction of that output costs
/// @param inputBytesMax how much one compaction takes from its upper level
/// @param tombstoneAge after how long a tombstone makes a compaction due by itself; zero for never.
///   It is dropped only where nothing older can lie beneath it
public record CompactionOptions(
    int levelZeroTrigger,
    long baseBytes,
    int multiplier,
    long targetFileBytes,
    long grandparentBytesMax,
    long inputBytesMax,
    Duration tombstoneAge) {
  public CompactionOptions {
    require(levelZeroTrigger >= 1, "levelZeroTrigger is at least 1");
    require(baseBytes >= 1, "baseBytes is at least 1");
    require(multiplier >= 2, "multiplier is at least 2");
    require(targetFileBytes >= 1, "targetFileBytes is at least 1");
    require(grandparentBytesMax >= targetFileBytes, "grandparentBytesMax covers a file at least");
    require(inputBytesMax >= targetFileBytes, "inputBytesMax covers a file at least");
    require(!tombstoneAge.isNegative(), "tombstoneAge is not negative");
  }

  private static void require(boolean holds, String what) {
    if (!holds) {
      throw new IllegalArgumentException(what);
    }
  }

  /// What a level from 1 on holds before it is due, in bytes.
  public long levelBytesMax(int level) {
    double bytes = baseBytes * Math.pow(multiplier, level - 1.0);
    return bytes >= Long.MAX_VALUE ? Long.MAX_VALUE : (long) bytes;
  }
}
