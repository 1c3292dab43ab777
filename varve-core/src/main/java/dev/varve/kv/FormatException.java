package dev.varve.kv;

import java.nio.file.Path;

/// A directory or file is no store's, or of a format that this version of Varve does not know.
/// Nothing was changed.
public final class FormatException extends VarveException {
  private static final long serialVersionUID = 1L;

  private final transient Path file;

  public FormatException(Path file, String message) {
    super(message, null);
    this.file = file;
  }

  /// What was looked at.
  public Path file() {
    return file;
  }
}
