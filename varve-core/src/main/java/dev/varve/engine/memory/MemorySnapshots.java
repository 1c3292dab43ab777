package dev.varve.engine.memory;

import dev.varve.base.Bytes;
import dev.varve.engine.EngineContext;
import dev.varve.engine.EngineCursor;
import dev.varve.engine.memory.SnapshotFileReader.Found;
import dev.varve.format.FileKind;
import dev.varve.format.StoreFileName;
import dev.varve.fs.AtomicFile;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.MutationReader;
import dev.varve.kv.Progress;
import dev.varve.kv.ProgressListener;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;

/// The files of an engine in memory: at most one counts, and its state names it.
///
/// @threads one at a time, but for [#fileBytes]
final class MemorySnapshots {
  private static final int PROGRESS_ENTRIES = 16_384;
  private static final int STATE_BYTES = 20;

  private final EngineContext context;
  private volatile long fileBytes;

  /// Takes what a block holds: puts, of the file's moment.
  @FunctionalInterface
  interface BlockSink {
    void take(long sequence, byte[] array, int offset, int end);
  }

  /// What a state says: the moment of the file, its length and its last four bytes.
  private record State(long sequence, long length, int checksum) {
    byte[] encode() {
      byte[] bytes = new byte[STATE_BYTES];
      Bytes.putLong(bytes, 0, sequence);
      Bytes.putLong(bytes, 8, length);
      Bytes.putInt(bytes, 16, checksum);
      return bytes;
    }
  }

  MemorySnapshots(EngineContext context) {
    this.context = context;
  }

  long fileBytes() {
    return fileBytes;
  }

  private State decode(byte[] bytes) {
    if (bytes.length != STATE_BYTES) {
      throw new CorruptionException(
          context.directory().resolve(StoreFileName.CATALOG),
          0,
          "an engine's state of " + STATE_BYTES + " bytes",
          bytes.length + " bytes");
    }
    return new State(Bytes.getLong(bytes, 0), Bytes.getLong(bytes, 8), Bytes.getInt(bytes, 16));
  }

  private Path path(long sequence) {
    return context.directory().resolve(StoreFileName.snapshot(context.keyspace(), sequence));
  }

  Set<String> files(byte[] state) {
    return state.length == 0
        ? Set.of()
        : Set.of(StoreFileName.snapshot(context.keyspace(), decode(state).sequence));
  }

  /// Writes all that a cursor gives; answers the state that names the file.
  ///
  /// @throws CancellationException when the listener stopped it
  /// @throws IOException when the device refuses
  byte[] write(EngineCursor cursor, long sequence, long count, ProgressListener listener)
      throws IOException {
    long begun = context.clock().nanos();
    Path path = path(sequence);
    Path temporary = path.resolveSibling(path.getFileName() + StoreFileName.TEMPORARY_SUFFIX);
    try (AtomicFile file = AtomicFile.begin(context.fileSystem(), path, temporary)) {
      SnapshotFileWriter writer = new SnapshotFileWriter(context, file);
      writer.begin(sequence);
      for (boolean valid = cursor.seekToFirst(); valid; valid = cursor.next()) {
        writer.add(cursor);
        if (writer.entries() % PROGRESS_ENTRIES == 0) {
          report(listener, "write", "entries", writer.entries(), count, begun);
        }
      }
      writer.end();
      file.commit();
      fileBytes = writer.length();
      return new State(sequence, writer.length(), writer.lastChecksum()).encode();
    }
  }

  private void report(
      ProgressListener listener, String verb, String unit, long done, long total, long begun) {
    Duration elapsed = Duration.ofNanos(context.clock().nanos() - begun);
    String task = verb + " " + context.name();
    if (!listener.onProgress(new Progress(task, unit, done, total, elapsed))) {
      throw new CancellationException("stopped: " + task);
    }
  }

  /// Gives the blocks of the file that a state names to `sink`.
  ///
  /// @throws CorruptionException when the file is missing, damaged or another
  /// @throws IOException when the device refuses
  void read(byte[] bytes, BlockSink sink, ProgressListener listener) throws IOException {
    if (bytes.length == 0) {
      return;
    }
    State state = decode(bytes);
    long begun = context.clock().nanos();
    try (SnapshotFileReader reader = open(state)) {
      for (Found found = reader.next(); found != Found.END; found = reader.next()) {
        if (found != Found.BLOCK) {
          throw reader.problem();
        }
        requireEntries(reader);
        sink.take(state.sequence, reader.array(), reader.begin(), reader.end());
        report(listener, "load", "bytes", reader.position(), reader.fileSize(), begun);
      }
      fileBytes = reader.fileSize();
    }
  }

  private SnapshotFileReader open(State state) throws IOException {
    Path path = path(state.sequence);
    try {
      SnapshotFileReader reader = new SnapshotFileReader(context.fileSystem(), path);
      try {
        var _ =
            reader
                .envelope()
                .require(
                    path,
                    FileKind.MEMORY_SNAPSHOT,
                    context.store(),
                    context.keyspace(),
                    state.sequence);
        if (reader.fileSize() != state.length) {
          throw new CorruptionException(
              path,
              Math.min(reader.fileSize(), state.length),
              state.length + " bytes, as the catalog says",
              reader.fileSize() + " bytes");
        }
        int checksum = reader.lastChecksum();
        if (checksum != state.checksum) {
          throw new CorruptionException(
              path,
              state.length - 4,
              "checksum " + dev.varve.format.Envelope.hex(state.checksum) + ", as the catalog says",
              dev.varve.format.Envelope.hex(checksum));
        }
      } catch (Throwable failure) {
        reader.close();
        throw failure;
      }
      return reader;
    } catch (NoSuchFileException missing) {
      throw new CorruptionException(path, 0, "the file that the catalog names", "no file", missing);
    }
  }

  /** The checksum was right; what it covers must be puts of this keyspace, as many as it says. */
  private void requireEntries(SnapshotFileReader reader) {
    MutationReader entries =
        new MutationReader().reset(reader.array(), reader.begin(), reader.end());
    int count = 0;
    while (entries.next()) {
      if (entries.kind() != MutationReader.Kind.PUT || entries.keyspace() != context.keyspace()) {
        break;
      }
      count++;
    }
    if (count != reader.count() || entries.problem() != null) {
      throw new CorruptionException(
          path(reader.envelope().number()),
          reader.blockPosition(),
          reader.count() + " entries of keyspace " + context.keyspace(),
          entries.problem() == null ? count + " of them" : entries.problem());
    }
  }

  /// Reads the file that a state names and tells what is wrong with it.
  ///
  /// @throws IOException when the device refuses
  long verify(byte[] bytes, Consumer<String> problems) throws IOException {
    if (bytes.length == 0) {
      return 0;
    }
    State state = decode(bytes);
    try (SnapshotFileReader reader = open(state)) {
      for (Found found = reader.next(); found != Found.END; found = reader.next()) {
        if (found == Found.BLOCK) {
          requireEntries(reader);
          continue;
        }
        problems.accept(String.valueOf(reader.problem().getMessage()));
        if (found == Found.LOST) {
          break;
        }
      }
      return reader.fileSize();
    } catch (CorruptionException e) {
      problems.accept(String.valueOf(e.getMessage()));
      return state.length;
    }
  }
}
