package dev.varve.cli.load;

import java.time.Duration;

/// What a load did.
///
/// @param loaded how many rows are loaded, those of an interrupted run before it included
/// @param replaced how many of them replaced a value that was there
/// @param rejected how many rows were malformed
/// @param resumedAfter how many rows an interrupted run had read, 0 when there was none
/// @param bytes how many bytes of the file were read
/// @param isComplete whether the end of the file was reached
/// @param elapsed how long it took
public record LoadReport(
    long loaded,
    long replaced,
    long rejected,
    long resumedAfter,
    long bytes,
    boolean isComplete,
    Duration elapsed) {}
