package dev.varve.base;

import java.util.zip.CRC32C;

/// CRC-32C (Castagnoli), the one checksum of Varve's files.
///
/// @threads stateless
/// @source RFC 3720, appendix B.4; the JDK's intrinsic
public final class Checksum {
  private Checksum() {}

  /// The checksum of `length` bytes from `offset`.
  public static int of(byte[] array, int offset, int length) {
    CRC32C crc = new CRC32C();
    crc.update(array, offset, length);
    return (int) crc.getValue();
  }

  /// The checksum of two ranges, as if the second stood behind the first.
  public static int of(
      byte[] first, int offset, int length, byte[] second, int secondOffset, int secondLength) {
    CRC32C crc = new CRC32C();
    crc.update(first, offset, length);
    crc.update(second, secondOffset, secondLength);
    return (int) crc.getValue();
  }

  /// The checksum of a whole array.
  public static int of(byte[] array) {
    return of(array, 0, array.length);
  }
}
