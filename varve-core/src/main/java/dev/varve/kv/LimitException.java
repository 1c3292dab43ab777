package dev.varve.kv;

/// A limit would be passed: the size of a key, a value or a batch, or the store's memory. Nothing
/// was written.
public final class LimitException extends VarveException {
  private static final long serialVersionUID = 1L;

  public LimitException(String message) {
    super(message, null);
  }
}
