package dev.varve.store;

import dev.varve.base.RandomSource;
import dev.varve.cache.BlockCache;
import dev.varve.cache.MemoryBudget;
import dev.varve.engine.lsm.sstable.SstableCursor;
import dev.varve.engine.lsm.sstable.SstableEnvironment;
import dev.varve.engine.lsm.sstable.SstableOptions;
import dev.varve.engine.lsm.sstable.SstableReader;
import dev.varve.format.StoreId;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.Durability;
import dev.varve.kv.IngestedFile;
import dev.varve.kv.Keyspace;
import dev.varve.kv.Store;
import dev.varve.kv.WriteBatch;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/// Writes what is sound of files that the log of a damaged store names into a new one.
///
/// @threads one at a time
final class IngestSalvage {
  private static final int BATCH_BYTES = 1 << 20;
  private static final long CACHE_BYTES = 1 << 20;

  /// Where files come from and where their entries go.
  ///
  /// @param from the damaged store's directory
  /// @param id the damaged store
  /// @param number the keyspace there
  /// @param store the new store
  /// @param keyspace the keyspace there
  record Target(
      StoreEnvironment environment,
      Path from,
      StoreId id,
      int number,
      Store store,
      Keyspace keyspace) {}

  private IngestSalvage() {}

  static void salvage(Target target, List<IngestedFile> files, Consumer<String> losses) {
    MemoryBudget budget = new MemoryBudget(Long.MAX_VALUE);
    try (BlockCache cache = new BlockCache(budget, CACHE_BYTES)) {
      SstableEnvironment sstables =
          new SstableEnvironment(
              target.environment.fileSystem(),
              target.from,
              target.id,
              target.number,
              cache,
              budget,
              RandomSource.seeded(0),
              target.environment.clock());
      for (IngestedFile file : files) {
        try {
          salvage(target, SstableReader.open(sstables, file.number(), SstableOptions.DEFAULTS));
        } catch (CorruptionException e) {
          losses.accept(String.valueOf(e.getMessage()));
        } catch (NoSuchFileException e) {
          losses.accept(sstables.path(file.number()) + " is missing");
        } catch (IOException e) {
          losses.accept(sstables.path(file.number()) + " cannot be read: " + e.getMessage());
        }
      }
    }
  }

  private static void salvage(Target target, SstableReader reader) throws IOException {
    WriteBatch batch = new WriteBatch();
    try (SstableCursor cursor = reader.scanCursor()) {
      for (boolean valid = cursor.seekToFirst(); valid; valid = cursor.next()) {
        batch.put(target.keyspace, cursor.key(), cursor.value());
        if (batch.byteSize() >= BATCH_BYTES) {
          target.store.write(batch, Durability.NONE);
          batch = new WriteBatch();
        }
      }
    } finally {
      reader.release();
      target.store.write(batch, Durability.NONE);
    }
  }
}
