package dev.varve.engine.lsm.compaction;

import dev.varve.engine.lsm.compaction.CompactionDecision.Merge;
import dev.varve.engine.lsm.version.Version;
import org.jspecify.annotations.Nullable;

/// What a job is to do.
///
/// @param merge its inputs and where its outputs go
/// @param version a version that has the inputs, pinned until the job has ended
/// @param stripes who may read, as it was after the version was pinned
record JobPlan(
    CompactionEnvironment environment,
    CompactionOptions options,
    Merge merge,
    Version version,
    Stripes stripes) {
  /// The keys from `from` on and before `to`; null stands for no limit.
  record Slice(byte @Nullable [] from, byte @Nullable [] to) {}
}
