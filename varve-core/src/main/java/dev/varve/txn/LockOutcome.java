package dev.varve.txn;

/// What asking for a lock came to.
public enum LockOutcome {
  /// The transaction has it, at once.
  GRANTED,
  /// The transaction has it, after it had waited.
  GRANTED_LATER,
  /// Another has it still.
  TIMED_OUT,
  /// The transaction has to go, so that others can go on.
  DEADLOCK,
  /// The transaction ended meanwhile.
  ENDED
}
