package dev.varve.kv;

/// What an import does with keyspaces that have entries already.
public enum ImportMode {
  /// It is refused, and nothing is changed.
  INTO_EMPTY,
  /// They are cleared first, so that afterwards they hold what the export says.
  OVERWRITE
}
