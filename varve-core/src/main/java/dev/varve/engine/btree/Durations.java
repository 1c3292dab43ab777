package dev.varve.engine.btree;

import java.util.concurrent.atomic.LongAccumulator;
import java.util.concurrent.atomic.LongAdder;

/// How often something was done, and how long it took.
///
/// @threads safe
final class Durations {
  private final LongAdder count = new LongAdder();
  private final LongAdder nanos = new LongAdder();
  private final LongAccumulator nanosMax = new LongAccumulator(Math::max, 0);

  /// It was done once more, in so long.
  void add(long took) {
    count.increment();
    nanos.add(took);
    nanosMax.accumulate(took);
  }

  long count() {
    return count.sum();
  }

  /// How long it took all together.
  long nanos() {
    return nanos.sum();
  }

  /// How long it took at most.
  long nanosMax() {
    return nanosMax.get();
  }
}
