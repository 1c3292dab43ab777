package dev.varve.engine.btree;

import dev.varve.engine.btree.FlushEpochs.Sealed;
import dev.varve.kv.BtreeStats;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/// Counts what flushes did.
///
/// @threads safe
final class FlushTally {
  private final LongAdder failures = new LongAdder();
  private final LongAdder leaves = new LongAdder();
  private final Durations whole = new Durations();
  private final Durations serialize = new Durations();
  private final Durations defragment = new Durations();
  private final Durations commit = new Durations();
  private final Durations publish = new Durations();

  void flushed(Sealed sealed, FlushPhases phases) {
    leaves.add(sealed.leaves().size());
    whole.add(phases.nanos());
    serialize.add(phases.serializeNanos());
    defragment.add(phases.defragmentNanos());
    commit.add(phases.commitNanos());
    publish.add(phases.publishNanos());
  }

  void failed() {
    failures.increment();
  }

  private static BtreeStats.Phase phase(Durations durations) {
    return new BtreeStats.Phase(durations.nanos(), durations.nanosMax());
  }

  /// The figures.
  ///
  /// @param lastFailure why the last attempt failed, or null when it did not
  BtreeStats.Flushes stats(@Nullable String lastFailure) {
    return new BtreeStats.Flushes(
        whole.count(),
        leaves.sum(),
        whole.nanos(),
        whole.nanosMax(),
        phase(serialize),
        phase(defragment),
        phase(commit),
        phase(publish),
        failures.sum(),
        lastFailure);
  }
}
