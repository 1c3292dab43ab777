package dev.varve.rigs;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/// One thread for each lane of a log. A store chooses a commit's lane by its thread; running each
/// step on a thread of a chosen lane, and waiting for it, fills all lanes and still repeats
/// exactly.
///
/// @threads one caller at a time
/// @lifetime until [#close]
final class LaneThreads implements AutoCloseable {
  private final List<ExecutorService> executors = new ArrayList<>();

  LaneThreads(int lanes) {
    for (int lane = 0; lane < lanes; lane++) {
      int wanted = lane;
      executors.add(
          Executors.newSingleThreadExecutor(
              work -> {
                Thread thread = Thread.ofPlatform().daemon().unstarted(work);
                while (thread.threadId() % lanes != wanted) {
                  thread = Thread.ofPlatform().daemon().unstarted(work);
                }
                return thread;
              }));
    }
  }

  /// Runs `work` on a thread whose commits go to `lane`.
  <T> T on(int lane, Callable<T> work) {
    try {
      return executors.get(lane % executors.size()).submit(work).get();
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case RuntimeException runtime -> throw runtime;
        case Error error -> throw error;
        case null, default -> throw new IllegalStateException(e);
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException("a rig is not interrupted", e);
    }
  }

  @Override
  public void close() {
    executors.forEach(ExecutorService::shutdown);
  }
}
