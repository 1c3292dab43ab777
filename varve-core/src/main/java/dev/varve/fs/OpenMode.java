package dev.varve.fs;

/// What a file is opened for.
public enum OpenMode {
  READ,
  READ_WRITE
}
