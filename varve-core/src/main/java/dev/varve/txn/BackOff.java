package dev.varve.txn;

/// How long a transaction that was refused waits before it is tried again: twice as long each time,
/// up to a limit, and then a part of that which differs between transactions, so that those which
/// met do not meet again.
///
/// @threads stateless
public final class BackOff {
  /** About as long as a short transaction takes. */
  private static final long FIRST_NANOS = 10_000;

  private static final int DOUBLINGS_MAX = 10;

  private BackOff() {}

  /// How long to wait before an attempt.
  ///
  /// @param attempt how often it was refused, at least 1
  /// @param transaction its number
  public static long nanos(int attempt, long transaction) {
    long most = FIRST_NANOS << Math.min(attempt - 1, DOUBLINGS_MAX);
    long mixed = (transaction * 0x9E3779B97F4A7C15L + attempt) * 0xBF58476D1CE4E5B9L;
    return most / 2 + Math.floorMod(mixed >> 16, most / 2);
  }
}
