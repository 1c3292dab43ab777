package dev.varve.engine.lsm.sstable;

import dev.varve.codec.BlockCodecs;

/// How sstables are written, and held in memory.
///
/// @param blockBytes how many bytes of payload a block has at most, unless a single entry has more
/// @param codec what blocks are compressed with, a number of [BlockCodecs]
/// @param falsePositives the share of absent keys that the filter lets pass; 1: no filter
/// @param residentBytes up to how many bytes the index and the filter of an open file, each of
///   them, stay in memory; larger ones are read through the block cache
public record SstableOptions(int blockBytes, int codec, double falsePositives, int residentBytes) {
  /// The least size of a block.
  public static final int BLOCK_BYTES_MIN = 64;

  /// The greatest size of a block.
  public static final int BLOCK_BYTES_MAX = 16 << 20;

  /// Blocks of 4 KiB, uncompressed; one false positive in a hundred; up to 1 MiB each of index and
  /// filter in memory.
  public static final SstableOptions DEFAULTS =
      new SstableOptions(4 << 10, BlockCodecs.NONE, 0.01, 1 << 20);

  /// @throws IllegalArgumentException when a value is outside its limits
  public SstableOptions {
    if (blockBytes < BLOCK_BYTES_MIN || blockBytes > BLOCK_BYTES_MAX) {
      throw new IllegalArgumentException("a block of " + blockBytes + " bytes");
    }
    if (!(falsePositives > 0 && falsePositives <= 1)) {
      throw new IllegalArgumentException("a rate lies between 0 and 1, not " + falsePositives);
    }
    if (residentBytes < 0) {
      throw new IllegalArgumentException(residentBytes + " bytes");
    }
  }

  /// The same with another size of blocks.
  public SstableOptions withBlockBytes(int bytes) {
    return new SstableOptions(bytes, codec, falsePositives, residentBytes);
  }

  /// The same with another codec.
  public SstableOptions withCodec(int id) {
    return new SstableOptions(blockBytes, id, falsePositives, residentBytes);
  }

  /// The same with another rate of false positives.
  public SstableOptions withFalsePositives(double rate) {
    return new SstableOptions(blockBytes, codec, rate, residentBytes);
  }

  /// The same with another limit of what stays in memory.
  public SstableOptions withResidentBytes(int bytes) {
    return new SstableOptions(blockBytes, codec, falsePositives, bytes);
  }
}
