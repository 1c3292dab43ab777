package dev.varve.bench;

import dev.varve.Varve;
import dev.varve.kv.BlockCompression;
import dev.varve.kv.ByteSize;
import dev.varve.kv.Cursor;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import dev.varve.kv.WriteBatch;
import java.nio.file.Path;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// A keyspace in a store of its own, through the public API, at [Durability#NONE], or at
/// [Durability#GROUP] where writes are synced.
///
/// @threads as [MeasuredStore]
class VarveStore implements MeasuredStore {
  private final CountingFileSystem files = new CountingFileSystem();
  private final EngineKind engine;
  private final Store store;
  final Keyspace keyspace;

  VarveStore(Path directory, EngineKind engine, Product.Settings settings) {
    this.engine = engine;
    StoreOptions options =
        StoreOptions.defaults()
            .withDurability(settings.synced() ? Durability.GROUP : Durability.NONE)
            .withMemory(ByteSize.ofBytes(settings.memoryBytes()));
    store = Varve.open(files, directory, options, ProgressListener.NONE);
    keyspace = store.keyspace("bench", options(engine, settings));
  }

  private static KeyspaceOptions options(EngineKind engine, Product.Settings settings) {
    KeyspaceOptions options = KeyspaceOptions.of(engine);
    if (engine.isResident()) {
      return options;
    }
    KeyspaceOptions inFiles =
        options.withCompression(
            settings.compressed() ? BlockCompression.LZ4 : BlockCompression.NONE);
    if (engine != EngineKind.LSM) {
      return inFiles;
    }
    return inFiles
        .withFilterBits(settings.filterBits())
        .withMemtable(ByteSize.ofBytes(settings.memtableBytes()));
  }

  @Override
  public void put(byte[] key, byte[] value) {
    keyspace.put(key, value);
  }

  @Override
  public void putAll(byte[][] keys, byte[][] values) {
    WriteBatch batch = new WriteBatch();
    for (int i = 0; i < keys.length; i++) {
      batch.put(keyspace, keys[i], values[i]);
    }
    store.write(batch);
  }

  @Override
  public byte @Nullable [] get(byte[] key) {
    return keyspace.get(key);
  }

  @Override
  public void flush() {
    store.flush();
  }

  @Override
  public OptionalLong sortedBytesWritten() {
    return engine == EngineKind.LSM
        ? OptionalLong.of(files.bytesWritten(".sst"))
        : OptionalLong.empty();
  }

  @Override
  public void close() {
    store.close();
  }

  /** One whose engine keeps an order. */
  static final class Ordered extends VarveStore implements OrderedStore {
    Ordered(Path directory, EngineKind engine, Product.Settings settings) {
      super(directory, engine, settings);
    }

    @Override
    public Walk walk() {
      return new VarveWalk(keyspace.cursor());
    }
  }

  /** A cursor. */
  private record VarveWalk(Cursor cursor) implements OrderedStore.Walk {
    @Override
    public boolean first() {
      return cursor.seekToFirst();
    }

    @Override
    public boolean last() {
      return cursor.seekToLast();
    }

    @Override
    public boolean seek(byte[] key) {
      return cursor.seek(key);
    }

    @Override
    public boolean next() {
      return cursor.next();
    }

    @Override
    public boolean previous() {
      return cursor.previous();
    }

    @Override
    public byte[] key() {
      return cursor.key();
    }

    @Override
    public byte[] value() {
      return cursor.value();
    }

    @Override
    public void close() {
      cursor.close();
    }
  }
}
