package dev.varve.store;

import dev.varve.base.Clock;
import dev.varve.kv.Progress;
import dev.varve.kv.ProgressListener;

/// Passes on about ten reports a second, and the last of each task.
///
/// @threads one at a time
final class ThrottledListener implements ProgressListener {
  private static final long INTERVAL_NANOS = 100_000_000;

  private final ProgressListener listener;
  private final Clock clock;
  private long nextNanos;

  ThrottledListener(ProgressListener listener, Clock clock) {
    this.listener = listener;
    this.clock = clock;
    this.nextNanos = clock.nanos();
  }

  @Override
  public boolean onProgress(Progress progress) {
    long now = clock.nanos();
    if (now - nextNanos < 0 && progress.done() != progress.total()) {
      return true;
    }
    nextNanos = now + INTERVAL_NANOS;
    return listener.onProgress(progress);
  }
}
