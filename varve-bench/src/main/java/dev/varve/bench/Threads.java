package dev.varve.bench;

import java.util.ArrayList;
import java.util.List;

/// Runs the same work on several threads at once.
final class Threads {
  private Threads() {}

  /// What one of the threads does.
  @FunctionalInterface
  interface Work {
    /// @param thread which of them it is, from 0
    /// @throws Exception when it fails
    void run(int thread) throws Exception;
  }

  /// Starts `count` threads and waits for their end.
  ///
  /// @throws IllegalStateException when one failed
  static void run(int count, Work work) throws InterruptedException {
    List<Throwable> failures = new ArrayList<>();
    List<Thread> threads = new ArrayList<>();
    for (int t = 0; t < count; t++) {
      int number = t;
      threads.add(
          Thread.ofPlatform()
              .unstarted(
                  () -> {
                    try {
                      work.run(number);
                    } catch (Throwable failure) {
                      synchronized (failures) {
                        failures.add(failure);
                      }
                    }
                  }));
    }
    threads.forEach(Thread::start);
    for (Thread thread : threads) {
      thread.join();
    }
    if (!failures.isEmpty()) {
      throw new IllegalStateException("a thread failed", failures.getFirst());
    }
  }
}
