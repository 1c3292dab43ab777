package dev.varve.engine.lsm.sstable;

import dev.varve.base.Bytes;
import dev.varve.base.Checksum;
import dev.varve.filter.KeyHash;

/// What stands behind the payload of each block of one file, and binds it to its place.
///
/// @threads immutable
final class BlockSeal {
  /// Codec, length and checksum.
  static final int BYTES = 9;

  private final long fileKey;

  /// @param seed the file's
  /// @param envelopeChecksum the checksum of the file's envelope
  BlockSeal(long seed, int envelopeChecksum) {
    this.fileKey = KeyHash.mix(seed ^ (envelopeChecksum & 0xFFFF_FFFFL));
  }

  /// The checksum of a block whose payload, codec and length are the `length` bytes from `from`.
  int checksum(byte[] array, int from, int length, BlockType type, long offset) {
    return Checksum.of(array, from, length) ^ mask(type, offset);
  }

  /// What binds the checksum of a block to its type and place.
  int mask(BlockType type, long offset) {
    return (int) KeyHash.mix(fileKey + 8 * offset + type.code);
  }

  /// Writes the seal behind the payload that stands from `from` to `to`.
  void write(
      byte[] array, int from, int to, int codec, int plainLength, BlockType type, long offset) {
    array[to] = (byte) codec;
    Bytes.putInt(array, to + 1, plainLength);
    Bytes.putInt(array, to + 5, checksum(array, from, to + 5 - from, type, offset));
  }
}
