package dev.varve.kv;

import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Reads and writes that take effect together, or not at all.
///
/// ```java
/// try (Transaction tx = store.begin(Isolation.SERIALIZABLE)) {
///   byte[] balance = tx.get(accounts, from);
///   tx.put(accounts, from, less(balance)).put(accounts, to, more(tx.get(accounts, to)));
///   tx.commit();
/// }
/// ```
///
/// What it writes is its own until the commit; what it reads it sees with its own writes over it.
/// [Store#transact(Isolation, TransactionFunction)] begins, commits, and tries again.
///
/// A transaction that runs for longer than its [TransactionOptions#timeout] is rolled back, and
/// says so with [LimitException]; one whose writes take more than [TransactionOptions#bytesMax]
/// refuses the next with the same and can go on. Once it has ended, every call but [#rollback] and
/// [#close] throws [StoreClosedException].
///
/// @threads one at a time
/// @lifetime until it is committed or rolled back; it keeps old revisions alive and must be closed
public interface Transaction extends AutoCloseable {
  /// What it works with.
  TransactionOptions options();

  /// The keyspace as the transaction sees it, its own writes included.
  ///
  /// A cursor of it sees what the transaction writes ahead of where it stands.
  ///
  /// @lifetime as the transaction
  /// @throws UsageException when the keyspace is another store's
  KeyspaceView view(Keyspace keyspace);

  /// The value of a key, or null when there is none.
  byte @Nullable [] get(Keyspace keyspace, byte[] key);

  /// As [#get], of a key that is locked until the transaction ends: another that asks for the lock,
  /// or that is to commit a write of the key, waits. Who writes it outside of a transaction does
  /// not wait; then this one is refused.
  ///
  /// As long as nothing was read at the transaction's moment, the moment comes forward to when the
  /// lock was given.
  ///
  /// @throws LockTimeoutException when another transaction keeps the lock too long; this one can go
  ///   on
  /// @throws DeadlockException when the transaction was rolled back for others that wait
  /// @throws ConflictException when the key was written since the transaction's moment; it was
  ///   rolled back
  /// @throws UsageException when the transaction only reads
  byte @Nullable [] getForUpdate(Keyspace keyspace, byte[] key);

  /// As [#getForUpdate], of many keys, which are locked in their order: transactions that lock all
  /// they need by one such call never wait for one another in a circle.
  List<byte @Nullable []> getAllForUpdate(Keyspace keyspace, Collection<byte[]> keys);

  /// As [#getForUpdate], with what may be in the way as an answer.
  LockResult tryGetForUpdate(Keyspace keyspace, byte[] key);

  /// Sets the value of a key.
  ///
  /// @throws LimitException when the key, the value or the transaction gets too long
  /// @throws UsageException when the transaction only reads
  Transaction put(Keyspace keyspace, byte[] key, byte[] value);

  /// Makes a key absent.
  ///
  /// @throws LimitException when the key or the transaction gets too long
  /// @throws UsageException when the transaction only reads
  Transaction delete(Keyspace keyspace, byte[] key);

  /// Makes every key in a range absent.
  ///
  /// @throws LimitException when an end of the range is longer than a key can be, or the
  ///   transaction gets too long
  /// @throws UsageException when the engine has no order and the range is not [KeyRange#all], or
  ///   the transaction only reads
  Transaction deleteRange(Keyspace keyspace, KeyRange range);

  /// A point to go back to. Savepoints nest.
  Savepoint savepoint();

  /// Undoes what was written since a savepoint, which stays; later ones are gone. Locks are kept,
  /// and what was read counts as read.
  ///
  /// @throws UsageException when the savepoint is gone, or another transaction's
  void rollbackTo(Savepoint savepoint);

  /// Forgets a savepoint and later ones; what was written stays.
  ///
  /// @throws UsageException when the savepoint is gone, or another transaction's
  void release(Savepoint savepoint);

  /// Makes what was written one commit, durable as [TransactionOptions#durability] says. Whether it
  /// returns or throws, the transaction has ended.
  ///
  /// @throws ConflictException when somebody else wrote what the transaction depends on
  /// @throws DeadlockException when it was rolled back for others that wait
  /// @throws LockTimeoutException when another transaction has a lock on what it writes too long
  /// @throws LimitException when it has run for too long, or the store's memory is used up
  /// @throws DiskFullException when the log cannot grow
  /// @throws StoreFailedException when the store has failed; whether the transaction is committed
  ///   the next opening shows
  void commit();

  /// As [#commit], with what may be in the way as an answer; what is wrong with the store is
  /// thrown.
  CommitResult tryCommit();

  /// Ends the transaction and leaves nothing of it. A second call, or one after the end, does
  /// nothing.
  void rollback();

  /// As [#rollback].
  @Override
  void close();
}
