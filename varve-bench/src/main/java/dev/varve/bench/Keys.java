package dev.varve.bench;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/// Keys that look random and are computed from a number, so that no array of keys disturbs the
/// caches, and a random order of them.
///
/// @threads one at a time
/// @source Steele, Lea and Flood, Fast splittable pseudorandom number generators, OOPSLA 2014
final class Keys {
  /// How long each key is.
  static final int BYTES = 16;

  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
  private static final long GOLDEN = 0x9E3779B97F4A7C15L;

  private final long seed;
  private final byte[] key = new byte[BYTES];
  private long state;

  /// @param seed which keys
  /// @param order which order [#next] has
  Keys(long seed, long order) {
    this.seed = mix(seed);
    this.state = mix(order + 1);
  }

  /// The key of a number.
  ///
  /// @lifetime until the next call
  byte[] of(long number) {
    long high = mix(number * GOLDEN + seed);
    LONG.set(key, 0, high);
    LONG.set(key, 8, mix(high ^ number));
    return key;
  }

  /// A key that is greater than that of any smaller number.
  ///
  /// @lifetime until the next call
  byte[] ascending(long number) {
    LONG.set(key, 0, number);
    LONG.set(key, 8, mix(number * GOLDEN + seed));
    return key;
  }

  /// A random number from 0 to before `bound`.
  long next(long bound) {
    state += GOLDEN;
    return Math.unsignedMultiplyHigh(mix(state), bound);
  }

  private static long mix(long number) {
    long z = (number ^ (number >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
