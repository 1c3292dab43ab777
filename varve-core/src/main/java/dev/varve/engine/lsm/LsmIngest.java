package dev.varve.engine.lsm;

import dev.varve.engine.EngineContext;
import dev.varve.engine.lsm.sstable.SstableReader;
import dev.varve.engine.lsm.version.SstableMeta;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.IngestedFile;
import dev.varve.kv.StoreIoException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Takes files that were written aside into an engine, at once, as of one commit.
///
/// @threads safe; [#apply] as [dev.varve.engine.Engine#apply]
final class LsmIngest {
  /* The files are durable before the log names them. A commit puts them, in memory, between what is
   * older and what is newer (ReadState). The flush has the manifest name them once all that is older
   * is in files, with the same edit that says that the files hold this commit. So recovery finds a
   * commit either in the manifest or, behind what the manifest holds, in the log, and takes the files
   * in again; files that neither names are orphans. */

  private final EngineContext context;
  private final LsmSettings settings;
  private final LsmState state;
  private final LsmFiles files;
  private final LsmCompaction compaction;

  /** Files that are about to be named in the log, open. */
  private final Map<Long, SstableReader> prepared = new ConcurrentHashMap<>();

  private final Set<LsmBulkWriter> writers = ConcurrentHashMap.newKeySet();

  LsmIngest(
      EngineContext context,
      LsmSettings settings,
      LsmState state,
      LsmFiles files,
      LsmCompaction compaction) {
    this.context = context;
    this.settings = settings;
    this.state = state;
    this.files = files;
    this.compaction = compaction;
  }

  /// As [dev.varve.engine.Engine#bulkWriter].
  LsmBulkWriter begin() {
    LsmBulkWriter writer =
        new LsmBulkWriter(
            context, this, files, compaction.targetFileBytes(), settings.memtableBytes());
    writers.add(writer);
    return writer;
  }

  void ended(LsmBulkWriter writer) {
    writers.remove(writer);
  }

  boolean isClosed() {
    return state.isClosed();
  }

  /// These files will be named by a commit. Takes over the readers.
  void prepare(Map<Long, SstableReader> readers) {
    prepared.putAll(readers);
  }

  /// They will not; gives the readers back.
  void forget(Collection<Long> numbers) {
    prepared.keySet().removeAll(numbers);
  }

  /// Applies an ingest.
  ///
  /// @throws CorruptionException when a file is missing or another one than the log names
  /// @throws StoreIoException when the device refuses
  void apply(long sequence, List<IngestedFile> named) {
    Map<Long, SstableReader> readers = new HashMap<>();
    try {
      List<SstableMeta> metas = new ArrayList<>();
      for (IngestedFile file : named) {
        if (readers.containsKey(file.number())) {
          throw damaged(file, "named once", "named twice");
        }
        @Nullable SstableReader ready = prepared.remove(file.number());
        SstableReader reader = ready == null ? files.openAside(file.number(), 0) : ready;
        readers.put(file.number(), reader);
        reader.ingestAt(sequence);
        SstableMeta meta = SstableMeta.of(reader.info(), sequence);
        if (meta.seed() != file.seed()
            || meta.fileBytes() != file.fileBytes()
            || meta.counts().entries() != file.entries()) {
          throw damaged(file, file + " of the log", meta.toString());
        }
        metas.add(meta);
      }
      metas.sort((a, b) -> dev.varve.base.Bytes.compare(a.from(), b.from()));
      for (int i = 1; i < metas.size(); i++) {
        if (!metas.get(i - 1).isBefore(metas.get(i).from())) {
          throw damaged(named.getFirst(), "files that follow each other", "files that overlap");
        }
      }
      files.keepLogged(readers.keySet());
      state.ingest(sequence, metas, readers);
    } catch (IOException e) {
      release(readers.values());
      throw new StoreIoException(
          "files that keyspace '" + context.name() + "' took in cannot be read", e);
    } catch (Throwable failure) {
      release(readers.values());
      throw failure;
    }
  }

  private CorruptionException damaged(IngestedFile file, String expected, String found) {
    return new CorruptionException(files.environment().path(file.number()), 0, expected, found);
  }

  /// Closes readers of files that nobody takes in.
  static void release(Collection<SstableReader> readers) {
    readers.forEach(LsmIngest::release);
  }

  private static void release(SstableReader reader) {
    try {
      reader.release();
    } catch (IOException _) {
      // It was only read; what is told is what went wrong before.
      return;
    }
  }

  /// Ends what writes aside, and waits for it.
  void stop() {
    writers.forEach(LsmBulkWriter::stop);
  }

  /// Lets go of files that no commit took in.
  void close() {
    release(prepared.values());
    prepared.clear();
  }
}
