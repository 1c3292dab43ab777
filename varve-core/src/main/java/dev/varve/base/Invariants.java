package dev.varve.base;

/// Checks of what must always hold.
///
/// @threads stateless
public final class Invariants {
  /// Whether checks too dear for production run; every test sets `-Dvarve.invariants=true`.
  public static final boolean ENABLED = Boolean.getBoolean("varve.invariants");

  private Invariants() {}

  /// Checks what is cheap to check, always.
  ///
  /// @throws InvariantError when it does not hold
  public static void require(boolean holds, String what) {
    if (!holds) {
      throw new InvariantError(what);
    }
  }
}
