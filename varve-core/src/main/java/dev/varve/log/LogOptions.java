package dev.varve.log;

import dev.varve.kv.StoreOptions;
import java.time.Duration;

/// How the log works.
///
/// @param lanes how many lanes to write
/// @param segmentBytesFirst the length of a lane's first segment
/// @param segmentBytesMax the length that segments grow to
/// @param groupBatchMax how many waiting commits end a group's wait early
/// @param groupWait how long the one who syncs waits for others
/// @param periodicInterval how long unsynced commits may wait for a sync
public record LogOptions(
    int lanes,
    long segmentBytesFirst,
    long segmentBytesMax,
    int groupBatchMax,
    Duration groupWait,
    Duration periodicInterval) {

  /** Short enough that a small store stays small and opens at once; it doubles from there. */
  private static final long SEGMENT_BYTES_FIRST = 256 << 10;

  private static final long SEGMENT_BYTES_MIN = 4 << 10;

  /// What a store's options say of the log.
  public static LogOptions of(StoreOptions options) {
    long max = options.segment().bytes();
    return new LogOptions(
        options.lanes(),
        Math.clamp(max / 2, SEGMENT_BYTES_MIN, SEGMENT_BYTES_FIRST),
        max,
        options.groupBatchMax(),
        options.groupWait(),
        options.periodicInterval());
  }
}
