package dev.varve.engine.btree.heap;

/// How a heap uses its files.
///
/// @param slabBytes how large slabs are, a power of two from 4 KiB to 16 MiB; a heap that there is
///   keeps what it was made with
/// @param targetFill the share of the file, above 0 and at most 1, that live objects should fill;
///   below it batches move objects together
/// @param mapBytesMin the map is replaced by a short one when what stands behind its snapshot is
///   more than the snapshot and more than this, in bytes
/// @param moveBytesMin a batch that writes less may move so many bytes of objects
/// @param bufferBytesMax a batch gathers at most so many bytes before it writes them, and where
///   that is less a 128th of the memory, but not less than 16 KiB
public record HeapOptions(
    int slabBytes, double targetFill, long mapBytesMin, long moveBytesMin, int bufferBytesMax) {
  static final int SLAB_BYTES_MIN = 4 << 10;
  static final int SLAB_BYTES_MAX = 16 << 20;
  private static final int BUFFER_BYTES_MIN = 4 << 10;

  /// For keyspaces of any size.
  public static final HeapOptions DEFAULTS =
      new HeapOptions(64 << 10, 0.9, 64 << 10, 1 << 20, 1 << 20);

  public HeapOptions {
    if (Integer.bitCount(slabBytes) != 1
        || slabBytes < SLAB_BYTES_MIN
        || slabBytes > SLAB_BYTES_MAX) {
      throw new IllegalArgumentException("slabs of " + slabBytes + " bytes");
    }
    if (!(targetFill > 0 && targetFill <= 1)) {
      throw new IllegalArgumentException("a fill of " + targetFill);
    }
    if (mapBytesMin < 0 || moveBytesMin < 0 || bufferBytesMax < BUFFER_BYTES_MIN) {
      throw new IllegalArgumentException(
          "a map of "
              + mapBytesMin
              + ", moves of "
              + moveBytesMin
              + ", a buffer of "
              + bufferBytesMax
              + " bytes");
    }
  }

  /// The same with another size of slabs.
  public HeapOptions withSlabBytes(int bytes) {
    return new HeapOptions(bytes, targetFill, mapBytesMin, moveBytesMin, bufferBytesMax);
  }

  /// The same with another fill to aim at.
  public HeapOptions withTargetFill(double fill) {
    return new HeapOptions(slabBytes, fill, mapBytesMin, moveBytesMin, bufferBytesMax);
  }

  /// The same with another least length at which the map is replaced.
  public HeapOptions withMapBytesMin(long bytes) {
    return new HeapOptions(slabBytes, targetFill, bytes, moveBytesMin, bufferBytesMax);
  }

  /// The same with other bytes that a small batch may move.
  public HeapOptions withMoveBytesMin(long bytes) {
    return new HeapOptions(slabBytes, targetFill, mapBytesMin, bytes, bufferBytesMax);
  }

  /// The same with another bound for what a batch gathers.
  public HeapOptions withBufferBytesMax(int bytes) {
    return new HeapOptions(slabBytes, targetFill, mapBytesMin, moveBytesMin, bytes);
  }
}
