package dev.varve.bench.peers;

import dev.varve.bench.OrderedStore;
import dev.varve.bench.Product.Settings;
import java.nio.file.Path;
import java.util.Arrays;
import jetbrains.exodus.ArrayByteIterable;
import jetbrains.exodus.ByteIterable;
import jetbrains.exodus.env.Cursor;
import jetbrains.exodus.env.Environment;
import jetbrains.exodus.env.EnvironmentConfig;
import jetbrains.exodus.env.Environments;
import jetbrains.exodus.env.Store;
import jetbrains.exodus.env.StoreConfig;
import jetbrains.exodus.env.Transaction;
import org.jspecify.annotations.Nullable;

/// A store in an environment of Xodus.
///
/// What is set, and where it is advised (Javadoc of `EnvironmentConfig` and `StoreConfig`, page
/// "Environments" of Xodus's wiki):
/// - the cache has what the settings say, on the heap (`memoryUsage`), and is this environment's
///   own (`log.cache.shared` off), since there is one only;
/// - `log.durableWrite` off, the default, or on where writes are synced;
/// - a store without prefixing, a B+Tree, which by its documentation is "preferable for sequential
///   access". The other tree, a Patricia trie, has the better random access and the slower walks;
/// - writes in exclusive transactions, which are not tried again, and reads in read-only ones;
/// - its own collection of garbage in the background, as by default.
///
/// @threads as [OrderedStore]
final class XodusStore implements OrderedStore {
  private final Environment environment;
  private final Store store;

  XodusStore(Path directory, Settings settings) {
    EnvironmentConfig config =
        new EnvironmentConfig()
            .setMemoryUsage(settings.memoryBytes())
            .setLogCacheShared(false)
            .setLogDurableWrite(settings.synced());
    environment = Environments.newInstance(directory.toFile(), config);
    store =
        environment.computeInTransaction(
            txn -> environment.openStore("bench", StoreConfig.WITHOUT_DUPLICATES, txn));
  }

  private static byte[] copy(ByteIterable bytes) {
    return Arrays.copyOf(bytes.getBytesUnsafe(), bytes.getLength());
  }

  @Override
  public void put(byte[] key, byte[] value) {
    // What is handed over is kept until it is written: the caller's arrays are copied.
    ByteIterable k = new ArrayByteIterable(key.clone());
    ByteIterable v = new ArrayByteIterable(value.clone());
    environment.executeInExclusiveTransaction(
        txn -> {
          boolean _ = store.put(txn, k, v);
        });
  }

  @Override
  public void putAll(byte[][] keys, byte[][] values) {
    environment.executeInExclusiveTransaction(
        txn -> {
          for (int i = 0; i < keys.length; i++) {
            boolean _ =
                store.put(
                    txn,
                    new ArrayByteIterable(keys[i].clone()),
                    new ArrayByteIterable(values[i].clone()));
          }
        });
  }

  @Override
  public byte @Nullable [] get(byte[] key) {
    Transaction txn = environment.beginReadonlyTransaction();
    try {
      ByteIterable value = store.get(txn, new ArrayByteIterable(key));
      return value == null ? null : copy(value);
    } finally {
      txn.abort();
    }
  }

  @Override
  public Walk walk() {
    Transaction txn = environment.beginReadonlyTransaction();
    return new XodusWalk(store, txn);
  }

  @Override
  public void flush() {
    // A commit is where it stays.
  }

  @Override
  public void close() {
    environment.close();
  }

  /** A cursor with its transaction. */
  private static final class XodusWalk implements Walk {
    private final Store store;
    private final Transaction txn;
    private Cursor cursor;

    XodusWalk(Store store, Transaction txn) {
      this.store = store;
      this.txn = txn;
      this.cursor = store.openCursor(txn);
    }

    @Override
    public boolean first() {
      cursor.close();
      cursor = store.openCursor(txn);
      return cursor.getNext();
    }

    @Override
    public boolean last() {
      return cursor.getLast();
    }

    @Override
    public boolean seek(byte[] key) {
      return cursor.getSearchKeyRange(new ArrayByteIterable(key)) != null;
    }

    @Override
    public boolean next() {
      return cursor.getNext();
    }

    @Override
    public boolean previous() {
      return cursor.getPrev();
    }

    @Override
    public byte[] key() {
      return copy(cursor.getKey());
    }

    @Override
    public byte[] value() {
      return copy(cursor.getValue());
    }

    @Override
    public void close() {
      cursor.close();
      txn.abort();
    }
  }
}
