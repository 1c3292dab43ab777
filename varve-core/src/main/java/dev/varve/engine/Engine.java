package dev.varve.engine;

import dev.varve.kv.EngineKind;
import dev.varve.kv.KeyRange;
import dev.varve.kv.MutationReader;
import dev.varve.kv.ProgressListener;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The implementation of one keyspace.
///
/// @threads [#apply] and [#finish]: one thread at a time. [#flush] and [#load]: one thread at a
///   time. The others: any, and none of them waits for a writer.
/// @lifetime until [#close]
public interface Engine extends AutoCloseable {
  /// Stands, in the place of a sequence number, for the newest commit that readers may see.
  long LATEST = Long.MAX_VALUE;

  /// Which one it is.
  EngineKind kind();

  /// Whether there may ever be something for [#prepare] to do.
  default boolean prepares() {
    return false;
  }

  /// Brings into memory what applying a mutation needs, so that this does not depend on the device.
  /// Called before the commit that has the mutation is logged, where the engine [#prepares];
  /// whoever calls has a lane.
  ///
  /// @throws dev.varve.kv.CorruptionException when what is needed is damaged: the commit is not
  ///   made
  /// @throws dev.varve.kv.StoreIoException when the device refuses: the commit is not made
  default void prepare(MutationReader mutation) {}

  /// Applies a mutation of a commit. Numbers never fall; several mutations may have the same one.
  ///
  /// @throws OutOfMemoryError when there is no memory; the engine is then good for reading only
  void apply(long sequence, MutationReader mutation);

  /// Is told that all mutations of a commit were applied.
  void finish(long sequence);

  /// Gives back the memory that only readers needed who have gone. While nobody applies.
  void reclaim();

  /// Whether an entry of so many bytes finds room in memory that the engine holds already. Beside a
  /// writer the answer is a guess.
  boolean hasRoom(long entryBytes);

  /// The value of a key at `sequence`, which is pinned, or at [#LATEST]; null when it has none.
  byte @Nullable [] get(byte[] key, long sequence);

  /// Whether a key has a value at `sequence`, which is pinned, or at [#LATEST].
  boolean contains(byte[] key, long sequence);

  /// Walks over the entries of a range as of `sequence`, which must stay pinned meanwhile.
  EngineCursor cursor(KeyRange range, long sequence);

  /// How many entries there are; exact where the engine is resident, else a guess.
  long count();

  /// Figures of this moment.
  EngineStats stats();

  /// Writes, durably, what its files lack of the commits up to `sequence`, which is pinned. Answers
  /// its state: what it needs to find these files again.
  ///
  /// @throws IOException when the device refuses; the state before remains good
  byte[] flush(long sequence, ProgressListener listener) throws IOException;

  /// Begins with the files that a state names. Before any other call.
  ///
  /// @throws dev.varve.kv.CorruptionException when a file is damaged, missing or another's
  /// @throws IOException when the device refuses
  void load(byte[] state, ProgressListener listener) throws IOException;

  /// Is told that the store takes commits from now on: it has been brought back, or is new.
  default void started() {}

  /// Is told, while nobody commits, that [#flush] will be called for the moment now.
  default void prepareFlush() {}

  /// Is told that what [#flush] answered last, which is not empty, is in the catalog, durably.
  default void published() {}

  /// Waits a little, less than a second in all, when writing is ahead of what the engine can write
  /// to its files. Called before a commit, with no lock held.
  ///
  /// @param bytes how much the commit has, about
  /// @param mayRefuse false for a commit that only takes away
  /// @throws dev.varve.kv.DiskFullException when the engine cannot write because the device is full
  /// @throws dev.varve.kv.StoreIoException when the device refuses
  default void awaitRoom(long bytes, boolean mayRefuse) {}

  /// Begins to write entries aside, for an ingest; null where the engine has no files of its own,
  /// and takes no ingest.
  default @Nullable BulkWriter bulkWriter() {
    return null;
  }

  /// Its files hold every commit up to this number; 0 where that is what the catalog says of them.
  default long flushedThrough() {
    return 0;
  }

  /// Rewrites its files so that of the keys in `range` nothing is left in them that nobody can see,
  /// and reading them takes the fewest steps. Engines that have nothing to gain do nothing.
  ///
  /// @throws java.util.concurrent.CancellationException when the listener, or the end of the
  ///   engine, stopped it; what was done remains
  /// @throws IOException when the device refuses
  default void compact(KeyRange range, ProgressListener listener) throws IOException {}

  /// The names of the files that a state, or only the log, names.
  Set<String> files(byte[] state);

  /// Reads the files that a state, or only the log, names and reports each problem. Answers how
  /// many bytes were read.
  ///
  /// @throws IOException when the device refuses
  long verify(byte[] state, Consumer<String> problems) throws IOException;

  /// Checks the structure in memory, while nobody applies; answers what is wrong, one sentence
  /// each.
  List<String> validate();

  /// Ends its work in the background and waits for what runs. Before [#close] where the whole store
  /// closes; not where a keyspace is dropped.
  default void stop() {}

  /// Gives its memory back. Reads that are under way end in order.
  @Override
  void close();
}
