package dev.varve;

import dev.varve.engine.EngineRegistry;
import dev.varve.engine.btree.BtreeEngine;
import dev.varve.engine.lsm.LsmEngine;
import dev.varve.engine.memory.MemoryEngine;
import dev.varve.fs.FileSystem;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.fs.OsFileSystem;
import dev.varve.kv.EngineKind;
import dev.varve.kv.ExportReport;
import dev.varve.kv.FileInspection;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.SalvageReport;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import dev.varve.store.ExportCheck;
import dev.varve.store.FileInspector;
import dev.varve.store.Salvager;
import dev.varve.store.StoreEnvironment;
import dev.varve.store.StoreOpener;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Map;

/// Opens stores.
///
/// ```java
/// try (Store store = Varve.open(Path.of("data"))) {
///   Keyspace users = store.keyspace("users");
///   users.put(key, value);
/// }
/// ```
///
/// @threads safe
public final class Varve {
  /** The one place that names concrete engines. */
  private static final EngineRegistry ENGINES =
      new EngineRegistry(
          Map.of(
              EngineKind.ARRAY, MemoryEngine::of,
              EngineKind.RBTREE, MemoryEngine::of,
              EngineKind.HASH, MemoryEngine::of,
              EngineKind.BTREE, BtreeEngine::of,
              EngineKind.LSM, LsmEngine::of));

  private Varve() {}

  /// Opens the store in a directory, or makes one when the directory is empty or missing. It works
  /// as it did when it was last opened with options, or else with [StoreOptions#defaults].
  ///
  /// @throws dev.varve.kv.StoreLockedException when it is open already, here or elsewhere
  /// @throws dev.varve.kv.CorruptionException when its files are damaged; nothing is changed
  /// @throws dev.varve.kv.FormatException when the directory is no store's, or of another version;
  ///   nothing is changed
  /// @throws dev.varve.kv.StoreIoException when the operating system refuses
  public static Store open(Path directory) {
    return StoreOpener.open(system(OsFileSystem.INSTANCE), directory, null, ProgressListener.NONE);
  }

  /// As [#open(Path)], with these options, which the store keeps.
  public static Store open(Path directory, StoreOptions options) {
    return open(directory, options, ProgressListener.NONE);
  }

  /// As [#open(Path, StoreOptions)], telling how far the recovery is.
  ///
  /// @throws java.util.concurrent.CancellationException when the listener stopped it
  public static Store open(Path directory, StoreOptions options, ProgressListener listener) {
    return open(OsFileSystem.INSTANCE, directory, options, listener);
  }

  /// As [#open(Path, StoreOptions, ProgressListener)], on another file system: one in memory that
  /// can crash, or one that fails on demand, to test what your own code does then.
  public static Store open(
      FileSystem fileSystem, Path directory, StoreOptions options, ProgressListener listener) {
    return StoreOpener.open(system(fileSystem), directory, options, listener);
  }

  /// Opens the store that there is in a directory, with the options that it keeps, and never makes
  /// one; tells how far the recovery is.
  ///
  /// @throws dev.varve.kv.FormatException when there is no store; nothing is made
  /// @throws java.util.concurrent.CancellationException when the listener stopped it
  public static Store openExisting(Path directory, ProgressListener listener) {
    return StoreOpener.openExisting(system(OsFileSystem.INSTANCE), directory, listener);
  }

  /// A store that is gone when it is closed. It takes the same calls as any other.
  public static Store inMemory() {
    return inMemory(StoreOptions.defaults());
  }

  /// As [#inMemory()], with these options. Levels of durability mean nothing to it.
  public static Store inMemory(StoreOptions options) {
    StoreEnvironment environment =
        StoreEnvironment.system(MemoryFileSystem.withoutCrashes(), ENGINES, true);
    return StoreOpener.open(environment, Path.of("memory"), options, ProgressListener.NONE);
  }

  /// Makes a new store, in a directory that is empty or missing, of what is sound of a damaged one,
  /// which is only read. The report says what could not be saved.
  ///
  /// @throws dev.varve.kv.StoreLockedException when the damaged store is open
  /// @throws dev.varve.kv.FormatException when there is nothing of a store in `from`
  /// @throws dev.varve.kv.UsageException when `to` is not empty
  /// @throws java.util.concurrent.CancellationException when the listener stopped it
  public static SalvageReport salvage(Path from, Path to, ProgressListener listener) {
    return Salvager.salvage(system(OsFileSystem.INSTANCE), from, to, listener);
  }

  /// Reads what [Store#exportTo] wrote to its end and checks every byte, without a store.
  ///
  /// @param source is not closed
  /// @param name what errors call the source
  /// @throws dev.varve.kv.CorruptionException when it is damaged, cut off, or no export; it names
  ///   the byte
  /// @throws dev.varve.kv.FormatException when it was written by a newer version
  /// @throws dev.varve.kv.StoreIoException when the source refuses
  /// @throws java.util.concurrent.CancellationException when the listener stopped it
  public static ExportReport checkExport(InputStream source, Path name, ProgressListener listener) {
    return ExportCheck.check(source, name, listener);
  }

  /// Describes one file of a store, without opening the store: what it is, what it holds, and what
  /// is wrong with it.
  ///
  /// @param itemsMax how many of its parts are listed at most
  /// @throws dev.varve.kv.FormatException when it is no file of a store, or of a newer version
  /// @throws dev.varve.kv.CorruptionException when its beginning is damaged
  public static FileInspection inspect(Path file, int itemsMax) {
    return FileInspector.inspect(OsFileSystem.INSTANCE, file, itemsMax);
  }

  private static StoreEnvironment system(FileSystem fileSystem) {
    return StoreEnvironment.system(fileSystem, ENGINES, false);
  }
}
