package dev.varve.store;

import dev.varve.base.Background;
import dev.varve.base.BackgroundThreads;
import dev.varve.base.Clock;
import dev.varve.base.InlineBackground;
import dev.varve.base.RandomSource;
import dev.varve.engine.EngineRegistry;
import dev.varve.engine.btree.BtreeEngine;
import dev.varve.engine.lsm.LsmEngine;
import dev.varve.engine.memory.MemoryEngine;
import dev.varve.format.StoreFileName;
import dev.varve.fs.FileSystem;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.EngineKind;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import java.nio.file.Path;
import java.util.Map;

/// Opens stores for tests: on any file system, with threads or without.
public final class StoreFixture {
  public static final Path DIRECTORY = Path.of("/memory/store");

  private StoreFixture() {}

  /// The engines that there are.
  public static EngineRegistry engines() {
    return new EngineRegistry(
        Map.of(
            EngineKind.ARRAY, MemoryEngine::of,
            EngineKind.RBTREE, MemoryEngine::of,
            EngineKind.HASH, MemoryEngine::of,
            EngineKind.BTREE, BtreeEngine::of,
            EngineKind.LSM, LsmEngine::of));
  }

  /// A store whose background work runs on the thread that asks for it: a run repeats exactly.
  public static Store openInline(FileSystem fs, StoreOptions options, InlineBackground background) {
    return open(fs, options, background, Clock.SYSTEM);
  }

  public static Store open(
      FileSystem fs, StoreOptions options, Background background, Clock clock) {
    StoreEnvironment environment =
        new StoreEnvironment(
            fs, clock, RandomSource.seeded(42), onFailure -> background, engines(), false);
    return StoreOpener.open(environment, DIRECTORY, options, ProgressListener.NONE);
  }

  /// A store as users have it, on another file system.
  public static Store openThreaded(FileSystem fs, StoreOptions options) {
    StoreEnvironment environment =
        new StoreEnvironment(
            fs,
            Clock.SYSTEM,
            RandomSource.seeded(42),
            onFailure -> new BackgroundThreads("varve-background", 2, onFailure),
            engines(),
            false);
    return StoreOpener.open(environment, DIRECTORY, options, ProgressListener.NONE);
  }

  public static MemoryFileSystem memory() {
    return new MemoryFileSystem();
  }

  /// How many snapshot files the engines in memory have.
  static long snapshotFileCount(MemoryFileSystem fs) {
    try {
      return fs.list(DIRECTORY).stream()
          .filter(n -> StoreFileName.parse(n) instanceof StoreFileName.Snapshot)
          .count();
    } catch (java.io.IOException e) {
      throw new AssertionError(e);
    }
  }
}
