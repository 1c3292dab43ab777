package dev.varve.engine.btree;

/// How many entries leaves, and children inner nodes, are to have at most, as it follows from how
/// full leaves are.
///
/// @threads stateless
/// @source the adaptive node size of ConcordKV (order × 1.2 above a fill of 0.85, × 0.8 below 0.35)
final class OrderPolicy {
  /// So many changes are between two looks.
  static final int CHANGES = 10_000;

  static final int ORDER_MIN = 3;
  static final int ORDER_MAX = 1000;
  private static final double FULL = 0.85;
  private static final double SPARSE = 0.35;
  private static final double GROWTH = 1.2;
  private static final double SHRINKING = 0.8;

  /** With fewer leaves than this how full they are says little. */
  private static final long LEAVES_MIN = 4;

  private OrderPolicy() {}

  /// The order from now on.
  static int next(int order, long entries, long leaves) {
    if (leaves < LEAVES_MIN) {
      return order;
    }
    double fill = (double) entries / leaves / order;
    if (fill > FULL) {
      return Math.min(ORDER_MAX, (int) Math.ceil(order * GROWTH));
    }
    return fill < SPARSE ? Math.max(ORDER_MIN, (int) (order * SHRINKING)) : order;
  }
}
