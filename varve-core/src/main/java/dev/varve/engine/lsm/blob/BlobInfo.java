package dev.varve.engine.lsm.blob;

import dev.varve.format.Envelope;

/// What is known of a complete blob file.
///
/// @param number its number
/// @param size its length in bytes
/// @param records how many records it has
/// @param valueBytes the bytes of all their values, as they were before compression
public record BlobInfo(long number, long size, long records, long valueBytes) {
  /// The bytes of a file that are no records.
  public static final int OVERHEAD_BYTES = Envelope.SIZE + BlobFooter.SIZE;

  /// The bytes of all its records.
  public long recordBytes() {
    return size - OVERHEAD_BYTES;
  }
}
