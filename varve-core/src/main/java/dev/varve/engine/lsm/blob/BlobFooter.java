package dev.varve.engine.lsm.blob;

import dev.varve.base.Bytes;
import dev.varve.base.Checksum;
import org.jspecify.annotations.Nullable;

/// The last bytes of a blob file: what is in it.
///
/// @param fileSize the length of the file
/// @param records how many records it has
/// @param valueBytes the bytes of all their values
/// @param content the sum of the records' checksums, each without sign
/// @param smallestSequence the least sequence number of its records
/// @param largestSequence the greatest
record BlobFooter(
    long fileSize,
    long records,
    long valueBytes,
    long content,
    long smallestSequence,
    long largestSequence) {
  static final int SIZE = 56;
  static final int CHECKSUM = 52;

  void write(byte[] target, int envelopeChecksum) {
    Bytes.putLong(target, 0, fileSize);
    Bytes.putLong(target, 8, records);
    Bytes.putLong(target, 16, valueBytes);
    Bytes.putLong(target, 24, content);
    Bytes.putLong(target, 32, smallestSequence);
    Bytes.putLong(target, 40, largestSequence);
    Bytes.putInt(target, 48, 0);
    Bytes.putInt(target, CHECKSUM, Checksum.of(target, 0, CHECKSUM) ^ envelopeChecksum);
  }

  /// Reads the footer of a file of this length; null when it is damaged or of another file.
  static @Nullable BlobFooter read(byte[] bytes, int envelopeChecksum, long fileSize) {
    BlobFooter footer =
        new BlobFooter(
            Bytes.getLong(bytes, 0),
            Bytes.getLong(bytes, 8),
            Bytes.getLong(bytes, 16),
            Bytes.getLong(bytes, 24),
            Bytes.getLong(bytes, 32),
            Bytes.getLong(bytes, 40));
    boolean sound =
        (Checksum.of(bytes, 0, CHECKSUM) ^ envelopeChecksum) == Bytes.getInt(bytes, CHECKSUM)
            && footer.fileSize == fileSize;
    return sound ? footer : null;
  }
}
