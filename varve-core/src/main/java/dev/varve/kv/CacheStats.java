package dev.varve.kv;

/// Figures of a store's block cache since the store was opened.
///
/// @param hits how often a block was asked for and there
/// @param misses how often it was not
/// @param insertions how many blocks were taken in
/// @param evictions how many had to leave, for others or for other parts of the store
/// @param blocks how many it holds now
/// @param bytes its memory now, in bytes
public record CacheStats(
    long hits, long misses, long insertions, long evictions, long blocks, long bytes) {
  /// The share of look-ups that found their block, 0 to 1; 0 when there was none.
  public double hitRate() {
    long all = hits + misses;
    return all == 0 ? 0 : (double) hits / all;
  }
}
