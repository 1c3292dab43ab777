package dev.varve.log;

import dev.varve.base.Bytes;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Up to where a lane counts.
///
/// @param segment the number of its last segment, 0 for a lane without any
/// @param position behind the last record that counts there
/// @param lastSequence the sequence number field of that record, 0 for none
/// @param lastChecksum the checksum field of that record, 0 for none
record LaneEnd(long segment, long position, long lastSequence, int lastChecksum) {
  /// The length of a begin record's payload.
  static final int PAYLOAD_BYTES = 20;

  /// The end of a lane that has no segment yet.
  static final LaneEnd NONE = new LaneEnd(0, 0, 0, 0);

  /// Writes the payload of the begin record of the segment behind this end.
  void writePayload(byte[] target, int at) {
    Bytes.putLong(target, at, position);
    Bytes.putLong(target, at + 8, lastSequence);
    Bytes.putInt(target, at + 16, lastChecksum);
  }

  /// Reads the payload of a begin record, or answers null when it is none.
  static @Nullable LaneEnd readPayload(long previousSegment, byte[] source, int at, int length) {
    return length == PAYLOAD_BYTES
        ? new LaneEnd(
            previousSegment,
            Bytes.getLong(source, at),
            Bytes.getLong(source, at + 8),
            Bytes.getInt(source, at + 16))
        : null;
  }

  /// Up to where a lane of these segments counts when nothing past `lastNumber` does.
  ///
  /// @throws IOException when the device refuses
  static LaneEnd find(LogEnvironment env, int lane, List<ClosedSegment> segments, long lastNumber)
      throws IOException {
    LaneEnd found = NONE;
    for (ClosedSegment one : segments) {
      SegmentPlace place = new SegmentPlace(lane, one.number());
      try (SegmentScanner scanner =
          new SegmentScanner(env.fileSystem(), env.path(place), place, env.store().salt())) {
        long at = SegmentHeader.SIZE;
        while (at < one.end() && scanner.readAt(at, one.end())) {
          if (scanner.kind().isNumbered() && scanner.sequence() > lastNumber) {
            return found;
          }
          at = scanner.end();
          found = new LaneEnd(one.number(), at, scanner.sequence(), scanner.checksum());
        }
      }
    }
    return found;
  }
}
