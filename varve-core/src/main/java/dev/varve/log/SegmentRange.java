package dev.varve.log;

/// The part of a segment that holds records which count.
///
/// @param lane the lane
/// @param number the segment's number there
/// @param end behind the last record
public record SegmentRange(int lane, long number, long end) {
  SegmentPlace place() {
    return new SegmentPlace(lane, number);
  }
}
