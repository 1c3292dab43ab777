package dev.varve.kv;

/// Entries that enter a keyspace together, in one commit: readers see none of them before
/// [#commit], and all of them after it. Recovery gives all or nothing.
///
/// Entries may come in any order; of several with one key the last counts. In order is fastest:
/// then each entry is written once. A load replaces what the keyspace has under its keys and leaves
/// the rest.
///
/// Where the engine is [EngineKind#LSM], entries are written to sorted files aside while they come,
/// within the memory of a memtable, so a load may be larger than memory; the log names the files
/// only. An engine in memory takes a load as one [WriteBatch], within the limit of a batch and the
/// store's memory.
///
/// @threads one at a time; beside others that read and write the keyspace
/// @lifetime until [#close], which without [#commit] leaves nothing of it. Snapshots and other
///   writers do not wait for it
public interface BulkLoad extends AutoCloseable {
  /// Adds an entry.
  ///
  /// @throws LimitException for a key or value out of the limits, which changes nothing; or, on an
  ///   engine in memory, when a write batch would be too large
  /// @throws DiskFullException when the device is full: the load can only be closed then
  /// @throws StoreIoException when the device refuses: the load can only be closed then
  /// @throws StoreClosedException when the load or the store is closed or the keyspace was dropped
  void put(byte[] key, byte[] value);

  /// How many entries were put so far.
  long entries();

  /// Commits what was put, durable as the store's [Durability] says, and ends the load. Of an empty
  /// load nothing is committed.
  void commit();

  /// As [#commit()]. Entries that did not come in order are merged first, which takes time.
  ///
  /// @throws java.util.concurrent.CancellationException when the listener stopped it: nothing was
  ///   committed, and nothing of the load is left
  /// @throws VarveException as [#put] and as writes of a [Keyspace] do; nothing was committed
  ///   unless it is a [StoreFailedException]
  void commit(ProgressListener listener);

  /// Ends the load; what was not committed is deleted. A second call does nothing.
  @Override
  void close();
}
