package dev.varve.engine.lsm.compaction;

import dev.varve.base.Clock;
import dev.varve.engine.lsm.compaction.CompactionDecision.Merge;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// Merges that failed and are left alone for a while: a second at first, twice as long each time
/// that any fails again before one succeeds, ten minutes at most.
///
/// @threads one at a time
final class SetAside {
  private static final long FIRST_NANOS = Duration.ofSeconds(1).toNanos();
  private static final long MAX_NANOS = Duration.ofMinutes(10).toNanos();

  private record Aside(Merge merge, long untilNanos) {}

  private final Clock clock;
  private final List<Aside> aside = new ArrayList<>();
  private long nextNanos = FIRST_NANOS;

  SetAside(Clock clock) {
    this.clock = clock;
  }

  /// Sets a merge aside; answers for how long.
  Duration add(Merge merge) {
    long nanos = nextNanos;
    aside.add(new Aside(merge, clock.nanos() + nanos));
    nextNanos = Math.min(2 * nanos, MAX_NANOS);
    return Duration.ofNanos(nanos);
  }

  /// A merge succeeded.
  void succeeded() {
    nextNanos = FIRST_NANOS;
  }

  /// Those that are to be left alone now.
  List<Merge> merges() {
    long now = clock.nanos();
    aside.removeIf(each -> now - each.untilNanos >= 0);
    return aside.stream().map(Aside::merge).toList();
  }
}
