package dev.varve.kv;

/// Figures of the log since the store was opened.
///
/// @param records how many records were appended
/// @param bytes how many bytes they took
/// @param syncs how many syncs ran
/// @param syncNanos how long all of them took
/// @param syncNanosMax how long the longest took
/// @param segments how many segments there are now
/// @param segmentBytes how many bytes they take
/// @param unsyncedBytes how many bytes no sync has covered yet
/// @param unsyncedAgeNanos for how long the oldest of them has been waiting, 0 when there is none
/// @param segmentsMade how many segments were made with zeros
/// @param segmentsReused how many segments were made of old ones
/// @param segmentWaits how often a writer had to wait for a segment to be made; each lane's first
///   is one
public record LogStats(
    long records,
    long bytes,
    long syncs,
    long syncNanos,
    long syncNanosMax,
    int segments,
    long segmentBytes,
    long unsyncedBytes,
    long unsyncedAgeNanos,
    long segmentsMade,
    long segmentsReused,
    long segmentWaits) {}
