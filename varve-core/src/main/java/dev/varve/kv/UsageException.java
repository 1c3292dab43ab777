package dev.varve.kv;

import org.jspecify.annotations.Nullable;

/// The call cannot be served as asked: an unknown name, an option out of range, an ordered call on
/// an engine without order, a value that is no counter. The message names what to use instead.
/// Nothing was written.
public final class UsageException extends VarveException {
  private static final long serialVersionUID = 1L;

  public UsageException(String message) {
    super(message, null);
  }

  public UsageException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
