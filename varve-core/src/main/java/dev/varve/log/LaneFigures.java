package dev.varve.log;

/// Figures of a lane, or of several together.
///
/// @param records how many records were appended
/// @param bytes how many bytes they took
/// @param segments how many segments there are, those that are kept for later among them
/// @param segmentBytes how many bytes these have
/// @param unforcedBytes how many bytes no sync has covered
/// @param made how many segments were made of zeros
/// @param reused how many were made of old ones
/// @param waits how often a writer waited for one
record LaneFigures(
    long records,
    long bytes,
    long segments,
    long segmentBytes,
    long unforcedBytes,
    long made,
    long reused,
    long waits) {
  /// Of no lane.
  static final LaneFigures NONE = new LaneFigures(0, 0, 0, 0, 0, 0, 0, 0);

  /// These and others.
  LaneFigures plus(LaneFigures other) {
    return new LaneFigures(
        records + other.records,
        bytes + other.bytes,
        segments + other.segments,
        segmentBytes + other.segmentBytes,
        unforcedBytes + other.unforcedBytes,
        made + other.made,
        reused + other.reused,
        waits + other.waits);
  }
}
