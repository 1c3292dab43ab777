package dev.varve.kv;

import org.jspecify.annotations.Nullable;

/// What [Keyspace#compareAndSet] found and did. Null stands for an absent value.
public sealed interface SwapResult {
  /// Whether the value was set.
  default boolean isSwapped() {
    return this instanceof Swapped;
  }

  /// It was as expected and is set.
  ///
  /// @param previous what it was
  /// @param updated what it is now
  record Swapped(byte @Nullable [] previous, byte @Nullable [] updated) implements SwapResult {}

  /// It was not as expected and is left alone.
  ///
  /// @param current what it is
  /// @param proposed what it was to become
  record Refused(byte @Nullable [] current, byte @Nullable [] proposed) implements SwapResult {}
}
