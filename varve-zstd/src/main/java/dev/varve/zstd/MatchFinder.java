package dev.varve.zstd;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/// Finds where bytes were seen before: chains of places with the same hash of four bytes.
///
/// @threads one at a time
final class MatchFinder {
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final int HASH_BITS_MAX = 15;
  private static final int HASH_BITS_MIN = 8;
  private static final int HASH_FACTOR = 0x9E3779B1;

  /** How many places a search looks at. */
  private static final int TRIES = 12;

  private static final int FAR = 1 << 7;
  private static final int VERY_FAR = 1 << 13;

  static final int FOUND_MIN = 4;

  private int[] heads = new int[0];

  /** Of each place the one before with the same hash, both counted from 1; 0 for none. */
  private int[] before = new int[0];

  private int shift;
  private byte[] source = new byte[0];
  private int begin;
  private int end;
  private int noted;

  /// Where the match that [#find] found begins.
  int foundAt;

  /// Begins with other bytes.
  void reset(byte[] bytes, int from, int to) {
    source = bytes;
    begin = from;
    end = to;
    noted = from;
    int length = to - from;
    int bits = Math.clamp(Fse.log2(Math.max(length, 2)), HASH_BITS_MIN, HASH_BITS_MAX);
    shift = 32 - bits;
    if (heads.length < 1 << bits) {
      heads = new int[1 << bits];
    } else {
      Arrays.fill(heads, 0, 1 << bits, 0);
    }
    if (before.length < length + 1) {
      before = new int[length + 1];
    }
  }

  private int bytesAt(int at) {
    return (int) INT.get(source, at);
  }

  /// Notes all places before `to`.
  void note(int to) {
    int last = Math.min(to, end - FOUND_MIN + 1);
    for (; noted < last; noted++) {
      int slot = (bytesAt(noted) * HASH_FACTOR) >>> shift;
      int place = noted - begin + 1;
      before[place] = heads[slot];
      heads[slot] = place;
    }
  }

  /** A short match of what is far away takes more bits than its literals. */
  private static int lengthMin(int distance) {
    return FOUND_MIN + (distance >= FAR ? 1 : 0) + (distance >= VERY_FAR ? 1 : 0);
  }

  /// Finds the longest match of what stands at `at`, up to `limit`; 0 for none.
  int find(int at, int limit) {
    if (limit - at < FOUND_MIN) {
      return 0;
    }
    note(at);
    int best = FOUND_MIN - 1;
    int place = heads[(bytesAt(at) * HASH_FACTOR) >>> shift];
    for (int tries = 0; place != 0 && tries < TRIES; tries++) {
      int candidate = begin + place - 1;
      if (at + best < limit && source[candidate + best] == source[at + best]) {
        int length = Arrays.mismatch(source, candidate, limit - at + candidate, source, at, limit);
        length = length < 0 ? limit - at : length;
        if (length > best && length >= lengthMin(at - candidate)) {
          best = length;
          foundAt = candidate;
        }
      }
      place = before[place];
    }
    return best < FOUND_MIN ? 0 : best;
  }
}
