package dev.varve.fs;

/// What a mapping allows.
public enum MapMode {
  READ_ONLY,
  READ_WRITE
}
