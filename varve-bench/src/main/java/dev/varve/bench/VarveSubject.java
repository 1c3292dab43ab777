package dev.varve.bench;

import dev.varve.Varve;
import dev.varve.kv.Cursor;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.KeyRange;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import dev.varve.kv.WriteBatch;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// A keyspace in a store of its own, through the public API.
///
/// @threads safe
final class VarveSubject implements Subject {
  private final Path directory;
  private final Store store;
  private final Keyspace keyspace;

  /// Makes a store with the default options but for the durability.
  VarveSubject(Path directory, EngineKind engine, Durability durability) {
    this(directory, engine, StoreOptions.defaults().withDurability(durability));
  }

  /// Makes a store.
  VarveSubject(Path directory, EngineKind engine, StoreOptions options) {
    this.directory = directory;
    this.store = Varve.open(directory, options);
    this.keyspace = store.keyspace("bench", KeyspaceOptions.of(engine));
  }

  Store store() {
    return store;
  }

  @Override
  public void put(byte[] key, byte[] value) {
    keyspace.put(key, value);
  }

  @Override
  public byte @Nullable [] get(byte[] key) {
    return keyspace.get(key);
  }

  @Override
  public void putAll(byte[][] keys, byte[] value) {
    WriteBatch batch = new WriteBatch();
    for (byte[] key : keys) {
      batch.put(keyspace, key, value);
    }
    store.write(batch);
  }

  @Override
  public long scan() {
    long bytes = 0;
    try (Cursor cursor = keyspace.cursor()) {
      for (cursor.seekToFirst(); cursor.isValid(); cursor.next()) {
        bytes += cursor.key().length + cursor.value().length;
      }
    }
    return bytes;
  }

  @Override
  public void clear() {
    keyspace.deleteRange(KeyRange.all());
  }

  @Override
  public boolean isThreadSafe() {
    return true;
  }

  /// Closes the store and removes its files.
  @Override
  public void close() throws IOException {
    store.close();
    Run.remove(directory);
  }
}
