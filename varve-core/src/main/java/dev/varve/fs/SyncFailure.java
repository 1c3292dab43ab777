package dev.varve.fs;

/// What a failed sync does to the bytes it was to make durable.
///
/// @source Rebello et al., Can Applications Recover from fsync Failures?, USENIX ATC 2020, table 1
public enum SyncFailure {
  /// The pages count as clean: programs still read the new bytes, the device has the old ones, and
  /// the next sync reports success without writing them (ext4 with ordered data, XFS).
  PAGES_MARKED_CLEAN,
  /// The pages go back to what the device has: programs read the old bytes again (Btrfs).
  PAGES_REVERTED,
  /// Nothing is lost yet, but the error is of an earlier sync that reported success (ext4 with
  /// journaled data).
  REPORTED_LATE
}
