package dev.varve.rigs;

import dev.varve.base.Clock;
import java.time.Duration;

/// A clock that moves only when it is told to, so that a run repeats exactly.
///
/// @threads one at a time, each seeing what the one before did
final class HandClock implements Clock {
  private long nanos = 1_000_000_000;

  /// Moves on.
  void pass(Duration time) {
    nanos += time.toNanos();
  }

  @Override
  public long nanos() {
    return nanos;
  }

  @Override
  public long wallMillis() {
    return nanos / 1_000_000;
  }
}
