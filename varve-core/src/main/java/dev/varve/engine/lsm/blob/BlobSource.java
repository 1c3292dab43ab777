package dev.varve.engine.lsm.blob;

import dev.varve.base.Checksum;
import dev.varve.codec.BlockCodec;
import dev.varve.codec.BlockCodecs;
import dev.varve.format.Envelope;
import dev.varve.fs.StoreFile;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.FormatException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/// Brings sound records of one blob file from the device.
///
/// @param file its bytes
/// @param envelopeChecksum the checksum of its envelope, which all its records are bound to
/// @param number its number
/// @param end where its records end
/// @threads safe
record BlobSource(Path path, StoreFile file, int envelopeChecksum, long number, long end) {
  private static final int WINDOW_BYTES = 256 << 10;

  /// Fills `target` with the bytes of the file from `offset` on.
  ///
  /// @throws CorruptionException when the file ends before
  /// @throws IOException when the device refuses
  void read(long offset, byte[] target, int at, int count) throws IOException {
    int done = file.read(offset, MemorySegment.ofArray(target).asSlice(at, count));
    if (done < count) {
      throw damaged(offset + done, count + " bytes from " + offset, "the end of the file");
    }
  }

  /// Whether a record fits in front of the end.
  boolean fits(BlobHeader header, long offset) {
    return header.keyLength() + (long) header.storedLength() <= end - offset - BlobHeader.BYTES;
  }

  /// The value of the record at `offset`, checked.
  ///
  /// @param key the record's key
  /// @throws CorruptionException when it is damaged
  /// @throws FormatException when its codec is unknown
  /// @throws IOException when the device refuses
  byte[] value(BlobHeader header, long offset, byte[] key) throws IOException {
    BlockCodec codec = BlockCodecs.forReading(header.codec());
    if (codec == null) {
      throw new FormatException(
          path,
          path
              + " has a record at byte "
              + offset
              + " that is compressed with the codec "
              + BlockCodecs.nameOf(header.codec())
              + ", which is not here. Nothing was changed; add the module that has it, or open the"
              + " store with the version that wrote it");
    }
    boolean plain = header.codec() == BlockCodecs.NONE;
    if (plain
        ? header.storedLength() != header.valueLength()
        : !codec.canHold(header.storedLength(), header.valueLength())) {
      throw damaged(
          offset,
          "a value that " + header.storedLength() + " bytes can hold",
          "one of " + header.valueLength());
    }
    byte[] stored = new byte[header.storedLength()];
    read(offset + BlobHeader.BYTES + key.length, stored, 0, stored.length);
    checkBody(header, offset, Checksum.of(key, 0, key.length, stored, 0, stored.length));
    if (plain) {
      return stored;
    }
    byte[] value = new byte[header.valueLength()];
    if (!codec.decompress(stored, 0, stored.length, value, 0, value.length)) {
      throw damaged(offset, "a value of " + value.length + " bytes", "bytes that give none");
    }
    return value;
  }

  /// Reads the record at `offset` and checks it, a window at a time where it is not compressed.
  ///
  /// @throws CorruptionException when it is damaged
  /// @throws FormatException when its codec is unknown
  /// @throws IOException when the device refuses
  void check(BlobHeader header, long offset, byte[] key) throws IOException {
    if (header.codec() != BlockCodecs.NONE || header.storedLength() != header.valueLength()) {
      byte[] _ = value(header, offset, key);
      return;
    }
    CRC32C crc = new CRC32C();
    crc.update(key, 0, key.length);
    byte[] window = new byte[Math.min(WINDOW_BYTES, header.storedLength())];
    long at = offset + BlobHeader.BYTES + key.length;
    for (int left = header.storedLength(); left > 0; ) {
      int count = Math.min(left, window.length);
      read(at, window, 0, count);
      crc.update(window, 0, count);
      at += count;
      left -= count;
    }
    checkBody(header, offset, (int) crc.getValue());
  }

  private void checkBody(BlobHeader header, long offset, int checksum) {
    if (checksum != header.bodyChecksum()) {
      throw damaged(
          offset,
          "a record of "
              + header.storedLength()
              + " bytes of value with checksum "
              + Envelope.hex(header.bodyChecksum()),
          Envelope.hex(checksum));
    }
  }

  /// Damage at a place of this file.
  CorruptionException damaged(long offset, String expected, String found) {
    return new CorruptionException(path, offset, expected, found);
  }
}
