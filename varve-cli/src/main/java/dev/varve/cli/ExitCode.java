package dev.varve.cli;

import dev.varve.kv.ConflictException;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.DeadlockException;
import dev.varve.kv.DiskFullException;
import dev.varve.kv.FormatException;
import dev.varve.kv.LimitException;
import dev.varve.kv.LockTimeoutException;
import dev.varve.kv.SnapshotTooOldException;
import dev.varve.kv.StoreClosedException;
import dev.varve.kv.StoreFailedException;
import dev.varve.kv.StoreIoException;
import dev.varve.kv.StoreLockedException;
import dev.varve.kv.UsageException;
import dev.varve.kv.VarveException;

/// What a command answers to the one who started it.
final class ExitCode {
  /// Done.
  static final int DONE = 0;

  /// What was asked for is not there, or not all of it is as it should be: an absent key, rows that
  /// were rejected, entries that could not be salvaged.
  static final int DIFFERS = 1;

  /// The command cannot be served as given.
  static final int USAGE = 2;

  /// The store is damaged, no store, of another format, or failed.
  static final int FAILED = 3;

  /// The store is open elsewhere.
  static final int LOCKED = 4;

  /// Somebody asked for an end meanwhile (as shells say it of Ctrl-C).
  static final int INTERRUPTED = 130;

  private ExitCode() {}

  static int of(VarveException failure) {
    return switch (failure) {
      case UsageException _, LimitException _ -> USAGE;
      case StoreLockedException _ -> LOCKED;
      case ConflictException _,
          CorruptionException _,
          DeadlockException _,
          DiskFullException _,
          FormatException _,
          LockTimeoutException _,
          SnapshotTooOldException _,
          StoreClosedException _,
          StoreFailedException _,
          StoreIoException _ ->
          FAILED;
    };
  }
}
