package dev.varve.log;

/// Which segment: its lane and its number there.
///
/// @param lane from 0
/// @param number from 1
record SegmentPlace(int lane, long number) {}
