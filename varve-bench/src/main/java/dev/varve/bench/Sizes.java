package dev.varve.bench;

/// How much is measured.
///
/// @param entries how many entries, or 0 for each row's usual number
/// @param scale what every other number is multiplied by: 1 to measure, less to try out
/// @param memoryBytes how much memory stores of a row may use, or 0 for each row's usual amount
/// @param seed where keys and orders come from
record Sizes(long entries, double scale, long memoryBytes, long seed) {
  /// What the figures in the documentation were measured with.
  static final Sizes USUAL = new Sizes(0, 1, 0, 42);
}
