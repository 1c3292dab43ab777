package dev.varve.kv;

import java.time.Duration;

/// How a transaction ended that was to be committed. Whatever it was, the transaction has ended; if
/// it was not [Committed], nothing of it is there or ever will be.
public sealed interface CommitResult {
  /// Whether it was committed.
  default boolean isCommitted() {
    return this instanceof Committed;
  }

  /// It is committed, visible to others, and as durable as was asked for.
  ///
  /// @param sequenceNumber of the commit, or 0 when it wrote nothing
  record Committed(long sequenceNumber) implements CommitResult {}

  /// Somebody else wrote what it depends on. To run it again may help.
  ///
  /// @param cause what of it
  /// @param keyspace the name of the keyspace, empty for [ConflictCause#HISTORY]
  /// @param sequenceNumber the commit that wrote it, 0 for [ConflictCause#HISTORY]
  record Conflict(ConflictCause cause, String keyspace, long sequenceNumber)
      implements CommitResult {}

  /// It waited for a lock in a circle of transactions, and was the one to go. To run it again may
  /// help.
  record Deadlock() implements CommitResult {}

  /// It waited too long for a lock that another transaction has on what it writes. To run it again
  /// may help.
  ///
  /// @param waited how long
  record LockTimeout(Duration waited) implements CommitResult {}

  /// It has run for longer than it may.
  ///
  /// @param timeout how long it may
  record TimedOut(Duration timeout) implements CommitResult {}
}
