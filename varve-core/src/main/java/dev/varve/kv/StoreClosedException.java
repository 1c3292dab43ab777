package dev.varve.kv;

/// The store, keyspace, cursor or snapshot was closed before the call.
public final class StoreClosedException extends VarveException {
  private static final long serialVersionUID = 1L;

  public StoreClosedException(String message) {
    super(message, null);
  }
}
