package dev.varve.engine.lsm.compaction;

import dev.varve.base.Bytes;
import dev.varve.engine.lsm.sstable.SstableCursor;
import dev.varve.engine.lsm.sstable.SstableInfo;
import dev.varve.engine.lsm.sstable.SstableWriter;
import dev.varve.engine.lsm.version.SstableMeta;
import dev.varve.engine.lsm.version.Version;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Writes what one slice of a merge keeps, in sstables that are cut between keys: where one is as
/// long as it should be, and where it would overlap too much of the level after the next. An
/// sstable without anything in it is not made.
///
/// @threads one at a time
/// @lifetime until [#close], which leaves no unfinished file
final class Outputs implements AutoCloseable {
  /// What an output is and what it says of its content.
  record Output(SstableMeta sstable, long content) {}

  private final CompactionEnvironment environment;
  private final CompactionOptions options;
  private final RangeFragments fragments;
  private final DeeperLevels deeper;
  private final Stripes stripes;
  private final List<SstableMeta> grandparents;
  private final SliceTally tally;
  private final byte @Nullable [] to;

  /** Where the keys of the current output begin; null for no limit. */
  private byte @Nullable [] begin;

  /** The key before which it ends at the latest; null for no limit. */
  private byte @Nullable [] cut;

  private @Nullable SstableWriter writer;

  /** The number of the file of {@link #writer}. */
  private long number;

  Outputs(JobPlan plan, RangeFragments fragments, SliceTally tally, JobPlan.Slice slice) {
    this.environment = plan.environment();
    this.options = plan.options();
    this.fragments = fragments;
    this.deeper = new DeeperLevels(plan.version(), plan.merge().outputLevel());
    this.stripes = plan.stripes();
    int next = plan.merge().outputLevel() + 1;
    this.grandparents = next < Version.LEVELS ? plan.version().level(next) : List.of();
    this.tally = tally;
    this.to = slice.to();
    this.begin = slice.from();
    this.cut = cutAfter(begin);
  }

  /** Where an output that begins here has overlapped all of the next but one level that it may. */
  private byte @Nullable [] cutAfter(byte @Nullable [] from) {
    long bytes = 0;
    for (int at = from == null ? 0 : Version.firstNotBefore(grandparents, from);
        at < grandparents.size();
        at++) {
      SstableMeta grandparent = grandparents.get(at);
      if (bytes > 0 && bytes + grandparent.fileBytes() > options.grandparentBytesMax()) {
        byte[] key = grandparent.from();
        return to == null || Bytes.compare(key, to) < 0 ? key : null;
      }
      bytes += grandparent.fileBytes();
    }
    return null;
  }

  /// The entries that follow are of this key, which is greater than the one before.
  ///
  /// @throws IOException when the device refuses
  void beginKey(byte[] key, int length) throws IOException {
    byte[] limit = cut;
    while (limit != null && Bytes.compare(limit, 0, limit.length, key, 0, length) <= 0) {
      cutAt(limit);
      limit = cut;
    }
    if (writer != null && writer.estimatedSize() >= options.targetFileBytes()) {
      cutAt(Arrays.copyOf(key, length));
    }
  }

  /// Keeps an entry, with another value unless that is null.
  ///
  /// @throws IOException when the device refuses
  void add(SstableCursor entry, byte @Nullable [] value) throws IOException {
    open()
        .add(
            entry.keyArray(),
            0,
            entry.keyLength(),
            entry.stamp(),
            value == null ? entry.valueArray() : value,
            value == null ? entry.valueOffset() : 0,
            value == null ? entry.valueLength() : value.length);
  }

  /// Writes what is left.
  ///
  /// @throws IOException when the device refuses
  void finish() throws IOException {
    byte[] limit = cut;
    while (limit != null) {
      cutAt(limit);
      limit = cut;
    }
    finishOutput(to);
  }

  private void cutAt(byte[] key) throws IOException {
    finishOutput(key);
    begin = key;
    cut = cutAfter(key);
  }

  private SstableWriter open() throws IOException {
    SstableWriter own = writer;
    if (own == null) {
      number = environment.versions().newNumber();
      own = environment.create(number);
      writer = own;
    }
    return own;
  }

  /** Ends the current output, if there is one, with the range tombstones of its keys. */
  private void finishOutput(byte @Nullable [] end) throws IOException {
    for (RangeFragments.Fragment fragment : fragments.within(begin, end)) {
      boolean needed = deeper.mayHold(fragment.from(), fragment.to());
      for (long sequence : fragment.sequences()) {
        if (needed || stripes.of(sequence) > 0) {
          open()
              .addRangeTombstone(
                  new dev.varve.engine.lsm.sstable.RangeTombstone(
                      fragment.from(), fragment.to(), sequence));
          tally.rangeTombstonesWritten++;
        }
      }
    }
    SstableWriter own = writer;
    if (own != null) {
      SstableInfo info = own.finish();
      writer = null;
      own.close();
      tally.outputs.add(new Output(SstableMeta.of(info), info.properties().content()));
    }
  }

  @Override
  public void close() throws IOException {
    SstableWriter own = writer;
    writer = null;
    if (own != null) {
      own.close();
    }
  }
}
