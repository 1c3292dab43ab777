package dev.varve.zstd;

/// Bytes that are no frame; made once, since who decodes tells more of the place.
final class MalformedException extends Exception {
  private static final long serialVersionUID = 1;

  static final MalformedException INSTANCE = new MalformedException();

  private MalformedException() {
    super("no frame", null, false, false);
  }

  /// Throws unless `holds`.
  static void require(boolean holds) throws MalformedException {
    if (!holds) {
      throw INSTANCE;
    }
  }
}
