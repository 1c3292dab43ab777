package dev.varve.filter;

import dev.varve.base.Bytes;

/// The 64-bit hash of bytes that sstables use; `docs/format/sstable.md` has its definition, which
/// is part of the format.
///
/// @threads stateless
/// @source Wang Yi, wyhash, wangyi-fudan/wyhash: multiply to 128 bits and fold. Here all constants
///   that bytes are mixed with come from the seed, so that who does not know it cannot make a
///   factor zero
public final class KeyHash {
  /// Two to the 64 divided by the golden ratio.
  public static final long GOLDEN = 0x9e3779b97f4a7c15L;

  private static final long SECOND = 0x3c6ef372fe94f82aL;

  private KeyHash() {}

  /// The finalizer of MurmurHash3: every bit of the answer depends on every bit of `x`.
  public static long mix(long x) {
    long z = (x ^ (x >>> 33)) * 0xff51afd7ed558ccdL;
    z = (z ^ (z >>> 33)) * 0xc4ceb9fe1a85ec53L;
    return z ^ (z >>> 33);
  }

  private static long mum(long a, long b) {
    return Math.unsignedMultiplyHigh(a, b) ^ (a * b);
  }

  /// What [#of(long, long, byte[], int, int)] takes first for a seed.
  public static long first(long seed) {
    return mix(seed + GOLDEN);
  }

  /// What [#of(long, long, byte[], int, int)] takes second for a seed.
  public static long second(long seed) {
    return mix(seed + SECOND);
  }

  /// The hash of `length` bytes from `offset`.
  public static long of(long seed, byte[] bytes, int offset, int length) {
    return of(first(seed), second(seed), bytes, offset, length);
  }

  /// The hash of `length` bytes from `offset`, with what the seed makes of itself known: of many
  /// keys it is the same.
  ///
  /// @param s0 [#first]
  /// @param s1 [#second]
  public static long of(long s0, long s1, byte[] bytes, int offset, int length) {
    long s = s0 ^ length;
    int end = offset + length;
    long x;
    long y;
    if (length >= 8) {
      int at = offset;
      for (; end - at > 16; at += 16) {
        s = mum(Bytes.getLong(bytes, at) ^ s1, Bytes.getLong(bytes, at + 8) ^ s);
      }
      x = Bytes.getLong(bytes, length > 16 ? end - 16 : offset);
      y = Bytes.getLong(bytes, end - 8);
    } else if (length >= 4) {
      x = Bytes.getInt(bytes, offset) & 0xFFFF_FFFFL;
      y = Bytes.getInt(bytes, end - 4) & 0xFFFF_FFFFL;
    } else if (length > 0) {
      x =
          (bytes[offset] & 0xFFL) << 16
              | (bytes[offset + (length >> 1)] & 0xFF) << 8
              | (bytes[end - 1] & 0xFF);
      y = 0;
    } else {
      x = 0;
      y = 0;
    }
    return mum(mum(x ^ s1, y ^ s) ^ s0, s1);
  }
}
