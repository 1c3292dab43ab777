package dev.varve.store;

import dev.varve.engine.lsm.sstable.SstableRemains;
import dev.varve.format.StoreFileName;
import dev.varve.format.StoreId;
import dev.varve.fs.FileSystem;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.Durability;
import dev.varve.kv.FormatException;
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

  /// Where files come from and where their entries go.
  ///
  /// @param from the damaged store's directory
  /// @param id the damaged store
  /// @param number the keyspace there
  /// @param store the new store
  /// @param keyspace the keyspace there
  record Target(
      FileSystem fileSystem, Path from, StoreId id, int number, Store store, Keyspace keyspace) {}

  private IngestSalvage() {}

  static void salvage(Target target, List<IngestedFile> files, Consumer<String> losses) {
    for (IngestedFile file : files) {
      String name = StoreFileName.sstable(target.number, file.number());
      String lost = ": the " + file.entries() + " entries that a commit took in with it are lost";
      SstableRemains.Owner owner =
          new SstableRemains.Owner(target.id, target.number, file.number());
      try (SstableRemains remains =
          SstableRemains.open(target.fileSystem, target.from.resolve(name), owner)) {
        if (remains.seed() == file.seed()) {
          salvage(target, remains);
          remains.losses().forEach(losses);
        } else {
          losses.accept(name + " is another file than the log names" + lost);
        }
      } catch (NoSuchFileException e) {
        losses.accept(name + " is missing" + lost);
      } catch (CorruptionException | FormatException | IOException e) {
        losses.accept(name + " cannot be read" + lost + " (" + e.getMessage() + ")");
      }
    }
  }

  private static void salvage(Target target, SstableRemains remains) throws IOException {
    WriteBatch batch = new WriteBatch();
    while (remains.next()) {
      batch.put(target.keyspace, remains.key(), remains.value());
      if (batch.byteSize() >= BATCH_BYTES) {
        target.store.write(batch, Durability.NONE);
        batch = new WriteBatch();
      }
    }
    target.store.write(batch, Durability.NONE);
  }
}
