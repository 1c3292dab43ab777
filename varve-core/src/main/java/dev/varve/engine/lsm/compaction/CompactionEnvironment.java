package dev.varve.engine.lsm.compaction;

import dev.varve.base.Background;
import dev.varve.base.Clock;
import dev.varve.engine.lsm.blob.BlobReader;
import dev.varve.engine.lsm.blob.BlobWriter;
import dev.varve.engine.lsm.sstable.SstableReader;
import dev.varve.engine.lsm.sstable.SstableWriter;
import dev.varve.engine.lsm.version.SstableMeta;
import dev.varve.engine.lsm.version.VersionEdit;
import dev.varve.engine.lsm.version.VersionEdit.BlobChange;
import dev.varve.engine.lsm.version.VersionSet;
import java.io.IOException;
import java.util.Set;

/// What compaction needs of a keyspace.
///
/// @threads safe; called without a lock of compaction's, except [#versions], [#visible],
///   [#rewrites] and [#clock]
public interface CompactionEnvironment {
  /// The keyspace's name, for events.
  String keyspace();

  /// The keyspace's versions.
  VersionSet versions();

  /// Makes an edit durable and current; as [VersionSet#install].
  ///
  /// @throws IOException as that says
  default void install(VersionEdit edit) throws IOException {
    versions().install(edit);
  }

  /// An sstable of a version that is pinned, with a reference that the caller releases.
  ///
  /// @throws dev.varve.kv.CorruptionException when it is damaged
  /// @throws IOException when the device refuses
  SstableReader open(SstableMeta sstable) throws IOException;

  /// Begins an sstable.
  ///
  /// @throws IOException when it cannot be made
  SstableWriter create(long number) throws IOException;

  /// A blob file of a version that is pinned, with a reference that the caller releases.
  ///
  /// @throws dev.varve.kv.CorruptionException when it is damaged
  /// @throws IOException when the device refuses
  BlobReader openBlob(long number) throws IOException;

  /// Begins a blob file.
  ///
  /// @throws IOException when it cannot be made
  BlobWriter createBlob(long number) throws IOException;

  /// Sstables that are to be rewritten when nothing else is due, so that blob files which they
  /// refer to can go; those that are not there any more do no harm.
  Set<Long> rewrites();

  /// Removes an sstable or a blob file that no version has had.
  ///
  /// @throws IOException when the device refuses; the file is then an orphan
  void remove(long number) throws IOException;

  /// The sequence numbers at which somebody may read: those of all live snapshots and, as the last,
  /// the one at which a new reader would begin (`visibleThrough`). Ascending; at least one. Later
  /// readers begin at the last one or a later one. The array is the caller's.
  long[] visible();

  /// What becomes of a blob file when a reference to it, the value of an entry of that kind, goes.
  ///
  /// @throws dev.varve.kv.CorruptionException when it is no reference
  BlobChange.Dies dies(byte[] value, int offset, int length);

  /// The time.
  Clock clock();

  /// Where jobs run. It has to run what it is given until the scheduler is closed.
  Background background();

  /// Hears of each job that failed and did not just end because it was cancelled.
  void failed(CompactionFailure failure);
}
