package dev.varve.base;

/// What arrays and objects take on the heap of a 64-bit HotSpot: headers, references, padding.
///
/// @threads stateless
public final class HeapLayout {
  private static final int ARRAY_HEADER_BYTES = 16;
  private static final int OBJECT_HEADER_BYTES = 12;

  /** References are compressed up to a heap of 32 GiB. */
  private static final int REFERENCE_BYTES =
      Runtime.getRuntime().maxMemory() < 32L << 30 ? Integer.BYTES : Long.BYTES;

  private HeapLayout() {}

  public static long bytesOf(byte[] array) {
    return padded(ARRAY_HEADER_BYTES + (long) array.length);
  }

  public static long bytesOf(int[] array) {
    return padded(ARRAY_HEADER_BYTES + (long) array.length * Integer.BYTES);
  }

  public static long bytesOf(long[] array) {
    return ARRAY_HEADER_BYTES + (long) array.length * Long.BYTES;
  }

  /// The array alone, without what it refers to.
  public static long bytesOf(Object[] array) {
    return padded(ARRAY_HEADER_BYTES + (long) array.length * REFERENCE_BYTES);
  }

  /// An object with so many references and so many bytes of other fields.
  public static long bytesOfObject(int references, int otherBytes) {
    return padded(OBJECT_HEADER_BYTES + (long) references * REFERENCE_BYTES + otherBytes);
  }

  private static long padded(long bytes) {
    return (bytes + 7) & -8;
  }
}
