package dev.varve.engine.lsm.compaction;

import dev.varve.engine.lsm.blob.BlobOutputs;
import dev.varve.engine.lsm.blob.BlobReader;
import dev.varve.engine.lsm.blob.BlobReference;
import dev.varve.engine.lsm.sstable.SstableCursor;
import dev.varve.engine.lsm.sstable.Stamp;
import dev.varve.engine.lsm.version.VersionEdit.BlobChange;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Moves the values that a slice keeps out of blob files that are due.
///
/// @threads one at a time
/// @lifetime until [#close], which leaves no unfinished file
final class BlobMoves implements AutoCloseable {
  private final CompactionEnvironment environment;
  private final SliceTally tally;
  private final Set<Long> due;
  private final Map<Long, BlobReader> readers = new HashMap<>();
  private final BlobOutputs outputs;

  BlobMoves(JobPlan plan, SliceTally tally) {
    this.environment = plan.environment();
    this.tally = tally;
    this.due = BlobPolicy.due(plan.version());
    this.outputs =
        new BlobOutputs(
            () -> environment.createBlob(environment.versions().newNumber()),
            tally.blobs,
            BlobOutputs.FILE_BYTES_MAX);
  }

  /// Moves the value of an entry that is kept. Answers what the entry refers to from then on, or
  /// null when it stays as it is.
  ///
  /// @throws dev.varve.kv.CorruptionException when the value is damaged
  /// @throws IOException when the device refuses
  byte @Nullable [] move(SstableCursor entry) throws IOException {
    if (due.isEmpty() || entry.kind() != Stamp.BLOB) {
      return null;
    }
    BlobReference reference =
        BlobReference.decode(entry.valueArray(), entry.valueOffset(), entry.valueLength());
    if (reference == null || !due.contains(reference.file())) {
      return null;
    }
    BlobReader reader = readers.get(reference.file());
    if (reader == null) {
      reader = environment.openBlob(reference.file());
      readers.put(reference.file(), reader);
    }
    byte[] value = reader.get(reference);
    BlobReference moved =
        outputs.add(
            entry.keyArray(), 0, entry.keyLength(), entry.sequence(), value, 0, value.length);
    tally.dies(new BlobChange.Dies(reference.file(), reference.recordBytes()));
    return moved.encode();
  }

  /// Completes the files with what was moved.
  ///
  /// @throws IOException when the device refuses
  void finish() throws IOException {
    outputs.finish();
  }

  @Override
  public void close() throws IOException {
    try {
      outputs.close();
    } finally {
      for (BlobReader reader : readers.values()) {
        reader.release();
      }
      readers.clear();
    }
  }
}
