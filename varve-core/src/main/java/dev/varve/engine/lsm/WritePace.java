package dev.varve.engine.lsm;

import java.util.concurrent.atomic.AtomicLong;

/// How fast writers may go while the background is behind: they run for a moment, then all of them
/// rest, the longer the further behind it is.
///
/// Few writes wait, each for some milliseconds, in place of every write for a little: a thread
/// cannot sleep for as short as one write takes.
///
/// @threads safe
final class WritePace {
  /// For how long writers go on between two rests.
  static final long RUN_NANOS = 2_000_000;

  /** A rest just before writers are stopped is as many times as long as a run. */
  private static final double REST_MOST = 12;

  /** When the run ends that goes on, or when the last one did. */
  private final AtomicLong runEnd;

  /// @param now a reading of the clock in nanoseconds, of which only differences count
  WritePace(long now) {
    runEnd = new AtomicLong(now);
  }

  /// How many nanoseconds a writer that comes at `now` rests before it goes on.
  ///
  /// @param pressure how far behind the background is: 0 not at all, 1 so far that writers stop
  long rest(long now, double pressure) {
    if (pressure <= 0) {
      return 0;
    }
    long end = runEnd.get();
    long since = now - end;
    if (since < 0) {
      return 0;
    }
    long rest = (long) (RUN_NANOS * REST_MOST * pressure * pressure);
    if (since < rest) {
      return rest - since;
    }
    // Who is second finds a run that has begun.
    boolean _ = runEnd.compareAndSet(end, now + RUN_NANOS);
    return 0;
  }
}
