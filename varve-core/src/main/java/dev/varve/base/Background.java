package dev.varve.base;

import java.time.Duration;

/// Work that nobody waits for: preparing segments, periodic syncs, flushes.
///
/// @threads safe
public interface Background extends AutoCloseable {
  /// Runs `work` once, soon, on a thread of its own choosing. Ignored after [#close].
  void submit(Runnable work);

  /// Runs `work` once, when `delay` has passed. Dropped by [#close].
  void submitAfter(Duration delay, Runnable work);

  /// Takes no more work and waits until what is running has ended. Nothing is interrupted: an
  /// interrupt would close files under other threads.
  @Override
  void close();
}
