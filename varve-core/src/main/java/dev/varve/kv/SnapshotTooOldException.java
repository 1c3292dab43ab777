package dev.varve.kv;

/// A snapshot was given up, since it was open for longer, or more was written meanwhile, than the
/// store's options allow. Take a new one.
public final class SnapshotTooOldException extends VarveException {
  private static final long serialVersionUID = 1L;

  public SnapshotTooOldException(String message) {
    super(message, null);
  }
}
