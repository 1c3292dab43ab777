package dev.varve.log;

import dev.varve.base.Bytes;
import dev.varve.kv.MutationWriter;
import java.util.zip.CRC32C;

/// The 32 bytes in front of a record's payload; `docs/format/log.md` has the table. The only code
/// that computes an offset in them.
///
/// @threads stateless
final class RecordHeader {
  static final int SIZE = MutationWriter.HEADROOM_BYTES;
  static final int ALIGNMENT = 8;

  private static final int CHECKSUM = 0;
  private static final int LENGTH = 4;
  private static final int KIND = 8;
  private static final int LANE = 9;
  private static final int RESERVED = 10;
  private static final int SEGMENT = 12;
  private static final int SEQUENCE = 16;
  private static final int DURABLE = 24;

  private RecordHeader() {}

  /// What a record with this payload takes in a segment.
  static long size(long payloadLength) {
    return (SIZE + payloadLength + ALIGNMENT - 1) & -ALIGNMENT;
  }

  /// Writes everything but the checksum to the first 32 bytes of `array`.
  static void write(
      byte[] array,
      int payloadLength,
      RecordKind kind,
      SegmentPlace place,
      long sequence,
      long durableThrough) {
    Bytes.putInt(array, LENGTH, payloadLength);
    array[KIND] = (byte) kind.code();
    array[LANE] = (byte) place.lane();
    Bytes.putShort(array, RESERVED, 0);
    Bytes.putInt(array, SEGMENT, (int) place.number());
    Bytes.putLong(array, SEQUENCE, sequence);
    Bytes.putLong(array, DURABLE, durableThrough);
  }

  /// Computes and writes the checksum of the record that begins the array. Answers it.
  static int seal(byte[] array, int payloadLength, int salt, CRC32C crc) {
    crc.reset();
    crc.update(array, LENGTH, SIZE - LENGTH + payloadLength);
    int checksum = (int) crc.getValue() ^ salt;
    Bytes.putInt(array, CHECKSUM, checksum);
    return checksum;
  }

  static int checksum(byte[] array, int at) {
    return Bytes.getInt(array, at + CHECKSUM);
  }

  /// Begins the checksum of a record with its header; the payload is to follow.
  static void beginChecksum(byte[] array, int at, CRC32C crc) {
    crc.reset();
    crc.update(array, at + LENGTH, SIZE - LENGTH);
  }

  /// The length of the payload, not negative, or -1 when the field is damaged.
  static int payloadLength(byte[] array, int at) {
    return Math.max(Bytes.getInt(array, at + LENGTH), -1);
  }

  static int kindCode(byte[] array, int at) {
    return array[at + KIND];
  }

  static long sequence(byte[] array, int at) {
    return Bytes.getLong(array, at + SEQUENCE);
  }

  static long durableThrough(byte[] array, int at) {
    return Bytes.getLong(array, at + DURABLE);
  }

  /// Whether the fields that say where the record belongs say `place`, and those with a fixed value
  /// have it. Cheap enough to ask at every multiple of 8.
  static boolean belongsTo(byte[] array, int at, SegmentPlace place) {
    return Bytes.getInt(array, at + SEGMENT) == (int) place.number()
        && array[at + LANE] == place.lane()
        && Bytes.getUnsignedShort(array, at + RESERVED) == 0
        && array[at + KIND] >= RecordKind.COMMIT.code()
        && array[at + KIND] <= RecordKind.BEGIN.code()
        && Bytes.getInt(array, at + LENGTH) >= 0;
  }

  /// Whether all bytes of a header are zero, as in a segment's unused part.
  static boolean isBlank(byte[] array, int at) {
    return (Bytes.getLong(array, at)
            | Bytes.getLong(array, at + 8)
            | Bytes.getLong(array, at + 16)
            | Bytes.getLong(array, at + 24))
        == 0;
  }
}
