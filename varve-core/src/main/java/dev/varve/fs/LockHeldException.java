package dev.varve.fs;

import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The lock is held by somebody else.
public final class LockHeldException extends FileSystemException {
  private static final long serialVersionUID = 1L;

  private final transient @Nullable LockHolder holder;

  public LockHeldException(Path path, @Nullable LockHolder holder) {
    super(path.toString(), null, "the lock is held by " + describe(holder));
    this.holder = holder;
  }

  private static String describe(@Nullable LockHolder holder) {
    if (holder == null) {
      return "another process";
    }
    return (holder.thisProcess() ? "this process" : "process " + holder.processId())
        + " since "
        + holder.since();
  }

  /// Who holds it, when the holder could be read.
  public Optional<LockHolder> holder() {
    return Optional.ofNullable(holder);
  }
}
