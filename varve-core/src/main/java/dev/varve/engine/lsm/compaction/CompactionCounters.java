package dev.varve.engine.lsm.compaction;

import dev.varve.engine.lsm.blob.BlobInfo;
import dev.varve.engine.lsm.compaction.CompactionDecision.Merge;
import dev.varve.engine.lsm.version.SstableMeta;
import dev.varve.engine.lsm.version.Version;
import java.util.Arrays;
import java.util.List;

/// Counts what [CompactionStats] reports.
///
/// @threads one at a time
final class CompactionCounters {
  private final long[] bytesRead = new long[Version.LEVELS];
  private final long[] bytesWritten = new long[Version.LEVELS];
  private final SliceTally tally = new SliceTally();
  private long submitted;
  private long succeeded;
  private long failed;
  private long cancelled;
  private long coalesced;
  private long moves;
  private long bytesDiscarded;
  private long rangeTombstonesRead;

  void begins() {
    submitted++;
  }

  void joins() {
    submitted++;
    coalesced++;
  }

  void moved() {
    succeeded++;
    moves++;
  }

  void merged(Merge merge, CompactionJob.Outcome outcome) {
    succeeded++;
    bytesRead[merge.level()] += bytes(merge.upper());
    bytesRead[merge.outputLevel()] += bytes(merge.lower());
    bytesWritten[merge.outputLevel()] += bytes(outcome.outputs());
    for (BlobInfo blob : outcome.tally().blobs) {
      bytesWritten[merge.outputLevel()] += blob.size();
    }
    for (SstableMeta input : merge.inputs()) {
      rangeTombstonesRead += input.counts().rangeTombstones();
    }
    SliceTally added = outcome.tally();
    tally.read += added.read;
    tally.written += added.written;
    tally.superseded += added.superseded;
    tally.hidden += added.hidden;
    tally.tombstones += added.tombstones;
    tally.rangeTombstonesWritten += added.rangeTombstonesWritten;
  }

  void ended(boolean wasCancelled, List<SstableMeta> discarded) {
    if (wasCancelled) {
      cancelled++;
    } else {
      failed++;
    }
    bytesDiscarded += bytes(discarded);
  }

  private static long bytes(List<SstableMeta> sstables) {
    return sstables.stream().mapToLong(SstableMeta::fileBytes).sum();
  }

  CompactionStats stats(long running) {
    return new CompactionStats(
        submitted,
        succeeded,
        failed,
        cancelled,
        coalesced,
        running,
        moves,
        Arrays.stream(bytesRead).boxed().toList(),
        Arrays.stream(bytesWritten).boxed().toList(),
        bytesDiscarded,
        tally.read,
        tally.written,
        tally.superseded,
        tally.hidden,
        tally.tombstones,
        rangeTombstonesRead,
        tally.rangeTombstonesWritten);
  }
}
