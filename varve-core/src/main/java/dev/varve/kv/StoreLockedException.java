package dev.varve.kv;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// The store is open already, in this process or in another.
public final class StoreLockedException extends VarveException {
  private static final long serialVersionUID = 1L;

  private final long holder;
  private final @Nullable Instant since;

  /// @param holder the process that has the store open, or -1 when unknown
  /// @param since since when, or null when unknown
  public StoreLockedException(
      Path directory, long holder, @Nullable Instant since, Throwable cause) {
    super(
        "the store in "
            + directory
            + " is open already, "
            + (holder < 0
                ? "by a process that could not be named"
                : (holder == ProcessHandle.current().pid()
                        ? "by this process (" + holder + ")"
                        : "by process " + holder)
                    + (since == null ? "" : " since " + since))
            + ". A store has one opener: close it there, or share that Store object",
        cause);
    this.holder = holder;
    this.since = since;
  }

  /// The process that has the store open, where known.
  public OptionalLong holder() {
    return holder < 0 ? OptionalLong.empty() : OptionalLong.of(holder);
  }

  /// Since when it has, where known.
  public Optional<Instant> since() {
    return Optional.ofNullable(since);
  }
}
