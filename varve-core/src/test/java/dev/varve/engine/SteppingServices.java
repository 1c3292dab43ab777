package dev.varve.engine;

import dev.varve.base.Background;
import dev.varve.base.InlineBackground;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;

/// Services of a store that has started: what is to run soon runs when the test says so, what is to
/// run later never does.
final class SteppingServices implements EngineServices {
  private final InlineBackground background = new InlineBackground();
  private final Deque<Runnable> waiting = new ArrayDeque<>();

  /// Runs what waits.
  void run() {
    for (Runnable next = waiting.poll(); next != null; next = waiting.poll()) {
      next.run();
    }
  }

  @Override
  public boolean isStarted() {
    return true;
  }

  @Override
  public void submit(Runnable work) {
    waiting.add(work);
  }

  @Override
  public void submitAfter(Duration delay, Runnable work) {}

  @Override
  public Background longWork() {
    return background;
  }

  @Override
  public boolean betweenCommits(Runnable work) {
    work.run();
    return true;
  }

  @Override
  public void syncLog(long through) {}

  @Override
  public void beginLogSync(long through) {}

  @Override
  public void flushed() {}

  @Override
  public void fail(Throwable cause) {
    throw new AssertionError(cause);
  }
}
