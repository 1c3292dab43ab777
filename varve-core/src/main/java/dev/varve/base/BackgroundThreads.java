package dev.varve.base;

import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/// [Background] on a few named daemon threads, which end by themselves when idle.
///
/// @threads safe
public final class BackgroundThreads implements Background {
  private static final long IDLE_SECONDS = 10;

  private final ScheduledThreadPoolExecutor executor;
  private final Consumer<Throwable> onFailure;

  /// Threads are called `name-1`, `name-2`, … What work throws goes to `onFailure`.
  public BackgroundThreads(String name, int threads, Consumer<Throwable> onFailure) {
    AtomicInteger number = new AtomicInteger();
    this.onFailure = onFailure;
    this.executor =
        new ScheduledThreadPoolExecutor(
            threads,
            work ->
                Thread.ofPlatform()
                    .daemon()
                    .name(name + "-" + number.incrementAndGet())
                    .unstarted(work));
    executor.setKeepAliveTime(IDLE_SECONDS, TimeUnit.SECONDS);
    executor.allowCoreThreadTimeOut(true);
    executor.setRemoveOnCancelPolicy(true);
    executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
  }

  @Override
  public void submit(Runnable work) {
    try {
      executor.execute(guarded(work));
    } catch (RejectedExecutionException closed) {
      if (!executor.isShutdown()) {
        throw closed;
      }
    }
  }

  @Override
  public void submitAfter(Duration delay, Runnable work) {
    try {
      var _ = executor.schedule(guarded(work), delay.toNanos(), TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException closed) {
      if (!executor.isShutdown()) {
        throw closed;
      }
    }
  }

  /** A scheduled executor drops what its tasks throw; nothing may be lost here. */
  private Runnable guarded(Runnable work) {
    return () -> {
      try {
        work.run();
      } catch (Throwable failure) {
        onFailure.accept(failure);
      }
    };
  }

  @Override
  public void close() {
    executor.shutdown();
    boolean interrupted = false;
    while (true) {
      try {
        if (executor.awaitTermination(1, TimeUnit.DAYS)) {
          break;
        }
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
