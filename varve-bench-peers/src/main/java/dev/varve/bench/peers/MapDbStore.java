package dev.varve.bench.peers;

import dev.varve.bench.DirectedWalk;
import dev.varve.bench.OrderedStore;
import dev.varve.bench.Product.Settings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mapdb.BTreeMap;
import org.mapdb.DB;
import org.mapdb.DBMaker;
import org.mapdb.Serializer;

/// A tree of MapDB in a file.
///
/// What is set, and where it is advised (chapter "Performance and durability" of MapDB's manual):
/// - a mapped file (`fileMmapEnableIfSupported`), not cleared ahead (`fileMmapPreclearDisable`),
///   that grows in larger steps (`allocateIncrement`). Not its "cleaner hack", of which it says
///   itself that it could crash the JVM;
/// - no log, the default, as MapDB is fastest. With its log a commit is always synced, so that
///   there is no way that survives a kill without: `transactionEnable` and `commit()` are for where
///   writes are synced;
/// - serializers of its own for `byte[]`.
///
/// @threads as [OrderedStore]
final class MapDbStore implements OrderedStore {
  private static final long INCREMENT_BYTES = 16 << 20;

  private final boolean synced;
  private final DB db;
  private final BTreeMap<byte[], byte[]> map;

  MapDbStore(Path directory, Settings settings) {
    synced = settings.synced();
    try {
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    DBMaker.Maker maker =
        DBMaker.fileDB(directory.resolve("bench.mapdb").toFile())
            .fileMmapEnableIfSupported()
            .fileMmapPreclearDisable()
            .allocateIncrement(INCREMENT_BYTES);
    db = (synced ? maker.transactionEnable() : maker).make();
    map = db.treeMap("bench", Serializer.BYTE_ARRAY, Serializer.BYTE_ARRAY).createOrOpen();
  }

  private void commit() {
    if (synced) {
      db.commit();
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
    return map.get(key);
  }

  @Override
  public Walk walk() {
    return new DirectedWalk(this::steps);
  }

  private DirectedWalk.Steps steps(byte @Nullable [] from, boolean forward) {
    return new EntrySteps(
        forward
            ? map.entryIterator(from, true, null, false)
            : map.descendingEntryIterator(null, false, from, true));
  }

  @Override
  public void flush() {
    db.commit();
  }

  @Override
  public void close() {
    db.close();
  }

  /** An iterator, whose entries are read from the file and so nobody else's. */
  private static final class EntrySteps implements DirectedWalk.Steps {
    private final Iterator<Map.Entry<byte[], byte[]>> entries;
    private Map.@Nullable Entry<byte[], byte[]> entry;

    EntrySteps(Iterator<Map.Entry<byte[], byte[]>> entries) {
      this.entries = entries;
    }

    private Map.Entry<byte[], byte[]> entry() {
      if (entry == null) {
        throw new IllegalStateException("it stands on no entry");
      }
      return entry;
    }

    @Override
    public boolean advance() {
      boolean stands = entries.hasNext();
      entry = stands ? entries.next() : null;
      return stands;
    }

    @Override
    public byte[] key() {
      return entry().getKey();
    }

    @Override
    public byte[] value() {
      return entry().getValue();
    }
  }
}
