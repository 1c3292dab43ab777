package dev.varve.engine;

import dev.varve.kv.StallStats;
import java.util.concurrent.atomic.LongAccumulator;
import java.util.concurrent.atomic.LongAdder;

/// Counts how writers were held up.
///
/// @threads safe
final class StallCounters {
  private final LongAdder slowed = new LongAdder();
  private final LongAdder stopped = new LongAdder();
  private final LongAdder nanos = new LongAdder();
  private final LongAccumulator nanosMax = new LongAccumulator(Math::max, 0);
  private final LongAdder refused = new LongAdder();

  /// One was held up for so long.
  void held(boolean wasStopped, long heldNanos) {
    (wasStopped ? stopped : slowed).increment();
    nanos.add(heldNanos);
    nanosMax.accumulate(heldNanos);
  }

  /// One was refused.
  void refused() {
    refused.increment();
  }

  StallStats stats() {
    return new StallStats(slowed.sum(), stopped.sum(), nanos.sum(), nanosMax.get(), refused.sum());
  }
}
