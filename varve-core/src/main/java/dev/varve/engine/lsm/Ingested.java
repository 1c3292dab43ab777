package dev.varve.engine.lsm;

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
  private final SstableRun run;

  /// @param sequence the commit
  /// @param below memtables with this number or a greater one are newer, the others older
  /// @param metas the files, by key
  /// @param readers the same, open; the files of the state keep them so
  Ingested(long sequence, long below, List<SstableMeta> metas, SstableReader[] readers) {
    this.sequence = sequence;
    this.below = below;
    this.metas = List.copyOf(metas);
    this.run = new SstableRun(metas.toArray(new SstableMeta[0]), readers);
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

  /// The files, open.
  SstableRun run() {
    return run;
  }

  /// Finds the entry of a key for a reader at `at`.
  ///
  /// @throws IOException when the device refuses
  boolean find(byte[] key, long at, SstableLookup lookup) throws IOException {
    int file = at < sequence ? -1 : run.fileOf(key);
    return file >= 0 && run.reader(file).get(key, at, lookup);
  }
}
