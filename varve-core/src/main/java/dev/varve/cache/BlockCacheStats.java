package dev.varve.cache;

/// What a [BlockCache] has done and holds.
///
/// @param hits look-ups that found their block
/// @param misses look-ups that did not
/// @param insertions blocks that were taken in
/// @param evictions blocks that had to make room, for others or for other parts of the store
/// @param blocks blocks held now
/// @param bytes memory in use now, overhead included
public record BlockCacheStats(
    long hits, long misses, long insertions, long evictions, long blocks, long bytes) {
  /// The share of look-ups that found their block; 0 when there was none.
  public double hitRate() {
    long all = hits + misses;
    return all == 0 ? 0 : (double) hits / all;
  }
}
