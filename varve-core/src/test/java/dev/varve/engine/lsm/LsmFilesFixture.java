package dev.varve.engine.lsm;

import dev.varve.base.Bytes;
import dev.varve.base.Clock;
import dev.varve.base.RandomSource;
import dev.varve.cache.BlockCache;
import dev.varve.cache.MemoryBudget;
import dev.varve.engine.lsm.memtable.Memtable;
import dev.varve.engine.lsm.sstable.RangeTombstone;
import dev.varve.engine.lsm.sstable.SstableEnvironment;
import dev.varve.engine.lsm.sstable.SstableInfo;
import dev.varve.engine.lsm.sstable.SstableOptions;
import dev.varve.engine.lsm.sstable.SstableReader;
import dev.varve.engine.lsm.sstable.SstableWriter;
import dev.varve.engine.lsm.version.Manifest;
import dev.varve.engine.lsm.version.SstableMeta;
import dev.varve.engine.lsm.version.VersionEdit;
import dev.varve.engine.lsm.version.VersionSet;
import dev.varve.format.StoreId;
import dev.varve.fs.FaultFileSystem;
import dev.varve.fs.FileOperation;
import dev.varve.fs.FileOperation.Kind;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.KeyRange;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Levels of sstables in memory, and what is read of them.
final class LsmFilesFixture implements AutoCloseable {
  private static final Path DIRECTORY = Path.of("/memory/store");
  private static final StoreId STORE = new StoreId(1, 2);
  private static final int KEYSPACE = 3;

  /// An entry of an sstable.
  record Revision(long key, long sequence, int kind, byte[] value) {}

  private final MemoryFileSystem memory = MemoryFileSystem.withoutCrashes();
  private final List<FileOperation> reads = new ArrayList<>();
  private final FaultFileSystem fs = new FaultFileSystem(memory, this::observe);
  private final MemoryBudget budget = new MemoryBudget(64 << 20);
  private final SstableEnvironment environment;
  private final VersionSet versions;
  private final Map<Long, SstableReader> readers = new HashMap<>();
  private final SstableOptions options;

  LsmFilesFixture(SstableOptions options) throws IOException {
    this.options = options;
    memory.createDirectories(DIRECTORY);
    this.environment =
        new SstableEnvironment(
            fs,
            DIRECTORY,
            STORE,
            KEYSPACE,
            new BlockCache(budget, 8 << 20),
            budget,
            RandomSource.seeded(1),
            Clock.SYSTEM);
    this.versions =
        VersionSet.empty(
            new Manifest.Place(fs, DIRECTORY, STORE, KEYSPACE),
            Clock.SYSTEM,
            _ -> {
              // Nothing is removed.
            });
  }

  private void observe(FileOperation operation) {
    if (operation.kind() == Kind.READ) {
      reads.add(operation);
    }
  }

  static byte[] key(long number) {
    byte[] key = new byte[8];
    Bytes.putLongBigEndian(key, 0, number);
    return key;
  }

  /// Writes an sstable. Entries are in order.
  SstableMeta write(List<Revision> entries, List<RangeTombstone> ranges) throws IOException {
    long number = versions.newNumber();
    SstableInfo info;
    try (SstableWriter writer = new SstableWriter(environment, number, options)) {
      for (Revision entry : entries) {
        writer.add(key(entry.key), entry.sequence, entry.kind, entry.value);
      }
      ranges.forEach(writer::addRangeTombstone);
      info = writer.finish();
    }
    readers.put(number, SstableReader.open(environment, info, options));
    return SstableMeta.of(info);
  }

  /// Puts sstables into a level.
  void add(int level, List<SstableMeta> sstables) throws IOException {
    versions.install(
        level == 0
            ? VersionEdit.flush(sstables, sstables.getFirst().largestSequence())
            : VersionEdit.compaction(List.of(), level, sstables));
  }

  /// A cursor over all levels. Reads are counted anew.
  MergingCursor cursor(KeyRange range, long sequence) {
    for (SstableReader reader : readers.values()) {
      boolean _ = reader.acquire();
    }
    FileSet files =
        FileSet.of(
            versions.pin(), FileSet.empty(), new FileSet.Opened(readers, Map.of()), Set.of());
    ReadState state = new ReadState(new Memtable(1, budget), List.of(), List.of(), files);
    reads.clear();
    return new MergingCursor(state, range, sequence, "test");
  }

  /// How often the files were read since the cursor was made.
  int readCount() {
    return reads.size();
  }

  /// How often this file was.
  int readCount(SstableMeta sstable) {
    Path path = environment.path(sstable.number());
    return (int) reads.stream().filter(read -> read.path().equals(path)).count();
  }

  /// The longest of the reads, in bytes.
  long longestRead() {
    return reads.stream().mapToLong(FileOperation::length).max().orElse(0);
  }

  @Override
  public void close() throws IOException {
    for (SstableReader reader : readers.values()) {
      reader.release();
    }
    versions.close();
    environment.cache().close();
  }
}
