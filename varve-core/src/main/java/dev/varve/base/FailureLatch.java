package dev.varve.base;

import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// Keeps the first failure after which nothing more may be written.
///
/// The first cause stays; later ones are attached to it as suppressed, so that none is lost.
///
/// @threads safe
public final class FailureLatch {
  /// How many later failures are kept beside the first: enough to see a pattern, not a leak.
  private static final int SUPPRESSED_MAX = 8;

  private final AtomicReference<@Nullable Throwable> first = new AtomicReference<>();

  /// Latches `cause` unless a failure is latched already. Answers the first cause.
  public Throwable fail(Throwable cause) {
    Throwable witness = first.compareAndExchange(null, cause);
    if (witness == null) {
      return cause;
    }
    if (witness != cause && witness.getSuppressed().length < SUPPRESSED_MAX) {
      witness.addSuppressed(cause);
    }
    return witness;
  }

  /// The first cause, or null while nothing has failed.
  public @Nullable Throwable cause() {
    return first.get();
  }

  /// Whether a failure is latched.
  public boolean isFailed() {
    return first.get() != null;
  }
}
