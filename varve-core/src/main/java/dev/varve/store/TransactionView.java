package dev.varve.store;

import dev.varve.engine.Engine;
import dev.varve.engine.EngineCursor;
import dev.varve.kv.KeyRange;
import dev.varve.txn.KeyspaceAccess;
import org.jspecify.annotations.Nullable;

/// A keyspace as a transaction sees it.
///
/// @threads one at a time
final class TransactionView extends EngineView {
  private final StoreTransaction transaction;
  private final StoreKeyspace keyspace;
  private final KeyspaceAccess access;

  TransactionView(StoreTransaction transaction, StoreKeyspace keyspace, KeyspaceAccess access) {
    this.transaction = transaction;
    this.keyspace = keyspace;
    this.access = access;
  }

  /// What the transaction does here.
  KeyspaceAccess access() {
    return access;
  }

  /// Checks that the keyspace is there still.
  void requireKeyspace() {
    keyspace.requireReadable();
  }

  @Override
  StoreCore store() {
    return keyspace.store();
  }

  @Override
  OpenStore owner() {
    return keyspace.owner();
  }

  @Override
  KeyspaceState keyspace() {
    return keyspace.keyspace();
  }

  @Override
  long sequence() {
    return transaction.moment();
  }

  @Override
  Moments.Pin pin() {
    return transaction.pin();
  }

  @Override
  void requireReadable() {
    transaction.requireOpen();
    keyspace.requireReadable();
  }

  @Override
  boolean isEngineAlone() {
    return transaction.options().readOnly();
  }

  @Override
  byte @Nullable [] read(byte[] key, long sequence) {
    transaction.beginRead();
    byte @Nullable [] written = access.written(key);
    if (written != null) {
      return written == KeyspaceAccess.DELETED ? null : written.clone();
    }
    access.read(key);
    return keyspace().engine().get(key, sequence);
  }

  @Override
  boolean has(byte[] key, long sequence) {
    transaction.beginRead();
    byte @Nullable [] written = access.written(key);
    if (written != null) {
      return written != KeyspaceAccess.DELETED;
    }
    access.read(key);
    return keyspace().engine().contains(key, sequence);
  }

  @Override
  EngineCursor walk(KeyRange range, long sequence) {
    transaction.beginRead();
    Engine engine = keyspace().engine();
    EngineCursor cursor = engine.cursor(range, sequence);
    return transaction.options().readOnly()
        ? cursor
        : access.over(cursor, range, key -> engine.contains(key, sequence));
  }
}
