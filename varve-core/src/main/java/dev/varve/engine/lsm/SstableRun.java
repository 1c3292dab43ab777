package dev.varve.engine.lsm;

import dev.varve.base.Bytes;
import dev.varve.engine.lsm.sstable.SstableReader;
import dev.varve.engine.lsm.version.SstableMeta;
import org.jspecify.annotations.Nullable;

/// Open sstables whose keys follow each other: a level below 0, or one file of level 0.
///
/// @threads immutable
final class SstableRun {
  private final SstableMeta[] metas;
  private final SstableReader[] readers;

  /** Of each file the first eight bytes of its least key, as a number with the keys' order. */
  private final long[] heads;

  /// @param metas in the order of their keys
  /// @param readers the same files, open
  SstableRun(SstableMeta[] metas, SstableReader[] readers) {
    this.metas = metas;
    this.readers = readers;
    this.heads = new long[metas.length];
    for (int i = 0; i < heads.length; i++) {
      heads[i] = head(metas[i].from());
    }
  }

  private static long head(byte[] key) {
    return Bytes.signedHead(key, 0, key.length);
  }

  int size() {
    return readers.length;
  }

  SstableReader reader(int file) {
    return readers[file];
  }

  /// The least sequence number in a file.
  long smallestSequence(int file) {
    return metas[file].smallestSequence();
  }

  /// The least key that a file may have.
  byte[] from(int file) {
    return metas[file].from();
  }

  /// The least key past those that a file may have, or null when there is none.
  byte @Nullable [] to(int file) {
    return metas[file].to();
  }

  /// The one file that may have a key, or -1.
  int fileOf(byte[] key) {
    int file = lastFrom(key);
    return file >= 0 && !endsAtOrBefore(file, key) ? file : -1;
  }

  /// The first file that may have a key at `target` or behind; the size when none may.
  int firstBehind(byte[] target) {
    int file = lastFrom(target);
    return file < 0 || endsAtOrBefore(file, target) ? file + 1 : file;
  }

  /// The last file that begins at `key` or before, or -1.
  int lastFrom(byte[] key) {
    long head = head(key);
    int low = 0;
    int high = heads.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (heads[middle] < head
          || (heads[middle] == head && Bytes.compare(metas[middle].from(), key) <= 0)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low - 1;
  }

  private boolean endsAtOrBefore(int file, byte[] key) {
    return metas[file].isBefore(key);
  }
}
