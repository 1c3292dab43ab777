package dev.varve.kv;

/// Another transaction had a lock for longer than this one waits. When it came from a read, the
/// transaction can go on; when from a commit, it was rolled back.
public final class LockTimeoutException extends VarveException {
  private static final long serialVersionUID = 1L;

  public LockTimeoutException(String message) {
    super(message, null);
  }
}
