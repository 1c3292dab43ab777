package dev.varve.engine.lsm.compaction;

import dev.varve.base.Bytes;
import dev.varve.engine.lsm.sstable.SstableCursor;
import dev.varve.engine.lsm.sstable.SstableReader;
import dev.varve.engine.lsm.sstable.Stamp;
import dev.varve.engine.lsm.version.SstableMeta;
import dev.varve.engine.lsm.version.Version;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Sstables that do not overlap, in order, as one sequence of entries. One of them is open at a
/// time.
///
/// @threads one at a time
/// @lifetime until [#close]
final class MergeInput implements AutoCloseable {
  private final CompactionEnvironment environment;
  private final List<SstableMeta> sstables;

  /** Of inputs with the same revision the least rank is the newest. */
  private final int rank;

  private int next;
  private @Nullable SstableReader reader;
  private @Nullable SstableCursor cursor;

  MergeInput(CompactionEnvironment environment, List<SstableMeta> sstables, int rank) {
    this.environment = environment;
    this.sstables = sstables;
    this.rank = rank;
  }

  /// Moves to the first entry of a key from `from` on; answers whether there is one.
  boolean seek(byte @Nullable [] from) throws IOException {
    if (from == null) {
      return openNext();
    }
    next = Version.firstNotBefore(sstables, from);
    while (next < sstables.size()) {
      if (openCursor().seek(from, Stamp.SEQUENCE_MAX)) {
        return true;
      }
    }
    return false;
  }

  private boolean openNext() throws IOException {
    while (next < sstables.size()) {
      if (openCursor().seekToFirst()) {
        return true;
      }
    }
    return false;
  }

  private SstableCursor openCursor() throws IOException {
    close();
    SstableReader opened = environment.open(sstables.get(next++));
    reader = opened;
    SstableCursor begun = opened.scanCursor();
    cursor = begun;
    return begun;
  }

  /// The cursor, which stands on the entry.
  SstableCursor entry() {
    SstableCursor own = cursor;
    if (own == null) {
      throw new IllegalStateException("the input stands on no entry");
    }
    return own;
  }

  /// Moves on; answers whether there is an entry.
  boolean advance() throws IOException {
    return entry().next() || openNext();
  }

  /// How the entries compare: by key, then newest first.
  int compareTo(MergeInput other) {
    SstableCursor mine = entry();
    SstableCursor theirs = other.entry();
    int order =
        Bytes.compare(
            mine.keyArray(), 0, mine.keyLength(), theirs.keyArray(), 0, theirs.keyLength());
    if (order == 0) {
      order = Long.compare(theirs.sequence(), mine.sequence());
    }
    return order != 0 ? order : Integer.compare(rank, other.rank);
  }

  @Override
  public void close() throws IOException {
    SstableCursor ownCursor = cursor;
    SstableReader ownReader = reader;
    cursor = null;
    reader = null;
    try {
      if (ownCursor != null) {
        ownCursor.close();
      }
    } finally {
      if (ownReader != null) {
        ownReader.release();
      }
    }
  }
}
