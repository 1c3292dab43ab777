package dev.varve.base;

import java.util.SplittableRandom;

/// Where identities and hash seeds come from, so that a test can repeat them.
///
/// @threads safe
@FunctionalInterface
public interface RandomSource {
  /// 64 random bits.
  long nextLong();

  /// Random bits that nobody outside can foretell.
  static RandomSource secure() {
    java.security.SecureRandom random = new java.security.SecureRandom();
    return random::nextLong;
  }

  /// The same bits for the same seed, in the order of the calls.
  static RandomSource seeded(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    return () -> {
      synchronized (random) {
        return random.nextLong();
      }
    };
  }
}
