package dev.varve.engine.lsm.memtable;

/// Figures of a memtable.
///
/// @param entries revisions of keys, tombstones included
/// @param tombstones those of them that say that a key is absent
/// @param rangeTombstones deleted ranges
/// @param keyBytes the keys of all entries, in bytes, a key once for each revision
/// @param valueBytes the values of all entries, in bytes
/// @param smallestSequence the number of the first commit, 0 when there is none
/// @param largestSequence the number of the last commit, 0 when there is none
public record MemtableStats(
    long entries,
    long tombstones,
    long rangeTombstones,
    long keyBytes,
    long valueBytes,
    long smallestSequence,
    long largestSequence) {}
