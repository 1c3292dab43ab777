package dev.varve.engine.lsm.compaction;

import dev.varve.engine.lsm.compaction.CompactionDecision.Merge;
import dev.varve.engine.lsm.version.SstableMeta;
import dev.varve.engine.lsm.version.VersionSet;
import dev.varve.events.CompactionEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// A merge or a move that is under way.
///
/// @threads safe, except where said
final class RunningJob {
  /// What it owns: a move as the merge that it stands for.
  final Merge merge;

  /// Keeps the inputs' files.
  final VersionSet.Pin pin;

  /// Does the merge; null for a move.
  final @Nullable CompactionJob job;

  /// How many threads it takes.
  final int threads;

  /// How many slices have not ended.
  final AtomicInteger left;

  private final CompactionEvent event = new CompactionEvent();
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

  /// Whether all is over. Guarded by the scheduler's lock.
  boolean ended;

  /// What it made. Guarded by the scheduler's lock.
  List<SstableMeta> outputs = new ArrayList<>();

  RunningJob(Merge merge, VersionSet.Pin pin, @Nullable CompactionJob job) {
    this.merge = merge;
    this.pin = pin;
    this.job = job;
    this.threads = merge.reason() == CompactionDecision.Reason.INGEST ? 0 : slicesOf(job);
    this.left = new AtomicInteger(threads);
    event.begin();
  }

  /// Tells of its end whoever records events.
  void record(String keyspace) {
    if (!event.shouldCommit()) {
      return;
    }
    Throwable why = failure();
    event.keyspace = keyspace;
    event.level = merge.level();
    event.outputLevel = merge.outputLevel();
    event.inputs = merge.inputs().size();
    event.outputs = outputs.size();
    event.bytesRead = job == null ? 0 : merge.inputBytes();
    event.bytesWritten = outputs.stream().mapToLong(SstableMeta::fileBytes).sum();
    event.result = job == null ? "moved" : "merged";
    if (why != null) {
      event.result = why instanceof CancellationException ? "cancelled" : "failed";
    }
    event.commit();
  }

  private static int slicesOf(@Nullable CompactionJob job) {
    return job == null ? 1 : job.slices();
  }

  /// Keeps the first failure, and has the other slices end.
  void fail(Throwable cause) {
    failure.compareAndSet(null, cause);
    cancel();
  }

  @Nullable Throwable failure() {
    return failure.get();
  }

  void cancel() {
    if (job != null) {
      job.cancel();
    }
  }

  List<Long> inputNumbers() {
    return merge.inputs().stream().map(SstableMeta::number).toList();
  }
}
