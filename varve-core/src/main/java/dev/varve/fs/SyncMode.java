package dev.varve.fs;

/// How much a sync makes durable.
public enum SyncMode {
  /// The bytes and, where they lie past the old end, the length: all that reading them back needs.
  DATA,
  /// The bytes, the length and the file's other properties.
  FULL
}
