package dev.varve.base;

/// SipHash-1-3: a hash of bytes that nobody who does not know its key can steer, and who therefore
/// cannot make keys collide.
///
/// @threads immutable
/// @source Aumasson and Bernstein, SipHash: a fast short-input PRF, INDOCRYPT 2012; with one round
///   a word and three at the end, the variant that Rust's and Python's tables use
public final class SipHash {
  private final long k0;
  private final long k1;

  /// With this key, which is drawn at random and kept secret.
  public SipHash(long k0, long k1) {
    this.k0 = k0;
    this.k1 = k1;
  }

  /// The hash of `length` bytes from `offset`.
  public long hash(byte[] bytes, int offset, int length) {
    long v0 = k0 ^ 0x736f6d6570736575L;
    long v1 = k1 ^ 0x646f72616e646f6dL;
    long v2 = k0 ^ 0x6c7967656e657261L;
    long v3 = k1 ^ 0x7465646279746573L;
    int end = offset + length;
    int at = offset;
    for (int blocks = (length >>> 3) + 1; blocks > 0; blocks--) {
      long m = blocks > 1 ? Bytes.getLong(bytes, at) : last(bytes, at, end, length);
      at += 8;
      v3 ^= m;
      v0 += v1;
      v1 = Long.rotateLeft(v1, 13) ^ v0;
      v0 = Long.rotateLeft(v0, 32);
      v2 += v3;
      v3 = Long.rotateLeft(v3, 16) ^ v2;
      v0 += v3;
      v3 = Long.rotateLeft(v3, 21) ^ v0;
      v2 += v1;
      v1 = Long.rotateLeft(v1, 17) ^ v2;
      v2 = Long.rotateLeft(v2, 32);
      v0 ^= m;
    }
    v2 ^= 0xff;
    for (int round = 0; round < 3; round++) {
      v0 += v1;
      v1 = Long.rotateLeft(v1, 13) ^ v0;
      v0 = Long.rotateLeft(v0, 32);
      v2 += v3;
      v3 = Long.rotateLeft(v3, 16) ^ v2;
      v0 += v3;
      v3 = Long.rotateLeft(v3, 21) ^ v0;
      v2 += v1;
      v1 = Long.rotateLeft(v1, 17) ^ v2;
      v2 = Long.rotateLeft(v2, 32);
    }
    return v0 ^ v1 ^ v2 ^ v3;
  }

  /** The last word: the bytes that are left, and the length in the top byte. */
  private static long last(byte[] bytes, int at, int end, int length) {
    long m = (long) length << 56;
    for (int i = at, shift = 0; i < end; i++, shift += 8) {
      m |= (bytes[i] & 0xFFL) << shift;
    }
    return m;
  }
}
