package dev.varve.engine.lsm.compaction;

import dev.varve.engine.lsm.blob.BlobInfo;
import dev.varve.engine.lsm.version.SstableMeta;
import dev.varve.engine.lsm.version.Version;
import dev.varve.engine.lsm.version.Version.BlobFile;
import java.util.HashSet;
import java.util.Set;

/// Decides which blob files are to be emptied: a pure function of a version.
///
/// @threads stateless
/// @source BlobDB of RocksDB, whose collection rides on compaction too, with a threshold for files
///   that are worth a compaction of their own; here what that may cost is bounded by what it frees
public final class BlobPolicy {
  /** A file of whose records more than this share is dead is due. */
  private static final int DEAD_PERCENT_MAX = 50;

  private BlobPolicy() {}

  /// How many bytes of a file's records nothing refers to.
  public static long deadBytes(BlobFile blob) {
    return blob.fileBytes() - BlobInfo.OVERHEAD_BYTES - blob.liveBytes();
  }

  private static boolean isDue(BlobFile blob) {
    long records = blob.fileBytes() - BlobInfo.OVERHEAD_BYTES;
    return 100.0 * deadBytes(blob) > (double) DEAD_PERCENT_MAX * records;
  }

  /// The numbers of the files that are due: what a merge meets of their values it moves to a new
  /// file.
  public static Set<Long> due(Version version) {
    Set<Long> due = new HashSet<>();
    for (BlobFile blob : version.blobs()) {
      if (isDue(blob)) {
        due.add(blob.number());
      }
    }
    return due;
  }

  /// How many bytes of the files that are due nothing refers to.
  public static long deadBytes(Version version) {
    Set<Long> due = due(version);
    long dead = 0;
    for (BlobFile blob : version.blobs()) {
      dead += due.contains(blob.number()) ? deadBytes(blob) : 0;
    }
    return dead;
  }

  /// Whether these sstables, all that refer to files that are due, are worth being rewritten for
  /// the space alone: it must not cost more bytes of sstables than it frees of blob files.
  public static boolean isWorth(Version version, Set<Long> sstables) {
    long cost = 0;
    for (SstableMeta sstable : version.all()) {
      cost += sstables.contains(sstable.number()) ? sstable.fileBytes() : 0;
    }
    return cost <= deadBytes(version);
  }
}
