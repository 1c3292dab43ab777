package dev.varve.cli.load;

/// A row of a file: one to load, or one that cannot be.
public sealed interface Row {
  /// The line that it begins on, from 1.
  long line();

  /// A row to load.
  ///
  /// @param key the key to load it under
  /// @param value what to load
  record Loadable(long line, byte[] key, byte[] value) implements Row {}

  /// A row that cannot be loaded.
  ///
  /// @param reason why, as a clause
  record Malformed(long line, String reason) implements Row {}
}
