package dev.varve.rigs;

/// A store showed something that it must not.
final class PromiseBroken extends RuntimeException {
  private static final long serialVersionUID = 1L;

  PromiseBroken(String what) {
    super(what);
  }
}
