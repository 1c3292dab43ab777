package dev.varve.store;

import dev.varve.kv.CommitResult;
import dev.varve.kv.ConflictCause;
import dev.varve.kv.ConflictException;
import dev.varve.kv.DeadlockException;
import dev.varve.kv.LimitException;
import dev.varve.kv.LockResult;
import dev.varve.kv.LockTimeoutException;
import dev.varve.kv.VarveException;
import java.time.Duration;

/// What was in the way of a transaction, as exceptions for those who ask for them.
///
/// @threads stateless
final class Refusals {
  private static final String AGAIN =
      "; nothing of it is left. Run it again, or have Store.transact do so";

  private Refusals() {}

  /// Of a commit that was none.
  static VarveException of(CommitResult refused) {
    return switch (refused) {
      case CommitResult.Conflict conflict -> new ConflictException(text(conflict));
      case CommitResult.Deadlock _ -> deadlock();
      case CommitResult.LockTimeout timeout ->
          new LockTimeoutException(
              "the transaction waited "
                  + millis(timeout.waited())
                  + " at its commit for a lock that another one has"
                  + AGAIN
                  + ", or with a longer TransactionOptions.withLockTimeout");
      case CommitResult.TimedOut timedOut -> timedOut(timedOut.timeout());
      case CommitResult.Committed committed ->
          throw new IllegalArgumentException("nothing was in the way of " + committed);
    };
  }

  /// Of a lock that was not given.
  static VarveException of(LockResult refused) {
    return switch (refused) {
      case LockResult.TimedOut timedOut ->
          new LockTimeoutException(
              "the transaction waited "
                  + millis(timedOut.waited())
                  + " for a lock that another one has; it can go on. Try again, or begin it with a"
                  + " longer TransactionOptions.withLockTimeout");
      case LockResult.Deadlock _ -> deadlock();
      case LockResult.Conflict conflict ->
          new ConflictException(
              "the commit "
                  + conflict.sequenceNumber()
                  + " wrote in keyspace '"
                  + conflict.keyspace()
                  + "' what the transaction depends on"
                  + AGAIN);
      case LockResult.Locked locked ->
          throw new IllegalArgumentException("nothing was in the way of " + locked);
    };
  }

  private static String text(CommitResult.Conflict conflict) {
    if (conflict.cause() == ConflictCause.HISTORY) {
      return "while the transaction ran, more was committed than is kept to compare it with"
          + AGAIN
          + ", and let it end sooner";
    }
    String what =
        switch (conflict.cause()) {
          case WRITTEN -> "writes too";
          case READ -> "has read";
          case LOCKED -> "has locked";
          case HISTORY -> "depends on";
        };
    return "the commit "
        + conflict.sequenceNumber()
        + " wrote in keyspace '"
        + conflict.keyspace()
        + "' what the transaction "
        + what
        + AGAIN;
  }

  private static DeadlockException deadlock() {
    return new DeadlockException(
        "transactions waited for locks of one another in a circle, and this one was rolled back"
            + AGAIN);
  }

  /// Of a transaction that ran for too long.
  static LimitException timedOut(Duration timeout) {
    return new LimitException(
        "the transaction has run for longer than "
            + millis(timeout)
            + " and was rolled back; let it end sooner, or begin it with a longer"
            + " TransactionOptions.withTimeout");
  }

  private static String millis(Duration duration) {
    return duration.toMillis() + " ms";
  }
}
