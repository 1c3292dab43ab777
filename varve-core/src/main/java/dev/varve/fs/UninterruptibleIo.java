package dev.varve.fs;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// Runs file calls that an interrupt would cut short on a thread that nobody else knows, hence
/// nobody interrupts.
///
/// A [java.nio.channels.FileChannel] is closed, for every thread, when a thread inside one of its
/// calls is interrupted; what the interrupted call had done by then is lost with it, the error of a
/// failed sync included. The calls that go through here are rare: a directory's sync, a mapping.
///
/// @threads stateless
final class UninterruptibleIo {
  private UninterruptibleIo() {}

  /** A call that may fail as files do. */
  interface Call {
    void run() throws IOException;
  }

  /** A call's end. */
  private static final class Outcome {
    volatile @Nullable Throwable failure;
  }

  /// Runs `call` to its end; the caller's interrupt status is kept.
  static void run(Call call) throws IOException {
    Outcome outcome = new Outcome();
    Thread thread =
        Thread.ofPlatform()
            .daemon()
            .name("varve-io")
            .start(
                () -> {
                  try {
                    call.run();
                  } catch (Throwable failure) {
                    outcome.failure = failure;
                  }
                });
    boolean interrupted = false;
    while (true) {
      try {
        thread.join();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    switch (outcome.failure) {
      case null -> {}
      case IOException failure -> throw failure;
      case RuntimeException failure -> throw failure;
      case Error failure -> throw failure;
      case Throwable failure -> throw new IOException(failure);
    }
  }
}
