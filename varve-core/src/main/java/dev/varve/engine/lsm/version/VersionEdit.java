package dev.varve.engine.lsm.version;

import java.util.ArrayList;
import java.util.List;

/// What makes one version of another.
///
/// @param added sstables that come, each with its level
/// @param removed sstables that go; one that is in both changes its level
/// @param flushedThrough the sstables hold every commit up to this number, or 0 for no change
/// @param nextNumber no file so far has this number or a greater one, or 0 for no change
/// @param blobs what becomes of blob files
public record VersionEdit(
    List<Added> added,
    List<Removed> removed,
    long flushedThrough,
    long nextNumber,
    List<BlobChange> blobs) {
  /// An sstable that comes.
  public record Added(int level, SstableMeta sstable) {}

  /// An sstable that goes.
  public record Removed(int level, long number) {}

  /// What becomes of a blob file.
  public sealed interface BlobChange {
    /// The file's number.
    long number();

    /// It comes, with this much in it.
    record Comes(long number, long fileBytes, long liveBytes) implements BlobChange {}

    /// This much of it is not referred to any more.
    record Dies(long number, long bytes) implements BlobChange {}

    /// It goes.
    record Goes(long number) implements BlobChange {}
  }

  public VersionEdit {
    added = List.copyOf(added);
    removed = List.copyOf(removed);
    blobs = List.copyOf(blobs);
  }

  /// A flush: sstables for level 0 that hold the commits up to `flushedThrough`.
  public static VersionEdit flush(List<SstableMeta> sstables, long flushedThrough) {
    return new VersionEdit(at(0, sstables), List.of(), flushedThrough, 0, List.of());
  }

  /// An ingest: sstables for `level` that came with the commit `flushedThrough`, all commits before
  /// which the sstables of the version hold.
  public static VersionEdit ingest(List<SstableMeta> sstables, int level, long flushedThrough) {
    return new VersionEdit(at(level, sstables), List.of(), flushedThrough, 0, List.of());
  }

  /// A compaction: `inputs` become `outputs`, at `level`.
  public static VersionEdit compaction(List<Removed> inputs, int level, List<SstableMeta> outputs) {
    return new VersionEdit(at(level, outputs), inputs, 0, 0, List.of());
  }

  /// The same, which also says that numbers below `number` were given out.
  public VersionEdit withNextNumber(long number) {
    return new VersionEdit(added, removed, flushedThrough, number, blobs);
  }

  /// The same, with changes of blob files.
  public VersionEdit withBlobs(List<BlobChange> changes) {
    return new VersionEdit(added, removed, flushedThrough, nextNumber, changes);
  }

  private static List<Added> at(int level, List<SstableMeta> sstables) {
    List<Added> added = new ArrayList<>();
    for (SstableMeta sstable : sstables) {
      added.add(new Added(level, sstable));
    }
    return added;
  }
}
