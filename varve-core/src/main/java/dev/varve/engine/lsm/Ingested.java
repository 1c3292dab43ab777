package dev.varve.engine.lsm;

import dev.varve.base.Bytes;
import dev.varve.engine.lsm.sstable.SstableLookup;
import dev.varve.engine.lsm.sstable.SstableReader;
import dev.varve.engine.lsm.version.SstableMeta;
import java.io.IOException;
import java.util.List;

/// Files that a commit took in and that the manifest does not name yet.
///
/// @threads safe
final class Ingested {
  private final long sequence;
  private final long below;
  private final List<SstableMeta> metas;
  private final SstableReader[] readers;

  /// @param sequence the commit
  /// @param below memtables with this number or a greater one are newer, the others older
  /// @param metas the files, by key
  /// @param readers the same, open; the files of the state keep them so
  Ingested(long sequence, long below, List<SstableMeta> metas, SstableReader[] readers) {
    this.sequence = sequence;
    this.below = below;
    this.metas = List.copyOf(metas);
    this.readers = readers;
  }

  long sequence() {
    return sequence;
  }

  long below() {
    return below;
  }

  List<SstableMeta> metas() {
    return metas;
  }

  SstableReader[] readers() {
    return readers;
  }

  /// Finds the entry of a key for a reader at `at`.
  ///
  /// @throws IOException when the device refuses
  boolean find(byte[] key, long at, SstableLookup lookup) throws IOException {
    if (at < sequence) {
      return false;
    }
    int low = 0;
    int high = readers.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (Bytes.compare(metas.get(middle).from(), key) <= 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low > 0 && metas.get(low - 1).covers(key) && readers[low - 1].get(key, at, lookup);
  }
}
