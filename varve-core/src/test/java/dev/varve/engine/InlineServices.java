package dev.varve.engine;

import dev.varve.base.Background;
import dev.varve.base.InlineBackground;
import java.time.Duration;

/// Services of a store that has started, on the thread that asks; what is to run later never does.
final class InlineServices implements EngineServices {
  private final InlineBackground background = new InlineBackground();

  @Override
  public boolean isStarted() {
    return true;
  }

  @Override
  public void submit(Runnable work) {
    work.run();
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
