package dev.varve.engine.lsm.compaction;

import dev.varve.base.Bytes;
import dev.varve.base.Invariants;
import dev.varve.engine.lsm.sstable.RangeTombstone;
import dev.varve.engine.lsm.sstable.SstableProperties;
import dev.varve.engine.lsm.sstable.SstableReader;
import dev.varve.engine.lsm.version.SstableMeta;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// Merges sstables into new ones, slice by slice. It changes no version: its outputs are nobody's
/// until they are installed.
///
/// First [#survey], then [#runSlice] for each slice, then [#finish].
///
/// @threads slices may run at the same time; [#cancel] and [#entriesRead] at any time
final class CompactionJob {
  /// What comes of a job.
  ///
  /// @param outputs the sstables it made
  /// @param tally what it did
  record Outcome(List<SstableMeta> outputs, SliceTally tally) {}

  private final JobPlan plan;
  private final RateLimit limit;
  private final List<JobPlan.Slice> slices = new ArrayList<>();
  private final SliceTally[] tallies;
  private final CountDownLatch cancelled = new CountDownLatch(1);
  private final AtomicLong entriesRead = new AtomicLong();

  /* Set by `survey`. */
  private List<RangeTombstone> tombstones = List.of();
  private long expectedEntries;
  private long expectedContent;

  /// A job of about `parts` slices.
  CompactionJob(JobPlan plan, RateLimit limit, int parts) {
    this.plan = plan;
    this.limit = limit;
    byte @Nullable [] from = null;
    for (byte[] boundary : plan.merge().boundaries(parts)) {
      slices.add(new JobPlan.Slice(from, boundary));
      from = boundary;
    }
    slices.add(new JobPlan.Slice(from, null));
    tallies = new SliceTally[slices.size()];
    for (int i = 0; i < tallies.length; i++) {
      tallies[i] = new SliceTally();
    }
  }

  /// How many slices there are.
  int slices() {
    return tallies.length;
  }

  /// Learns what the inputs say of themselves.
  ///
  /// @throws dev.varve.kv.CorruptionException when one is damaged
  /// @throws IOException when the device refuses
  void survey() throws IOException {
    List<RangeTombstone> found = new ArrayList<>();
    for (SstableMeta input : plan.merge().inputs()) {
      SstableReader reader = plan.environment().open(input);
      try {
        SstableProperties properties = reader.info().properties();
        expectedEntries += properties.entries();
        expectedContent += properties.content();
        found.addAll(reader.rangeTombstones().all());
      } finally {
        reader.release();
      }
    }
    tombstones = found;
  }

  /// Merges one slice.
  ///
  /// @throws dev.varve.kv.CorruptionException when an input is damaged
  /// @throws CancellationException when the job was cancelled
  /// @throws IOException when the device refuses
  void runSlice(int index) throws IOException {
    JobPlan.Slice slice = slices.get(index);
    new SliceMerge(plan, slice, clip(slice), tallies[index], this::passed).run();
  }

  private List<RangeTombstone> clip(JobPlan.Slice slice) {
    List<RangeTombstone> clipped = new ArrayList<>();
    byte[] low = slice.from();
    byte[] high = slice.to();
    for (RangeTombstone tombstone : tombstones) {
      byte[] from = tombstone.from();
      byte[] to = tombstone.to();
      if (low != null && Bytes.compare(from, low) < 0) {
        from = low;
      }
      if (high != null && (to == null || Bytes.compare(high, to) < 0)) {
        to = high;
      }
      if (to == null || Bytes.compare(from, to) < 0) {
        clipped.add(new RangeTombstone(from, to, tombstone.sequence()));
      }
    }
    return clipped;
  }

  private void passed(long entries, long bytes) {
    entriesRead.addAndGet(entries);
    try {
      boolean _ = cancelled.await(limit.delayNanos(bytes), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      // It goes on at once, and keeps the interrupt for whoever asks next.
      Thread.currentThread().interrupt();
    }
    if (cancelled.getCount() == 0) {
      throw new CancellationException("the compaction was cancelled");
    }
  }

  /// Has the slices end soon.
  void cancel() {
    cancelled.countDown();
  }

  /// How many entries were read.
  long entriesRead() {
    return entriesRead.get();
  }

  /// How many entries there are to read; known after [#survey].
  long entries() {
    return expectedEntries;
  }

  /// What all slices did, checked: every entry of the inputs was read, and is in an output or was
  /// dropped for a reason.
  ///
  /// @throws dev.varve.base.InvariantError when it was not
  Outcome finish() {
    SliceTally all = new SliceTally();
    for (SliceTally tally : tallies) {
      all.add(tally);
    }
    List<SstableMeta> outputs = all.outputs.stream().map(Outputs.Output::sstable).toList();
    long written = 0;
    long content = 0;
    for (Outputs.Output output : all.outputs) {
      written += output.sstable().counts().entries();
      content += output.content();
    }
    long dropped = all.superseded + all.hidden + all.tombstones;
    Invariants.require(
        all.read == expectedEntries && all.readContent == expectedContent,
        "a compaction read " + all.read + " entries of " + expectedEntries + ", or others");
    Invariants.require(
        all.read == all.written + dropped && all.written == written,
        "a compaction read "
            + all.read
            + " entries, dropped "
            + dropped
            + " and wrote "
            + written
            + " of "
            + all.written);
    Invariants.require(all.keptContent == content, "a compaction wrote other entries than it read");
    return new Outcome(outputs, all);
  }

  /// The numbers of all files, sstables and blob files, that are complete so far, to remove them.
  ///
  /// Only after all slices have ended.
  List<Long> finishedNumbers() {
    List<Long> numbers = new ArrayList<>();
    finished().forEach(sstable -> numbers.add(sstable.number()));
    for (SliceTally tally : tallies) {
      tally.blobs.forEach(blob -> numbers.add(blob.number()));
    }
    return numbers;
  }

  /// The outputs that are complete so far.
  ///
  /// Only after all slices have ended.
  List<SstableMeta> finished() {
    List<SstableMeta> finished = new ArrayList<>();
    for (SliceTally tally : tallies) {
      tally.outputs.forEach(output -> finished.add(output.sstable()));
    }
    return finished;
  }
}
