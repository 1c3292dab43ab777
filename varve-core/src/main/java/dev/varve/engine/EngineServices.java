package dev.varve.engine;

import dev.varve.base.Background;
import java.time.Duration;

/// What an engine that writes files by itself may ask of its store.
///
/// @threads safe
public interface EngineServices {
  /// Whether the store takes commits. Until then it is being brought back, and nothing is written;
  /// an engine of which a copy was made for a check never writes.
  boolean isStarted();

  /// Runs `work` once, soon, in the background. Ignored once the store closes.
  void submit(Runnable work);

  /// Runs `work` once, when `delay` has passed. Dropped when the store closes.
  void submitAfter(Duration delay, Runnable work);

  /// For work that may take long. Runs what it is given until the engine was told to [Engine#stop].
  Background longWork();

  /// Runs `work` while no commit is under way: each is visible, or has not begun. Answers false,
  /// and does not run it, where this thread is applying one itself.
  boolean betweenCommits(Runnable work);

  /// Makes every commit up to `through`, which was applied, durable in the log: files must not hold
  /// what the log could lose.
  ///
  /// @throws dev.varve.kv.StoreFailedException when the store has failed
  void syncLog(long through);

  /// Begins in the background what [#syncLog] will wait for.
  void beginLogSync(long through);

  /// Is told that the engine's files hold more commits than before: some of the log may be of no
  /// use any more.
  void flushed();

  /// Fails the store: what is on the device is unknown for good.
  void fail(Throwable cause);
}
