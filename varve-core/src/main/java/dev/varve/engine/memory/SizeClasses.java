package dev.varve.engine.memory;

/// The sizes that records are rounded up to: multiples of 16 up to 256 bytes, then eight steps to
/// each doubling, so that at most an eighth is lost.
///
/// @threads stateless
final class SizeClasses {
  static final int GRANULE_BYTES = 16;

  /// The largest size that shares a slab with others.
  static final int SHARED_BYTES_MAX = 16 << 10;

  private static final int FINE_BYTES_MAX = 256;
  private static final int FINE_CLASSES = FINE_BYTES_MAX / GRANULE_BYTES;
  private static final int STEP_BITS = 3;

  static final int COUNT = classOf(SHARED_BYTES_MAX) + 1;

  private SizeClasses() {}

  /// The class of records of `bytes` bytes, at least 1 and at most [#SHARED_BYTES_MAX].
  static int classOf(int bytes) {
    if (bytes <= FINE_BYTES_MAX) {
      return (bytes - 1) / GRANULE_BYTES;
    }
    int octave = 31 - Integer.numberOfLeadingZeros(bytes - 1);
    int step = ((bytes - 1) >>> (octave - STEP_BITS)) & ((1 << STEP_BITS) - 1);
    return FINE_CLASSES + ((octave - 8) << STEP_BITS) + step;
  }

  /// How many bytes each record of a class takes.
  static int bytes(int sizeClass) {
    if (sizeClass < FINE_CLASSES) {
      return (sizeClass + 1) * GRANULE_BYTES;
    }
    int coarse = sizeClass - FINE_CLASSES;
    int octave = 8 + (coarse >>> STEP_BITS);
    int step = (coarse & ((1 << STEP_BITS) - 1)) + 1;
    return (1 << octave) + (step << (octave - STEP_BITS));
  }
}
