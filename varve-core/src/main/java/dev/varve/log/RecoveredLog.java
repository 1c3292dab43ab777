package dev.varve.log;

import java.util.List;

/// What reading a log found, and what going on with it needs.
///
/// @param lastSequence the number of the last record that counts
/// @param knownDurable up to where it is known to survive a power cut
/// @param incarnation the newest incarnation, 0 for none
/// @param clean whether every lane ends in a seal
/// @param lanes its lanes, by number
/// @param records how many records were visited
/// @param bytes how many bytes of records were read
/// @param segments how many segments were read
/// @param tailBytesDropped bytes of records behind the last that counts
/// @param tailRecordsDropped how many of these records are sound
public record RecoveredLog(
    long lastSequence,
    long knownDurable,
    int incarnation,
    boolean clean,
    List<RecoveredLane> lanes,
    long records,
    long bytes,
    int segments,
    long tailBytesDropped,
    long tailRecordsDropped) {

  /// A lane.
  ///
  /// @param end up to where it counts
  /// @param highestNumber the highest number of any file of the lane, 0 for none
  /// @param segments the segments that count, oldest first
  /// @param leftovers the numbers of files that do not count: spares, and what a crash left behind
  record RecoveredLane(
      LaneEnd end, long highestNumber, List<ClosedSegment> segments, List<Long> leftovers) {}
}
