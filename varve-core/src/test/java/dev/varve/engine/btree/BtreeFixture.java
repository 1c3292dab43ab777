package dev.varve.engine.btree;

import dev.varve.base.Bytes;
import dev.varve.cache.MemoryBudget;
import dev.varve.engine.Engine;
import dev.varve.engine.EngineCursor;
import dev.varve.engine.EngineFixture;
import dev.varve.fs.FileSystem;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.EngineKind;
import dev.varve.kv.KeyRange;
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
