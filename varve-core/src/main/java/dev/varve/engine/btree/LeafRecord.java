package dev.varve.engine.btree;

import dev.varve.base.Bytes;

/// The bytes of a record, a revision of a key, in [LeafEntries].
///
/// @threads stateless
final class LeafRecord {
  /* A record:
   *   8 bytes   number of the commit that made it; the highest byte holds the flags below
   *   4 bytes   only with OLDER: where the revision before is
   *   varint    length of the key behind the leaf's prefix
   *   varint    length of the value, not in a tombstone
   *   the key behind the prefix
   *   the value, or, with LARGE, its number in four bytes
   */

  private static final int FLAGS_SHIFT = 56;
  private static final long SEQUENCE_MASK = (1L << FLAGS_SHIFT) - 1;
  private static final long OLDER = 1L << FLAGS_SHIFT;
  private static final long TOMBSTONE = 2L << FLAGS_SHIFT;
  private static final long LARGE = 4L << FLAGS_SHIFT;

  /// What a record takes beside its key and value, at most, where both are short.
  static final int HEAD_BYTES_MAX = Long.BYTES + 2 + 2;

  private LeafRecord() {}

  /// How many bytes a record takes.
  ///
  /// @param valueLength -1 for a tombstone
  static int bytes(boolean hasOlder, int suffixLength, int valueLength) {
    return Long.BYTES
        + (hasOlder ? Integer.BYTES : 0)
        + lengthBytes(suffixLength)
        + suffixLength
        + (valueLength < 0 ? 0 : lengthBytes(valueLength) + valueLength);
  }

  /// How many bytes a record takes whose value, of this length, is kept apart.
  static int bytesLarge(boolean hasOlder, int suffixLength, int valueLength) {
    return bytes(hasOlder, suffixLength, -1) + lengthBytes(valueLength) + Integer.BYTES;
  }

  /// Writes a record; answers the offset behind it.
  static int write(
      byte[] records,
      int at,
      long sequence,
      int older,
      byte[] source,
      int suffixOffset,
      int suffixLength,
      int valueOffset,
      int valueLength) {
    int to = writeHead(records, at, sequence | (valueLength < 0 ? TOMBSTONE : 0), older);
    to = putLength(records, to, suffixLength);
    if (valueLength < 0) {
      System.arraycopy(source, suffixOffset, records, to, suffixLength);
      return to + suffixLength;
    }
    to = putLength(records, to, valueLength);
    System.arraycopy(source, suffixOffset, records, to, suffixLength);
    to += suffixLength;
    System.arraycopy(source, valueOffset, records, to, valueLength);
    return to + valueLength;
  }

  /// Writes a record whose value is kept apart; answers the offset behind it.
  static int writeLarge(
      byte[] records,
      int at,
      long sequence,
      int older,
      byte[] source,
      int suffixOffset,
      int suffixLength,
      int number,
      int valueLength) {
    int to = writeHead(records, at, sequence | LARGE, older);
    to = putLength(records, to, suffixLength);
    to = putLength(records, to, valueLength);
    System.arraycopy(source, suffixOffset, records, to, suffixLength);
    to += suffixLength;
    Bytes.putInt(records, to, number);
    return to + Integer.BYTES;
  }

  private static int writeHead(byte[] records, int at, long sequenceAndFlags, int older) {
    if (older == 0) {
      Bytes.putLong(records, at, sequenceAndFlags);
      return at + Long.BYTES;
    }
    Bytes.putLong(records, at, sequenceAndFlags | OLDER);
    Bytes.putInt(records, at + Long.BYTES, older);
    return at + Long.BYTES + Integer.BYTES;
  }

  /// The number of the commit that made it.
  static long sequence(byte[] records, int at) {
    return Bytes.getLong(records, at) & SEQUENCE_MASK;
  }

  /// Where the revision before is, or 0.
  static int older(byte[] records, int at) {
    return hasFlag(records, at, OLDER) ? Bytes.getInt(records, at + Long.BYTES) : 0;
  }

  /// Whether it says that its key is absent.
  static boolean isTombstone(byte[] records, int at) {
    return hasFlag(records, at, TOMBSTONE);
  }

  /// Whether its value is kept apart.
  static boolean isLarge(byte[] records, int at) {
    return hasFlag(records, at, LARGE);
  }

  private static boolean hasFlag(byte[] records, int at, long flag) {
    return (Bytes.getLong(records, at) & flag) != 0;
  }

  private static int lengths(byte[] records, int at) {
    return at + (hasFlag(records, at, OLDER) ? Long.BYTES + Integer.BYTES : Long.BYTES);
  }

  /// How long the key is behind the prefix.
  static int suffixLength(byte[] records, int at) {
    return getLength(records, lengths(records, at));
  }

  /// Where the key behind the prefix begins.
  static int suffix(byte[] records, int at) {
    int lengths = lengths(records, at);
    int behind = lengths + lengthBytes(getLength(records, lengths));
    return isTombstone(records, at) ? behind : behind + lengthBytes(getLength(records, behind));
  }

  /// How long the value is; not of a tombstone.
  static int valueLength(byte[] records, int at) {
    int lengths = lengths(records, at);
    return getLength(records, lengths + lengthBytes(getLength(records, lengths)));
  }

  /// Where the value begins, or its number; not of a tombstone.
  static int value(byte[] records, int at) {
    int lengths = lengths(records, at);
    int suffixLength = getLength(records, lengths);
    int behind = lengths + lengthBytes(suffixLength);
    return behind + lengthBytes(getLength(records, behind)) + suffixLength;
  }

  /// The number of the value that is kept apart.
  static int largeNumber(byte[] records, int at) {
    return Bytes.getInt(records, value(records, at));
  }

  /// The offset behind a record.
  static int end(byte[] records, int at) {
    int lengths = lengths(records, at);
    int suffixLength = getLength(records, lengths);
    int behind = lengths + lengthBytes(suffixLength);
    if (isTombstone(records, at)) {
      return behind + suffixLength;
    }
    int valueLength = getLength(records, behind);
    int value = behind + lengthBytes(valueLength) + suffixLength;
    return value + (isLarge(records, at) ? Integer.BYTES : valueLength);
  }

  /// Copies a record as the only revision of its key; answers the offset behind the copy.
  static int copyAlone(byte[] records, int at, int end, byte[] target, int to) {
    if (!hasFlag(records, at, OLDER)) {
      System.arraycopy(records, at, target, to, end - at);
      return to + end - at;
    }
    Bytes.putLong(target, to, Bytes.getLong(records, at) & ~OLDER);
    int rest = at + Long.BYTES + Integer.BYTES;
    System.arraycopy(records, rest, target, to + Long.BYTES, end - rest);
    return to + Long.BYTES + end - rest;
  }

  /// Gives a record another number of the value that is kept apart.
  static void setLargeNumber(byte[] records, int at, int number) {
    Bytes.putInt(records, value(records, at), number);
  }

  // Lengths take one byte below 128, else up to five, low bits first.

  static int lengthBytes(int length) {
    return length < 0x80
        ? 1
        : length < 0x4000 ? 2 : length < 0x20_0000 ? 3 : length < 0x1000_0000 ? 4 : 5;
  }

  private static int putLength(byte[] target, int offset, int length) {
    int at = offset;
    int rest = length;
    while (rest >= 0x80) {
      target[at++] = (byte) (rest | 0x80);
      rest >>>= 7;
    }
    target[at++] = (byte) rest;
    return at;
  }

  private static int getLength(byte[] source, int offset) {
    int first = source[offset];
    if (first >= 0) {
      return first;
    }
    int length = first & 0x7F;
    int shift = 7;
    int at = offset + 1;
    while (true) {
      int next = source[at++];
      length |= (next & 0x7F) << shift;
      if (next >= 0) {
        return length;
      }
      shift += 7;
    }
  }
}
