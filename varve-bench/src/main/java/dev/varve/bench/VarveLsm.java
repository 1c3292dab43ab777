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
import org.jspecify.annotations.Nullable;

/// A keyspace of the LSM engine in a store of its own, through the public API, at
/// [Durability#NONE].
///
/// @threads as [OrderedStore]
final class VarveLsm implements OrderedStore {
  private final CountingFileSystem files = new CountingFileSystem();
  private final Store store;
  private final Keyspace keyspace;

  VarveLsm(Path directory, Peer.Settings settings) {
    StoreOptions options =
        StoreOptions.defaults()
            .withDurability(Durability.NONE)
            .withMemory(ByteSize.ofBytes(settings.memoryBytes()));
    store = Varve.open(files, directory, options, ProgressListener.NONE);
    keyspace =
        store.keyspace(
            "bench",
            KeyspaceOptions.of(EngineKind.LSM)
                .withCompression(
                    settings.compressed() ? BlockCompression.LZ4 : BlockCompression.NONE)
                .withFilterBits(settings.filterBits())
                .withMemtable(ByteSize.ofBytes(settings.memtableBytes())));
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
  public Walk walk() {
    return new VarveWalk(keyspace.cursor());
  }

  @Override
  public void flush() {
    store.flush();
  }

  @Override
  public long bytesWritten() {
    return files.bytesWritten(".sst");
  }

  @Override
  public void close() {
    store.close();
  }

  /** A cursor. */
  private record VarveWalk(Cursor cursor) implements Walk {
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
