package dev.varve.store;

import dev.varve.kv.CommitResult;
import dev.varve.kv.ConflictException;
import dev.varve.kv.DeadlockException;
import dev.varve.kv.LockTimeoutException;
import dev.varve.kv.TransactionFunction;
import dev.varve.kv.TransactionOptions;
import dev.varve.kv.VarveException;
import dev.varve.txn.BackOff;
import dev.varve.txn.TransactionLife.State;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// Runs a function in a transaction, and again when that was refused.
///
/// @threads one at a time
final class Transactor {
  private final OpenStore store;
  private final TransactionOptions options;

  /** All attempts are as old as the first, so that in the end it is the oldest. */
  private final long id;

  private @Nullable VarveException refusal;

  Transactor(OpenStore store, TransactionOptions options) {
    this.store = store;
    this.options = options;
    this.id = store.core().nextTransaction();
  }

  /// Runs it until it is committed or ends otherwise.
  <T> @Nullable T run(TransactionFunction<T> function) {
    for (int attempt = 1; ; attempt++) {
      refusal = null;
      @Nullable T answer = attempt(function);
      @Nullable VarveException refused = refusal;
      if (refused == null) {
        return answer;
      }
      if (attempt == options.attempts()) {
        throw refused;
      }
      LockSupport.parkNanos(this, BackOff.nanos(attempt, id));
    }
  }

  private <T> @Nullable T attempt(TransactionFunction<T> function) {
    try (StoreTransaction transaction = StoreTransaction.begin(store, options, id)) {
      @Nullable T answer = null;
      try {
        answer = function.apply(transaction);
      } catch (ConflictException | DeadlockException | LockTimeoutException e) {
        refusal = e;
        return null;
      }
      State state = transaction.state();
      if (state != State.COMMITTED && state != State.ROLLED_BACK) {
        finish(transaction, state);
      }
      return answer;
    }
  }

  private void finish(StoreTransaction transaction, State state) {
    if (state == State.CONFLICT || state == State.DEADLOCK || state == State.LOCK_TIMEOUT) {
      refusal =
          new ConflictException(
              "the transaction was refused, and its function went on; nothing of it is left");
      return;
    }
    CommitResult result = transaction.tryCommit();
    switch (result) {
      case CommitResult.Committed _ -> {}
      case CommitResult.TimedOut _ -> throw Refusals.of(result);
      case CommitResult.Conflict _, CommitResult.Deadlock _, CommitResult.LockTimeout _ ->
          refusal = Refusals.of(result);
    }
  }
}
