package dev.varve.engine.lsm.sstable;

import dev.varve.base.Bytes;
import dev.varve.base.Checksum;
import dev.varve.format.Envelope;
import dev.varve.kv.CorruptionException;
import java.nio.file.Path;

/// The last bytes of an sstable: where its parts begin.
///
/// @param seed drawn at random for each file
/// @param fileSize the length of the file
/// @param filter where the filter begins, and the data blocks end
/// @param tombstones where the range tombstones begin
/// @param leaves where the index leaves begin
/// @param top where the index top begins
/// @param properties where the properties begin
record SstableFooter(
    long seed,
    long fileSize,
    long filter,
    long tombstones,
    long leaves,
    long top,
    long properties) {
  static final int SIZE = 64;

  /// Where the seed stands behind the envelope too, for whoever has lost the footer.
  static final int FRONT_SEED = Envelope.SIZE;

  /// Where the data blocks begin.
  static final int DATA = FRONT_SEED + Long.BYTES;

  private static final int CHECKSUM = 60;

  void write(byte[] target, int envelopeChecksum) {
    Bytes.putLong(target, 0, seed);
    Bytes.putLong(target, 8, fileSize);
    Bytes.putLong(target, 16, filter);
    Bytes.putLong(target, 24, tombstones);
    Bytes.putLong(target, 32, leaves);
    Bytes.putLong(target, 40, top);
    Bytes.putLong(target, 48, properties);
    Bytes.putInt(target, 56, 0);
    Bytes.putInt(target, CHECKSUM, Checksum.of(target, 0, CHECKSUM) ^ envelopeChecksum);
  }

  /// The checksum of the envelope that the bytes of a footer belong to, if they are sound.
  static int envelopeChecksum(byte[] bytes) {
    return Checksum.of(bytes, 0, CHECKSUM) ^ Bytes.getInt(bytes, CHECKSUM);
  }

  /// Reads a footer.
  ///
  /// @throws CorruptionException when it is damaged or of another file
  static SstableFooter read(Path file, byte[] bytes, int envelopeChecksum, long fileSize) {
    long at = fileSize - SIZE;
    int checksum = Checksum.of(bytes, 0, CHECKSUM) ^ envelopeChecksum;
    if (checksum != Bytes.getInt(bytes, CHECKSUM)) {
      throw new CorruptionException(
          file,
          at + CHECKSUM,
          "an sstable's footer with checksum " + Envelope.hex(checksum),
          Envelope.hex(Bytes.getInt(bytes, CHECKSUM)));
    }
    SstableFooter footer =
        new SstableFooter(
            Bytes.getLong(bytes, 0),
            Bytes.getLong(bytes, 8),
            Bytes.getLong(bytes, 16),
            Bytes.getLong(bytes, 24),
            Bytes.getLong(bytes, 32),
            Bytes.getLong(bytes, 40),
            Bytes.getLong(bytes, 48));
    if (footer.fileSize != fileSize) {
      throw new CorruptionException(
          file, at, "a file of " + footer.fileSize + " bytes", fileSize + " bytes");
    }
    long[] parts = {
      DATA, footer.filter, footer.tombstones, footer.leaves, footer.top, footer.properties, at
    };
    for (int i = 1; i < parts.length; i++) {
      if (parts[i] < parts[i - 1]) {
        throw new CorruptionException(
            file, at, "parts one behind the other", "part " + i + " at byte " + parts[i]);
      }
    }
    return footer;
  }
}
