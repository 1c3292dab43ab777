package dev.varve.kv;

import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A directory of keyspaces that share one log and one order of commits.
///
/// Every call but [#close] throws [StoreClosedException] once the store is closed. Calls that write
/// throw [StoreFailedException] once it has failed; reads go on until it is closed.
///
/// @threads safe
/// @lifetime until [#close]; a store must be closed, and one that is only forgotten is reported
public interface Store extends AutoCloseable {
  /// The keyspace of this name, made with the default engine when there is none.
  ///
  /// @param name any text of 1 to 255 bytes in UTF-8
  /// @throws LimitException for a name that is empty or too long
  Keyspace keyspace(String name);

  /// The keyspace of this name, made with these options when there is none.
  ///
  /// @throws LimitException for a name that is empty or too long
  /// @throws UsageException when it exists with another engine
  Keyspace keyspace(String name, KeyspaceOptions options);

  /// The keyspace of this name if there is one.
  Optional<Keyspace> findKeyspace(String name);

  /// All keyspaces, by name.
  List<Keyspace> keyspaces();

  /// Ends a keyspace and gives back its memory and files. Its handles, views and cursors throw
  /// [StoreClosedException] from then on.
  ///
  /// @throws UsageException when there is none of this name
  void dropKeyspace(String name);

  /// Writes all mutations of a batch in one commit, durable as the options say.
  ///
  /// @throws UsageException when the batch names a keyspace that is not this store's
  /// @throws LimitException when the store's memory is used up
  /// @throws DiskFullException when the log cannot grow
  void write(WriteBatch batch);

  /// As [#write(WriteBatch)], acknowledged as `durability` says.
  void write(WriteBatch batch, Durability durability);

  /// The moment now, to be read as long as it is open.
  Snapshot snapshot();

  /// Begins a transaction.
  default Transaction begin(Isolation isolation) {
    return begin(TransactionOptions.of(isolation));
  }

  /// As [#begin(Isolation)], with more to be said.
  Transaction begin(TransactionOptions options);

  /// Runs `function` in a transaction and commits it; again, after a pause that grows, when it was
  /// refused or had to go for others. Answers what the function answered.
  ///
  /// ```java
  /// long left = store.transact(Isolation.SERIALIZABLE, tx -> withdraw(tx, account, 10));
  /// ```
  ///
  /// A function that committed the transaction or rolled it back itself is not run again. What else
  /// it throws rolls back and comes through.
  ///
  /// @throws ConflictException when it was refused as often as it may be tried
  /// @throws DeadlockException when it had to go as often as it may be tried
  /// @throws LockTimeoutException when it waited for locks in vain as often as it may be tried
  /// @throws LimitException when it ran longer than its timeout, or got too large
  default <T> @Nullable T transact(Isolation isolation, TransactionFunction<T> function) {
    return transact(TransactionOptions.of(isolation), function);
  }

  /// As [#transact(Isolation, TransactionFunction)], with more to be said.
  <T> @Nullable T transact(TransactionOptions options, TransactionFunction<T> function);

  /// Makes every commit so far durable.
  void sync();

  /// Has every engine write what it has in memory only, and gives the log's segments that hold
  /// nothing else back. Readers and writers go on.
  void flush();

  /// As [#flush()], telling how far it is.
  void flush(ProgressListener listener);

  /// Rewrites the files of a keyspace so that of the keys in `range` nothing is left that nobody
  /// can see, and reads find what they look for in the fewest steps: after much was deleted or
  /// overwritten, or before a time of many reads. It happens by itself too, bit by bit. Readers and
  /// writers go on. Engines in memory have nothing to compact.
  ///
  /// @throws java.util.concurrent.CancellationException when the listener stopped it; what was done
  ///   remains
  /// @throws CorruptionException when a file is damaged
  void compact(Keyspace keyspace, KeyRange range, ProgressListener listener);

  /// As [#compact(Keyspace, KeyRange, ProgressListener)], of all keys and without progress.
  default void compact(Keyspace keyspace) {
    compact(keyspace, KeyRange.all(), ProgressListener.NONE);
  }

  /// Reads every file and checks every checksum. With `deep`, also builds the state anew from the
  /// files and compares it, entry by entry, with what readers see. Readers and writers go on.
  VerifyReport verify(boolean deep, ProgressListener listener);

  /// As [#verify(boolean, ProgressListener)], not deep and without progress.
  default VerifyReport verify() {
    return verify(false, ProgressListener.NONE);
  }

  /// Writes all keyspaces, their options and all entries as of one moment to a stream that any
  /// store can import, whatever its engines; `docs/format/export.md` has the bytes. Readers and
  /// writers go on. The stream is flushed, and not closed.
  ///
  /// @throws StoreIoException when the stream refuses
  /// @throws StoreClosedException when a keyspace was dropped meanwhile; begin again
  /// @throws java.util.concurrent.CancellationException when the listener stopped it
  ExportReport exportTo(OutputStream target, ProgressListener listener);

  /// As [#exportTo(OutputStream, ProgressListener)], without progress.
  default ExportReport exportTo(OutputStream target) {
    return exportTo(target, ProgressListener.NONE);
  }

  /// Takes in what [#exportTo] wrote. A keyspace that is missing is made with the options that it
  /// had; one that is there keeps its own. Other keyspaces stay as they are. When it returns, every
  /// entry is there, counted and durable.
  ///
  /// When it fails, what it had put in is taken out again: the keyspaces that it made are dropped,
  /// the others are empty, those included that were to be overwritten, so `Varve.checkExport` looks
  /// first. When the process ends meanwhile, some of it may stay; the next import then finds
  /// keyspaces that are not empty.
  ///
  /// The listener hears of the bytes that were read.
  ///
  /// @param source is read to its end, and not closed
  /// @param name what errors call the source
  /// @throws CorruptionException when it is damaged, cut off, or no export; it names the byte
  /// @throws FormatException when it was written by a newer version
  /// @throws UsageException when a keyspace has entries and the mode is [ImportMode#INTO_EMPTY],
  ///   before anything was changed; or when others wrote to a keyspace meanwhile, so that there are
  ///   more or fewer entries than were imported: then all stays
  /// @throws StoreIoException when the source refuses
  /// @throws java.util.concurrent.CancellationException when the listener stopped it
  ExportReport importFrom(
      InputStream source, Path name, ImportMode mode, ProgressListener listener);

  /// Figures of this moment.
  StoreStats stats();

  /// What opening the store found and did.
  RecoveryReport recovery();

  /// What the store works with.
  StoreOptions options();

  /// Tells `listener`, on a thread of the store, of each leak that is found. Without listeners a
  /// leak is logged as a warning.
  void onLeak(Consumer<String> listener);

  /// Makes every commit durable, ends all background work and gives back all files; those that a
  /// cursor reads are given back when it is closed. Calls of other threads that are under way end
  /// in order or with [StoreClosedException]. A second call does nothing.
  ///
  /// @throws StoreFailedException when the last sync failed; the store is closed all the same
  @Override
  void close();
}
