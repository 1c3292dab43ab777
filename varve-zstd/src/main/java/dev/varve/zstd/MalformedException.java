package dev.varve.zstd;

/// Bytes that are no frame. It says no more, and has no stack: whoever decodes tells of the place.
final class MalformedException extends Exception {
  private static final long serialVersionUID = 1;

  MalformedException() {
    super("no frame", null, false, false);
  }

  /// Throws unless `holds`.
  static void require(boolean holds) throws MalformedException {
    if (!holds) {
      throw new MalformedException();
    }
  }
}
