package dev.varve.kv;

/// What of a transaction somebody else wrote.
public enum ConflictCause {
  /// A key, or a key of a range, that it writes.
  WRITTEN,
  /// A key, or a key of a range, that it has read.
  READ,
  /// A key that it has locked.
  LOCKED,
  /// Nobody knows: more was written while it ran than is kept to compare it with.
  HISTORY
}
