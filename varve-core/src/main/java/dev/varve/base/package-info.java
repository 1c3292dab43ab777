/// Words without I/O that every other package builds on: varints, checksums, the clock, the random
/// source, invariants, the failure latch, reader epochs and background work.
@NullMarked
package dev.varve.base;

import org.jspecify.annotations.NullMarked;
