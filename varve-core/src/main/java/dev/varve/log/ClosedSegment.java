package dev.varve.log;

/// A segment that nothing more is appended to.
///
/// @param number its number in its lane
/// @param bytes the length of its file
/// @param end behind its last record that counts
/// @param lastSequence no record in it has a greater number
record ClosedSegment(long number, long bytes, long end, long lastSequence) {}
