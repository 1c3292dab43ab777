package dev.varve.kv;

import org.jspecify.annotations.Nullable;

/// What is to be done in a transaction, and again when it was refused: so it should have no effect
/// but through the transaction.
@FunctionalInterface
public interface TransactionFunction<T> {
  /// Reads and writes through `transaction`, which is committed when the function returns and
  /// rolled back when it throws.
  @Nullable T apply(Transaction transaction);
}
