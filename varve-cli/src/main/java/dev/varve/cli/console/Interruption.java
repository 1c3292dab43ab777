package dev.varve.cli.console;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// Whether somebody asked for an end. Long work looks now and then and stops between two steps, so
/// that the store is closed in order.
///
/// @threads safe
public final class Interruption {
  private static final long PATIENCE_SECONDS = 20;

  private final CountDownLatch ended = new CountDownLatch(1);
  private volatile boolean asked;

  /// Nobody has asked.
  public Interruption() {}

  /// Has the end of the process (Ctrl-C, SIGTERM) ask for an end and wait for it.
  public void listenToProcess() {
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  ask();
                  try {
                    boolean inTime = ended.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
                    if (!inTime) {
                      // The log has what was acknowledged; an unclosed store loses nothing.
                      return;
                    }
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                },
                "varve-shutdown"));
  }

  /// Asks for an end.
  public void ask() {
    asked = true;
  }

  /// Takes the request back, for the next command of a prompt.
  public void clear() {
    asked = false;
  }

  /// Whether it was asked for.
  public boolean isAsked() {
    return asked;
  }

  /// Throws when it was asked for.
  ///
  /// @throws java.util.concurrent.CancellationException then
  public void check() {
    if (asked) {
      throw new java.util.concurrent.CancellationException("interrupted");
    }
  }

  /// Says that all is closed.
  public void ended() {
    ended.countDown();
  }
}
