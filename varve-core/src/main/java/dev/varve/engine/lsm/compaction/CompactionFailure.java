package dev.varve.engine.lsm.compaction;

import java.util.List;

/// A compaction that failed. Its inputs are as they were.
///
/// @param inputs the numbers of its inputs
/// @param outputLevel where its outputs were to go
/// @param cause why
/// @param isFinal whether there will be no further compaction: it is unknown for good which version
///   is durable, or a defect was found. Otherwise it is tried again, later and later
public record CompactionFailure(
    List<Long> inputs, int outputLevel, Throwable cause, boolean isFinal) {
  public CompactionFailure {
    inputs = List.copyOf(inputs);
  }
}
