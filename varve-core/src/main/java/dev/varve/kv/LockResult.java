package dev.varve.kv;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// What [Transaction#tryGetForUpdate] came to.
public sealed interface LockResult {
  /// Whether the transaction has the lock.
  default boolean isLocked() {
    return this instanceof Locked;
  }

  /// The transaction has the lock until it ends.
  ///
  /// @param value what is at the key, or null when nothing is
  record Locked(byte @Nullable [] value) implements LockResult {}

  /// Another transaction had the lock all the time. The transaction can go on.
  ///
  /// @param waited how long it waited
  record TimedOut(Duration waited) implements LockResult {}

  /// The transaction was the one to go of some that waited for one another in a circle; it was
  /// rolled back.
  record Deadlock() implements LockResult {}

  /// The key was written since the moment that the transaction reads, so it could not be committed
  /// any more; it was rolled back.
  ///
  /// @param keyspace the name of the keyspace
  /// @param sequenceNumber the commit that wrote it
  record Conflict(String keyspace, long sequenceNumber) implements LockResult {}
}
