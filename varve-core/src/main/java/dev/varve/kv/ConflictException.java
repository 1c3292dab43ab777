package dev.varve.kv;

/// A transaction was refused and rolled back since somebody else wrote what it depends on. Run it
/// again, or have [Store#transact(Isolation, TransactionFunction)] do so.
public final class ConflictException extends VarveException {
  private static final long serialVersionUID = 1L;

  public ConflictException(String message) {
    super(message, null);
  }
}
