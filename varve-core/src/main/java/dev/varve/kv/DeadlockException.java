package dev.varve.kv;

/// Transactions waited for one another in a circle, and this one was rolled back so that the others
/// can go on. Run it again, or have [Store#transact(Isolation, TransactionFunction)] do so.
public final class DeadlockException extends VarveException {
  private static final long serialVersionUID = 1L;

  public DeadlockException(String message) {
    super(message, null);
  }
}
