package dev.varve.engine.btree;

import dev.varve.base.Bytes;
import dev.varve.base.Clock;
import dev.varve.base.ReaderEpochs;
import dev.varve.cache.MemoryBudget;
import dev.varve.engine.Engine;
import dev.varve.engine.EngineCursor;
import dev.varve.engine.EngineFixture;
import dev.varve.engine.btree.heap.Heap;
import dev.varve.engine.btree.heap.HeapBatch;
import dev.varve.engine.btree.heap.HeapEnvironment;
import dev.varve.engine.btree.heap.HeapOptions;
import dev.varve.engine.btree.heap.ObjectKind;
import dev.varve.engine.btree.heap.StoredObject;
import dev.varve.format.StoreId;
import dev.varve.fs.FileSystem;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.EngineKind;
import dev.varve.kv.KeyRange;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;

/// What tests of the engine share: small trees.
final class BtreeFixture {
  private BtreeFixture() {}

  /// Settings that a few entries fill.
  static BtreeSettings small(BtreeSettings settings, int order) {
    return new BtreeSettings(
        order,
        false,
        600,
        64,
        100,
        settings.codec(),
        settings.dirtyBytesMax(),
        settings.logBytesMax(),
        settings.heap().withSlabBytes(4 << 10).withMapBytesMin(1 << 10));
  }

  /// An engine whose nodes have so many children at most.
  static EngineFixture engine(int order) {
    return engine(order, new MemoryFileSystem(), new MemoryBudget(Long.MAX_VALUE));
  }

  static EngineFixture engine(int order, FileSystem fileSystem, MemoryBudget budget) {
    return EngineFixture.stepping(
        EngineKind.BTREE,
        context -> BtreeEngine.of(context, settings -> small(settings, order)),
        fileSystem,
        budget);
  }

  /// Empty leaves in a heap, one for each name.
  static List<StoredObject> stored(List<byte[]> names) throws IOException {
    MemoryFileSystem fs = new MemoryFileSystem();
    fs.createDirectories(EngineFixture.DIRECTORY);
    HeapEnvironment environment =
        new HeapEnvironment(
            fs,
            EngineFixture.DIRECTORY,
            new StoreId(1, 2),
            1,
            Clock.SYSTEM,
            new ReaderEpochs(2),
            new MemoryBudget(Long.MAX_VALUE));
    Heap heap = Heap.create(environment, HeapOptions.DEFAULTS);
    List<StoredObject> objects = new ArrayList<>();
    try (HeapBatch batch = heap.begin()) {
      for (byte[] name : names) {
        objects.add(batch.store(ObjectKind.LEAF, name, new byte[1], 0, 1));
      }
      batch.commit(1, Totals.NONE.encode());
    }
    heap.close();
    return objects;
  }

  static NavigableMap<byte[], byte[]> model() {
    return new TreeMap<>(Bytes::compare);
  }

  /// What a walk over everything shows.
  static NavigableMap<byte[], byte[]> contents(Engine engine, long sequence) {
    NavigableMap<byte[], byte[]> all = model();
    EngineCursor cursor = engine.cursor(KeyRange.all(), sequence);
    for (boolean valid = cursor.seekToFirst(); valid; valid = cursor.next()) {
      all.put(cursor.key(), cursor.value());
    }
    return all;
  }
}
