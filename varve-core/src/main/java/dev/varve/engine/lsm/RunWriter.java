package dev.varve.engine.lsm;

import dev.varve.engine.lsm.sstable.SstableInfo;
import dev.varve.engine.lsm.sstable.SstableOptions;
import dev.varve.engine.lsm.sstable.SstableWriter;
import dev.varve.engine.lsm.sstable.Stamp;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Writes entries of a bulk load, in order, to files that are cut at a length. All have the
/// sequence number 1: their true one is known when they are taken in.
///
/// @threads one at a time
/// @lifetime until [#finish] or [#close], which without it leaves the files that are complete to
///   whoever asks for [#files]
final class RunWriter implements AutoCloseable {
  /// The sequence number that the file of a bulk load says, for want of the commit's.
  static final long SEQUENCE = 1;

  private static final long STAMP = Stamp.of(SEQUENCE, Stamp.VALUE);

  private final LsmFiles files;
  private final SstableOptions options;
  private final long fileBytes;
  private final List<SstableInfo> complete = new ArrayList<>();
  private @Nullable SstableWriter writer;

  RunWriter(LsmFiles files, SstableOptions options, long fileBytes) {
    this.files = files;
    this.options = options;
    this.fileBytes = fileBytes;
  }

  /// Adds the entry on which `entries` stands.
  ///
  /// @throws IOException when the device refuses
  void add(SortedEntries entries) throws IOException {
    SstableWriter own = writer;
    if (own != null && own.estimatedSize() >= fileBytes) {
      cut(own);
      own = null;
    }
    if (own == null) {
      own = files.newSstable(files.versions().newNumber(), options);
      writer = own;
    }
    own.add(
        entries.keyArray(),
        entries.keyOffset(),
        entries.keyLength(),
        STAMP,
        entries.valueArray(),
        entries.valueOffset(),
        entries.valueLength());
  }

  private void cut(SstableWriter own) throws IOException {
    complete.add(own.finish());
    writer = null;
    own.close();
  }

  /// Completes the last file.
  ///
  /// @throws IOException when the device refuses
  List<SstableInfo> finish() throws IOException {
    SstableWriter own = writer;
    if (own != null) {
      cut(own);
    }
    return List.copyOf(complete);
  }

  /// The files that are complete.
  List<SstableInfo> files() {
    return complete;
  }

  @Override
  public void close() throws IOException {
    SstableWriter own = writer;
    writer = null;
    if (own != null) {
      own.close();
    }
  }
}
