package dev.varve.kv;

/// Writers that were held up since what a keyspace writes to its files was behind.
///
/// @param slowed how often one was held up for a moment
/// @param stopped how often one waited for room, at most a second
/// @param nanos how long all of them waited together, in nanoseconds
/// @param nanosMax how long the longest wait was, in nanoseconds
/// @param refused how often a write was refused since nothing can be written to files
public record StallStats(long slowed, long stopped, long nanos, long nanosMax, long refused) {}
