package dev.varve.engine.lsm;

import dev.varve.engine.lsm.version.VersionEdit;

/// How the blob files of an engine came and went since it was made.
///
/// @param flushed files that flushes wrote
/// @param moved files that merges wrote, with what they moved out of others
/// @param gone files that nothing refers to any more
/// @threads immutable
public record BlobTally(long flushed, long moved, long gone) {
  static final BlobTally NONE = new BlobTally(0, 0, 0);

  /// Together with what an edit brings.
  BlobTally with(VersionEdit edit) {
    long comes = 0;
    long goes = 0;
    for (VersionEdit.BlobChange change : edit.blobs()) {
      switch (change) {
        case VersionEdit.BlobChange.Comes _ -> comes++;
        case VersionEdit.BlobChange.Goes _ -> goes++;
        case VersionEdit.BlobChange.Dies _ -> {}
      }
    }
    boolean merged = !edit.removed().isEmpty();
    return new BlobTally(flushed + (merged ? 0 : comes), moved + (merged ? comes : 0), gone + goes);
  }
}
