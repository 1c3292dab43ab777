package dev.varve.engine.lsm.sstable;

/// A finished sstable, as whoever keeps a list of them has to know it.
///
/// @param number its file number
/// @param size its length in bytes
/// @param seed what was drawn for it: no two files have the same, editions of one name neither
/// @param createdMillis when it was begun, milliseconds since 1970
/// @param properties what it says of itself
public record SstableInfo(
    long number, long size, long seed, long createdMillis, SstableProperties properties) {}
