package dev.varve.bench.peers;

import dev.varve.bench.DirectedWalk;
import dev.varve.bench.OrderedStore;
import dev.varve.bench.Product.Settings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.h2.mvstore.Cursor;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.type.ByteArrayDataType;
import org.jspecify.annotations.Nullable;

/// A map of H2's MVStore in a file.
///
/// What is set, and where it is advised (the page "MVStore" of H2's documentation):
/// - data types of its own for `byte[]`, rather than the general one: "Pluggable Data Types";
/// - the cache has what the settings say, on the heap: "Store Builder", `cacheSize`;
/// - not compressed, the default: "This will slow down read and write operations";
/// - commits in the background at its own pace, the default: "Log Structured Storage". A commit for
///   each put would survive a kill, but by the same page it writes a chunk of a block at least, and
///   keeps the one before for 45 s, so that a million of them take tens of gigabytes.
///
/// What it keeps and answers are the caller's arrays themselves, so that they are copied here.
///
/// @threads as [OrderedStore]
final class MvStoreStore implements OrderedStore {
  private static final int MEBIBYTE_SHIFT = 20;

  private final boolean synced;
  private final MVStore store;
  private final MVMap<byte[], byte[]> map;

  MvStoreStore(Path directory, Settings settings) {
    this.synced = settings.synced();
    try {
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    store =
        new MVStore.Builder()
            .fileName(directory.resolve("bench.mv").toString())
            .cacheSize((int) Math.max(1, settings.memoryBytes() >> MEBIBYTE_SHIFT))
            .open();
    map =
        store.openMap(
            "bench",
            new MVMap.Builder<byte[], byte[]>()
                .keyType(ByteArrayDataType.INSTANCE)
                .valueType(ByteArrayDataType.INSTANCE));
  }

  private void commit() {
    if (synced) {
      long _ = store.commit();
      store.sync();
    }
  }

  @Override
  public void put(byte[] key, byte[] value) {
    byte @Nullable [] _ = map.put(key.clone(), value.clone());
    commit();
  }

  @Override
  public void putAll(byte[][] keys, byte[][] values) {
    for (int i = 0; i < keys.length; i++) {
      byte @Nullable [] _ = map.put(keys[i].clone(), values[i].clone());
    }
    commit();
  }

  @Override
  public byte @Nullable [] get(byte[] key) {
    byte @Nullable [] value = map.get(key);
    return value == null ? null : value.clone();
  }

  @Override
  public Walk walk() {
    return new DirectedWalk((from, forward) -> new CursorSteps(map.cursor(from, null, !forward)));
  }

  @Override
  public void flush() {
    long _ = store.commit();
  }

  @Override
  public void close() {
    store.close();
  }

  /** A cursor. */
  private record CursorSteps(Cursor<byte[], byte[]> cursor) implements DirectedWalk.Steps {
    @Override
    public boolean advance() {
      if (!cursor.hasNext()) {
        return false;
      }
      byte[] _ = cursor.next();
      return true;
    }

    @Override
    public byte[] key() {
      return cursor.getKey().clone();
    }

    @Override
    public byte[] value() {
      return cursor.getValue().clone();
    }
  }
}
