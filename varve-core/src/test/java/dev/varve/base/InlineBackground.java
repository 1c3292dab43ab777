package dev.varve.base;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;

/// [Background] without threads: what is submitted runs at once, on the thread that submits it;
/// what is to run later waits for [#runDelayed]. It makes a run repeat exactly.
///
/// @threads one at a time
public final class InlineBackground implements Background {
  private final Deque<Runnable> delayed = new ArrayDeque<>();
  private boolean closed;

  @Override
  public void submit(Runnable work) {
    if (!closed) {
      work.run();
    }
  }

  @Override
  public void submitAfter(Duration delay, Runnable work) {
    if (!closed) {
      delayed.add(work);
    }
  }

  /// Runs what waits now.
  public void runDelayed() {
    for (int count = delayed.size(); count > 0; count--) {
      delayed.remove().run();
    }
  }

  @Override
  public void close() {
    closed = true;
    delayed.clear();
  }
}
