package dev.varve.engine.lsm.compaction;

import dev.varve.base.Bytes;
import dev.varve.engine.lsm.compaction.CompactionPolicy.Surroundings;
import dev.varve.engine.lsm.version.SstableMeta;
import dev.varve.engine.lsm.version.Version;
import dev.varve.engine.lsm.version.VersionEdit;
import dev.varve.engine.lsm.version.VersionEdit.Removed;
import dev.varve.kv.Progress;
import dev.varve.kv.ProgressListener;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;

/// A range of keys that somebody wants compacted, or sstables that are to be rewritten, and waits
/// for.
///
/// @threads one at a time, except where said
final class ManualCompaction {
  private final CompactionScheduler scheduler;
  private final byte @Nullable [] from;
  private final byte @Nullable [] to;
  private final Set<Long> rewritten;
  private final ProgressListener listener;
  private final long beginNanos;
  private final Set<Long> done = new HashSet<>();
  private long flushedThrough;
  private long entriesBefore;

  /// Guarded by the scheduler's lock.
  boolean ended;

  /// Why it failed. Guarded by the scheduler's lock.
  @Nullable Throwable failure;

  /// @param rewritten the sstables that are to be rewritten; none for all keys of the range
  ManualCompaction(
      CompactionScheduler scheduler,
      byte @Nullable [] from,
      byte @Nullable [] to,
      Set<Long> rewritten,
      ProgressListener listener) {
    this.scheduler = scheduler;
    this.rewritten = rewritten;
    this.from = from;
    this.to = to;
    this.listener = listener;
    this.beginNanos = scheduler.nanos();
  }

  /// Whether what the other asks for is part of this.
  boolean covers(ManualCompaction other) {
    return rewritten.isEmpty()
        && other.rewritten.isEmpty()
        && (from == null || (other.from != null && Bytes.compare(from, other.from) <= 0))
        && (to == null || (other.to != null && Bytes.compare(other.to, to) <= 0));
  }

  void joins() {
    scheduler.joins();
  }

  /// Does it, or waits for one that does it.
  void run(ManualQueue queue) throws IOException {
    ManualCompaction joined = queue.enter(this);
    if (joined != null) {
      while (!queue.hasEnded(joined)) {
        report(0, -1);
      }
      rethrow(joined.failure);
      return;
    }
    Throwable cause = null;
    try {
      while (!queue.tryBegin(this)) {
        report(0, -1);
      }
      flushedThrough = scheduler.versions().current().flushedThrough();
      for (RunningJob job = scheduler.step(this); job != null; job = scheduler.step(this)) {
        scheduler.awaitEnd(job, this);
      }
    } catch (Throwable thrown) {
      cause = thrown;
      throw thrown;
    } finally {
      queue.leave(this, cause);
    }
  }

  /// What is to be done next. What was flushed after the beginning is left out, or a writer that
  /// does not stop would never let it end.
  CompactionDecision decide(Version version, Surroundings around) {
    if (!rewritten.isEmpty()) {
      return CompactionPolicy.pickRewrite(version, scheduler.options(), around, rewritten);
    }
    List<Removed> newer = new ArrayList<>();
    for (SstableMeta sstable : version.level(0)) {
      if (sstable.smallestSequence() > flushedThrough) {
        newer.add(new Removed(0, sstable.number()));
      }
    }
    Version older = version.apply(VersionEdit.compaction(newer, 0, List.of()));
    return CompactionPolicy.pickManual(older, scheduler.options(), around, from, to, done);
  }

  /// Tells the listener.
  ///
  /// @throws CancellationException when it wants an end
  void report(long entries, long total) {
    Duration elapsed = Duration.ofNanos(scheduler.nanos() - beginNanos);
    long all = total < 0 ? -1 : entriesBefore + total;
    if (!listener.onProgress(
        new Progress("compact", "entries", entriesBefore + entries, all, elapsed))) {
      throw new CancellationException("the compaction was stopped by its listener");
    }
  }

  /// One of its jobs has ended.
  void ended(RunningJob job) throws IOException {
    rethrow(job.failure());
    job.outputs.forEach(output -> done.add(output.number()));
    entriesBefore += job.job == null ? 0 : job.job.entries();
  }

  private static void rethrow(@Nullable Throwable cause) throws IOException {
    switch (cause) {
      case null -> {}
      case IOException e -> throw e;
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> throw new IOException("the compaction failed", cause);
    }
  }
}
