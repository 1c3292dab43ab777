package dev.varve.engine.btree;

import dev.varve.base.Clock;
import dev.varve.base.ReaderEpochs;
import dev.varve.engine.EngineContext;
import dev.varve.engine.btree.PageCodec.MalformedPage;
import dev.varve.engine.btree.heap.Heap;
import dev.varve.engine.btree.heap.StoredObject;
import dev.varve.kv.BtreeStats;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.StoreClosedException;
import dev.varve.kv.StoreIoException;
import dev.varve.kv.VarveException;
import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/// Brings the entries of leaves from the device into memory.
///
/// @threads safe
final class LeafLoader {
  private final Heap heap;
  private final ReaderEpochs epochs;
  private final LeafCache cache;
  private final LargeValueTable values;
  private final String keyspace;
  private final Clock clock;
  private final LongAdder readBytes = new LongAdder();
  private final Durations reads = new Durations();
  private final Durations decodes = new Durations();
  private volatile boolean closed;

  LeafLoader(
      EngineContext context,
      Heap heap,
      ReaderEpochs epochs,
      LeafCache cache,
      LargeValueTable values) {
    this.heap = heap;
    this.epochs = epochs;
    this.cache = cache;
    this.values = values;
    this.keyspace = context.name();
    this.clock = context.clock();
  }

  /// The entries of a leaf, from memory or from the device.
  ///
  /// @throws CorruptionException when its object is damaged
  /// @throws StoreIoException when the device refuses
  LeafEntries entries(Leaf leaf) {
    LeafEntries entries = leaf.entries();
    if (entries != null) {
      cache.hit(entries);
      return entries;
    }
    return load(leaf);
  }

  /// Counts a look-up that found entries in memory by itself.
  void hit(LeafEntries entries) {
    cache.hit(entries);
  }

  private LeafEntries load(Leaf leaf) {
    while (true) {
      StoredObject object;
      LeafEntries read;
      int token = epochs.enter();
      try {
        LeafEntries entries = leaf.entries();
        object = leaf.stored();
        if (entries != null) {
          return entries;
        }
        if (object == null) {
          throw new IllegalStateException("a leaf that is neither in memory nor on the device");
        }
        read = read(object);
      } finally {
        epochs.exit(token);
      }
      LeafEntries installed = install(leaf, object, read);
      if (installed != null) {
        return installed;
      }
      // It was written anew, and evicted, meanwhile.
    }
  }

  private @Nullable LeafEntries install(Leaf leaf, StoredObject object, LeafEntries read) {
    synchronized (leaf) {
      LeafEntries other = leaf.entries();
      if (other != null) {
        return other;
      }
      if (leaf.stored() != object) {
        return null;
      }
      leaf.setEntries(read);
      leaf.setStoredValues(read.largeValues());
    }
    cache.loaded(leaf, read);
    return read;
  }

  /// Reads the page of an object. Within an epoch.
  ///
  /// @throws CorruptionException when it is damaged
  /// @throws StoreIoException when the device refuses
  LeafEntries read(StoredObject object) {
    try {
      long begun = clock.nanos();
      byte[] page = heap.read(object);
      long gotten = clock.nanos();
      LeafEntries entries = PageCodec.decode(page, values);
      readBytes.add(page.length);
      reads.add(gotten - begun);
      decodes.add(clock.nanos() - gotten);
      return entries;
    } catch (MalformedPage e) {
      throw heap.corrupt(object, "a page of a leaf", String.valueOf(e.getMessage()));
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  /// The value of a record, the caller's own.
  ///
  /// @throws CorruptionException when it is kept apart and its object is damaged
  /// @throws StoreIoException when the device refuses
  byte[] value(LeafEntries entries, int record) {
    LargeValue large = entries.largeOf(record);
    if (large != null) {
      return value(large);
    }
    byte[] records = entries.records();
    int value = LeafRecord.value(records, record);
    return Arrays.copyOfRange(records, value, value + LeafRecord.valueLength(records, record));
  }

  /// A value that is kept apart, the caller's own.
  ///
  /// @throws CorruptionException when its object is damaged
  /// @throws StoreIoException when the device refuses
  byte[] value(LargeValue value) {
    int token = epochs.enter();
    try {
      byte[] bytes = value.bytes();
      if (bytes != null) {
        return bytes.clone();
      }
      StoredObject object = value.stored();
      if (object == null) {
        throw new IllegalStateException("a value that is neither in memory nor on the device");
      }
      return decode(object, heap.read(object), value.length());
    } catch (IOException e) {
      throw unreadable(e);
    } finally {
      epochs.exit(token);
    }
  }

  private byte[] decode(StoredObject object, byte[] bytes, int length) {
    try {
      return LargeValueCodec.decode(bytes, length);
    } catch (MalformedPage e) {
      throw heap.corrupt(object, "a value", String.valueOf(e.getMessage()));
    }
  }

  /// What was read so far.
  BtreeStats.Reads stats() {
    return new BtreeStats.Reads(
        reads.count(),
        readBytes.sum(),
        reads.nanos(),
        reads.nanosMax(),
        decodes.nanos(),
        decodes.nanosMax());
  }

  /// Has reads that fail from now on say that the keyspace is closed.
  void close() {
    closed = true;
  }

  private VarveException unreadable(IOException e) {
    if (closed) {
      return new StoreClosedException("the keyspace '" + keyspace + "' is closed");
    }
    return new StoreIoException("the files of keyspace '" + keyspace + "' cannot be read", e);
  }
}
