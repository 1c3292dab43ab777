package dev.varve.engine.lsm.blob;

import dev.varve.base.Bytes;
import dev.varve.base.Checksum;
import dev.varve.filter.KeyHash;
import dev.varve.kv.Limits;
import org.jspecify.annotations.Nullable;

/// What a record begins with.
///
/// @param bodyChecksum the checksum of the key and of the value as it is stored
/// @param sequence the sequence number of the entry that the record was written for
/// @param keyLength how many bytes of key follow
/// @param valueLength how many bytes the value has
/// @param storedLength how many bytes of it, compressed or not, follow the key
/// @param codec what they are compressed with, a number of [dev.varve.codec.BlockCodecs]
record BlobHeader(
    int bodyChecksum, long sequence, int keyLength, int valueLength, int storedLength, int codec) {
  static final int BYTES = 32;

  private static final int BODY_CHECKSUM = 4;
  private static final int SEQUENCE = 8;
  private static final int KEY_LENGTH = 16;
  private static final int VALUE_LENGTH = 20;
  private static final int STORED_LENGTH = 24;
  private static final int CODEC = 28;

  /// What the checksum of a record at `offset` is XORed with.
  private static int mask(int envelopeChecksum, long offset) {
    return (int) KeyHash.mix(KeyHash.mix(envelopeChecksum & 0xFFFF_FFFFL) + offset);
  }

  /// Writes it to the begin of `target`; answers its checksum.
  int write(byte[] target, int envelopeChecksum, long offset) {
    Bytes.putInt(target, BODY_CHECKSUM, bodyChecksum);
    Bytes.putLong(target, SEQUENCE, sequence);
    Bytes.putInt(target, KEY_LENGTH, keyLength);
    Bytes.putInt(target, VALUE_LENGTH, valueLength);
    Bytes.putInt(target, STORED_LENGTH, storedLength);
    // The three bytes behind the codec are zero.
    Bytes.putInt(target, CODEC, codec);
    int checksum =
        Checksum.of(target, BODY_CHECKSUM, BYTES - BODY_CHECKSUM) ^ mask(envelopeChecksum, offset);
    Bytes.putInt(target, 0, checksum);
    return checksum;
  }

  /// The checksum that stands at the begin of a header.
  static int checksumAt(byte[] array, int at) {
    return Bytes.getInt(array, at);
  }

  /// Reads the header that stands at `at` in `array` and at `offset` in the file; null when there
  /// is none.
  static @Nullable BlobHeader read(byte[] array, int at, int envelopeChecksum, long offset) {
    int keyLength = Bytes.getInt(array, at + KEY_LENGTH);
    int codec = Bytes.getInt(array, at + CODEC);
    // The cheap checks come first: whoever looks for a record asks at every byte.
    if (keyLength < 1 || keyLength > Limits.KEY_BYTES_MAX || codec < 0 || codec > 0xFF) {
      return null;
    }
    int checksum =
        Checksum.of(array, at + BODY_CHECKSUM, BYTES - BODY_CHECKSUM)
            ^ mask(envelopeChecksum, offset);
    int valueLength = Bytes.getInt(array, at + VALUE_LENGTH);
    int storedLength = Bytes.getInt(array, at + STORED_LENGTH);
    if (checksum != checksumAt(array, at)
        || valueLength < 0
        || valueLength > Limits.VALUE_BYTES_MAX
        || storedLength < 0) {
      return null;
    }
    return new BlobHeader(
        Bytes.getInt(array, at + BODY_CHECKSUM),
        Bytes.getLong(array, at + SEQUENCE),
        keyLength,
        valueLength,
        storedLength,
        codec);
  }

  /// The reference to the record with this header.
  BlobReference reference(long file, long offset, int checksum) {
    return new BlobReference(file, offset, keyLength, storedLength, valueLength, checksum);
  }
}
