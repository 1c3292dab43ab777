package dev.varve.engine.lsm.sstable;

import dev.varve.base.Clock;
import dev.varve.base.RandomSource;
import dev.varve.cache.BlockCache;
import dev.varve.cache.MemoryBudget;
import dev.varve.format.StoreFileName;
import dev.varve.format.StoreId;
import dev.varve.fs.FileSystem;
import java.nio.file.Path;

/// What the sstables of one keyspace are given of their store.
///
/// @param fileSystem where they are
/// @param directory the store's directory
/// @param store the store's identity
/// @param keyspace the number of the keyspace
/// @param cache where blocks are kept
/// @param budget what the indexes and filters of open files are accounted to
/// @param random for the files' seeds
/// @param clock the time
public record SstableEnvironment(
    FileSystem fileSystem,
    Path directory,
    StoreId store,
    int keyspace,
    BlockCache cache,
    MemoryBudget budget,
    RandomSource random,
    Clock clock) {
  private static final int BUFFER_SHIFT = 7;
  private static final long BUFFER_BYTES_MIN = 16 << 10;
  private static final long BUFFER_BYTES_MAX = 256 << 10;

  /// How much is read ahead or written at once: less where there is little memory.
  int bufferBytes() {
    return (int) Math.clamp(budget.bytesMax() >> BUFFER_SHIFT, BUFFER_BYTES_MIN, BUFFER_BYTES_MAX);
  }

  /// Where the sstable of this number is, or will be.
  public Path path(long number) {
    return directory.resolve(StoreFileName.sstable(keyspace, number));
  }
}
