package dev.varve.kv;

import org.jspecify.annotations.Nullable;

/// Everything that can go wrong at the contract. Messages say what happened, where, and what to do;
/// they never hold a key or a value.
public abstract sealed class VarveException extends RuntimeException
    permits ConflictException,
        CorruptionException,
        DeadlockException,
        DiskFullException,
        FormatException,
        LimitException,
        LockTimeoutException,
        SnapshotTooOldException,
        StoreClosedException,
        StoreFailedException,
        StoreIoException,
        StoreLockedException,
        UsageException {
  private static final long serialVersionUID = 1L;

  VarveException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
