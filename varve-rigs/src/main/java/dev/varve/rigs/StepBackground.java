package dev.varve.rigs;

import dev.varve.base.Background;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.SplittableRandom;

/// Background work without threads of its own: by the toss of a seeded coin it runs at once or
/// between two steps, as a slow thread would have it. What is to run later waits for [#runDelayed].
///
/// @threads one at a time, each seeing what the one before did
final class StepBackground implements Background {
  private final SplittableRandom random;
  private final Deque<Runnable> submitted = new ArrayDeque<>();
  private final Deque<Runnable> delayed = new ArrayDeque<>();
  private boolean atOnce;
  private boolean closed;

  StepBackground(long seed) {
    this.random = new SplittableRandom(seed);
  }

  @Override
  public void submit(Runnable work) {
    if (closed) {
      return;
    }
    if (random.nextBoolean() || atOnce) {
      work.run();
    } else {
      submitted.add(work);
    }
  }

  @Override
  public void submitAfter(Duration delay, Runnable work) {
    if (!closed) {
      delayed.add(work);
    }
  }

  /// Sets whether nothing is put off: somebody is about to wait for it.
  void runAtOnce(boolean now) {
    atOnce = now;
  }

  /// Runs what was put off, and what that puts off.
  void runSubmitted() {
    for (Runnable next = submitted.poll(); next != null; next = submitted.poll()) {
      next.run();
    }
  }

  /// Runs what waits for its time.
  void runDelayed() {
    for (int count = delayed.size(); count > 0; count--) {
      delayed.remove().run();
    }
  }

  @Override
  public void close() {
    runSubmitted();
    closed = true;
    delayed.clear();
  }
}
