package dev.varve.engine.lsm;

import dev.varve.engine.lsm.sstable.SstableCursor;
import dev.varve.engine.lsm.sstable.SstableInfo;
import dev.varve.engine.lsm.sstable.SstableReader;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The entries of files that follow each other in key order, each read once from end to end, one
/// open at a time.
///
/// @threads one at a time
final class RunFiles implements SortedEntries {
  private final LsmFiles files;
  private final List<SstableInfo> run;
  private int opened;
  private @Nullable SstableReader reader;
  private @Nullable SstableCursor cursor;

  RunFiles(LsmFiles files, List<SstableInfo> run) {
    this.files = files;
    this.run = run;
  }

  @Override
  public boolean next() throws IOException {
    SstableCursor own = cursor;
    if (own != null && own.next()) {
      return true;
    }
    close();
    if (opened == run.size()) {
      return false;
    }
    SstableReader next = files.openAside(run.get(opened++).number(), 0);
    reader = next;
    SstableCursor begun = next.scanCursor();
    cursor = begun;
    // No file is empty.
    return begun.seekToFirst();
  }

  private SstableCursor own() {
    SstableCursor own = cursor;
    if (own == null) {
      throw new IllegalStateException("the run stands on no entry");
    }
    return own;
  }

  @Override
  public byte[] keyArray() {
    return own().keyArray();
  }

  @Override
  public int keyOffset() {
    return 0;
  }

  @Override
  public int keyLength() {
    return own().keyLength();
  }

  @Override
  public byte[] valueArray() {
    return own().valueArray();
  }

  @Override
  public int valueOffset() {
    return own().valueOffset();
  }

  @Override
  public int valueLength() {
    return own().valueLength();
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
