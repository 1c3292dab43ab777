package dev.varve.fs;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.time.Duration;

/// What goes wrong with a [FileOperation].
public sealed interface Fault {
  /// The operation is refused and does nothing.
  record Refused(Errno error) implements Fault {}

  /// A read gives, or a write takes, only the first `bytes` bytes; then the error strikes.
  record CutShort(long bytes, Errno error) implements Fault {}

  /// A sync or force fails with an error and does to the pages what `failure` says.
  record SyncFails(SyncFailure failure, Errno error) implements Fault {
    /// The device failed.
    public SyncFails(SyncFailure failure) {
      this(failure, Errno.EIO);
    }
  }

  /// The operation works, but only after `delay`.
  record Slow(Duration delay) implements Fault {}

  /// A read gives the bytes with the lowest bit of the byte at `offset` from its begin flipped; a
  /// write stores them so.
  record BitFlip(long offset) implements Fault {}

  /// Errors of an operating system, by their names.
  enum Errno {
    /// The device failed.
    EIO,
    /// No space left.
    ENOSPC,
    /// Too many open files.
    EMFILE,
    /// Permission denied.
    EACCES;

    /// The exception that a [FileSystem] throws for it.
    public IOException exception(FileOperation operation) {
      String path = operation.path().toString();
      return switch (this) {
        case EIO ->
            new FileSystemException(path, null, "Input/output error (injected, " + operation + ")");
        case ENOSPC -> new NoSpaceException(operation.path());
        case EMFILE ->
            new FileSystemException(
                path, null, "Too many open files (injected, " + operation + ")");
        case EACCES ->
            new AccessDeniedException(
                path, null, "Permission denied (injected, " + operation + ")");
      };
    }
  }
}
