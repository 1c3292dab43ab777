package dev.varve.log;

import dev.varve.base.Bytes;
import dev.varve.base.Checksum;
import dev.varve.format.Envelope;
import dev.varve.format.FileKind;
import dev.varve.format.StoreId;
import dev.varve.kv.CorruptionException;
import java.nio.file.Path;

/// The first 128 bytes of a segment; `docs/format/log.md` has the table.
///
/// @param place which segment it is
/// @param size how long the segment was made
/// @param previous the number of the segment before it in its lane, 0 for none
/// @param incarnation which begin of the log made it
/// @param lanes how many lanes that incarnation has
/// @param createdMillis when, milliseconds since 1970
record SegmentHeader(
    SegmentPlace place, long size, long previous, int incarnation, int lanes, long createdMillis) {
  static final int SIZE = 128;

  private static final int SEGMENT_SIZE = 64;
  private static final int PREVIOUS = 72;
  private static final int INCARNATION = 80;
  private static final int LANES = 84;
  private static final int CHECKSUM = 124;

  byte[] encode(StoreId store) {
    byte[] bytes = new byte[SIZE];
    Envelope.of(FileKind.LOG_SEGMENT, store, place.lane(), place.number(), createdMillis)
        .write(bytes);
    Bytes.putLong(bytes, SEGMENT_SIZE, size);
    Bytes.putLong(bytes, PREVIOUS, previous);
    Bytes.putInt(bytes, INCARNATION, incarnation);
    Bytes.putInt(bytes, LANES, lanes);
    Bytes.putInt(bytes, CHECKSUM, Checksum.of(bytes, 0, CHECKSUM));
    return bytes;
  }

  /// Reads a header whose envelope is known to be sound.
  ///
  /// @throws CorruptionException when it is damaged
  static SegmentHeader decode(Path file, byte[] bytes, Envelope envelope) {
    if (bytes.length < SIZE) {
      throw new CorruptionException(
          file, bytes.length, "a segment of at least " + SIZE + " bytes", "its end");
    }
    int checksum = Checksum.of(bytes, 0, CHECKSUM);
    if (Bytes.getInt(bytes, CHECKSUM) != checksum) {
      throw new CorruptionException(
          file,
          CHECKSUM,
          "checksum " + Envelope.hex(checksum),
          Envelope.hex(Bytes.getInt(bytes, CHECKSUM)));
    }
    return new SegmentHeader(
        new SegmentPlace((int) envelope.scope(), envelope.number()),
        Bytes.getLong(bytes, SEGMENT_SIZE),
        Bytes.getLong(bytes, PREVIOUS),
        Bytes.getInt(bytes, INCARNATION),
        Bytes.getInt(bytes, LANES),
        envelope.createdMillis());
  }
}
