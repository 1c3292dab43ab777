package dev.varve.engine.lsm.compaction;

import dev.varve.engine.lsm.blob.BlobInfo;
import dev.varve.engine.lsm.version.VersionEdit.BlobChange;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// What a slice of a merge, or all of them together, did.
///
/// @threads one at a time
final class SliceTally {
  final List<Outputs.Output> outputs = new ArrayList<>();
  long read;
  long written;

  /** Dropped since every reader sees a newer revision. */
  long superseded;

  /** Dropped since a range tombstone hides it from every reader. */
  long hidden;

  /** Tombstones that were dropped since nothing is left that they could hide. */
  long tombstones;

  long rangeTombstonesWritten;

  /** The sum of the hashes of what was read. */
  long readContent;

  /** The sum of the hashes of what was kept. */
  long keptContent;

  /** The blob files that were written. */
  final List<BlobInfo> blobs = new ArrayList<>();

  /** What died, by the number of its blob file. */
  final Map<Long, Long> deadBlobBytes = new HashMap<>();

  void dies(BlobChange.Dies blob) {
    var _ = deadBlobBytes.merge(blob.number(), blob.bytes(), Long::sum);
  }

  void add(SliceTally other) {
    outputs.addAll(other.outputs);
    blobs.addAll(other.blobs);
    read += other.read;
    written += other.written;
    superseded += other.superseded;
    hidden += other.hidden;
    tombstones += other.tombstones;
    rangeTombstonesWritten += other.rangeTombstonesWritten;
    readContent += other.readContent;
    keptContent += other.keptContent;
    other.deadBlobBytes.forEach((number, bytes) -> dies(new BlobChange.Dies(number, bytes)));
  }

  List<BlobChange> blobChanges() {
    List<BlobChange> changes = new ArrayList<>();
    for (BlobInfo blob : blobs) {
      changes.add(new BlobChange.Comes(blob.number(), blob.size(), blob.recordBytes()));
    }
    deadBlobBytes.forEach((number, bytes) -> changes.add(new BlobChange.Dies(number, bytes)));
    return changes;
  }
}
