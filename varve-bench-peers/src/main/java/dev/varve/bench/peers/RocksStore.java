package dev.varve.bench.peers;

import dev.varve.bench.OrderedStore;
import dev.varve.bench.Product.Settings;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.BloomFilter;
import org.rocksdb.Cache;
import org.rocksdb.CompactionPriority;
import org.rocksdb.CompressionType;
import org.rocksdb.FlushOptions;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.RocksObject;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteBufferManager;
import org.rocksdb.WriteOptions;

/// A database of RocksDB, set up as its documentation advises.
///
/// What is set, and where it is advised (pages of RocksDB's wiki):
/// - background jobs, `bytes_per_sync`, compaction priority, dynamic level sizes, index and filter
///   blocks in the block cache with those of level 0 pinned: "Setup Options and Basic Tuning". Its
///   block of 16 KiB is not: 4 KiB is the product's default and Varve's size;
/// - level 1 four times a memtable, four memtables: "RocksDB Tuning Guide";
/// - memtables counted in the block cache, so that both stay below one limit: "Memory usage in
///   RocksDB" and "Write Buffer Manager";
/// - the log is written with each write, and synced where the settings say so (`sync`).
///
/// @threads as [OrderedStore]
final class RocksStore implements OrderedStore {
  private static final int LEVEL_ZERO_TRIGGER = 4;
  private static final int MEMTABLES_MAX = 4;
  private static final long BYTES_PER_SYNC = 1 << 20;
  private static final double GIBIBYTE = 1L << 30;

  static {
    RocksDB.loadLibrary();
  }

  private final Cache cache;
  private final WriteBufferManager memtables;
  private final BloomFilter filter;
  private final Options options;
  private final WriteOptions write = new WriteOptions();
  private final ReadOptions read = new ReadOptions();
  private final RocksDB db;

  RocksStore(Path directory, Settings settings) {
    write.setSync(settings.synced());
    cache = new LRUCache(settings.memoryBytes());
    memtables = new WriteBufferManager(settings.memoryBytes() / 2, cache);
    filter = new BloomFilter(settings.filterBits());
    BlockBasedTableConfig table =
        new BlockBasedTableConfig()
            .setBlockCache(cache)
            .setFilterPolicy(filter)
            .setCacheIndexAndFilterBlocks(true)
            .setCacheIndexAndFilterBlocksWithHighPriority(true)
            .setPinL0FilterAndIndexBlocksInCache(true);
    CompressionType compression =
        settings.compressed() ? CompressionType.LZ4_COMPRESSION : CompressionType.NO_COMPRESSION;
    options =
        new Options()
            .setCreateIfMissing(true)
            .setWriteBufferManager(memtables)
            .setWriteBufferSize(settings.memtableBytes())
            .setMaxWriteBufferNumber(MEMTABLES_MAX)
            .setLevel0FileNumCompactionTrigger(LEVEL_ZERO_TRIGGER)
            .setMaxBytesForLevelBase(LEVEL_ZERO_TRIGGER * settings.memtableBytes())
            .setLevelCompactionDynamicLevelBytes(true)
            .setCompactionPriority(CompactionPriority.MinOverlappingRatio)
            .setMaxBackgroundJobs(Math.max(2, Runtime.getRuntime().availableProcessors()))
            .setBytesPerSync(BYTES_PER_SYNC)
            .setCompressionType(compression)
            .setTableFormatConfig(table);
    try {
      db = RocksDB.open(options, directory.toString());
    } catch (RocksDBException e) {
      throw failed(e);
    }
  }

  private static IllegalStateException failed(RocksDBException e) {
    return new IllegalStateException("RocksDB: " + e.getMessage(), e);
  }

  @Override
  public void put(byte[] key, byte[] value) {
    try {
      db.put(write, key, value);
    } catch (RocksDBException e) {
      throw failed(e);
    }
  }

  @Override
  public void putAll(byte[][] keys, byte[][] values) {
    try (WriteBatch batch = new WriteBatch()) {
      for (int i = 0; i < keys.length; i++) {
        batch.put(keys[i], values[i]);
      }
      db.write(write, batch);
    } catch (RocksDBException e) {
      throw failed(e);
    }
  }

  @Override
  public byte @Nullable [] get(byte[] key) {
    try {
      return db.get(read, key);
    } catch (RocksDBException e) {
      throw failed(e);
    }
  }

  @Override
  public Walk walk() {
    return new RocksWalk(db.newIterator(read));
  }

  @Override
  public void flush() {
    try (FlushOptions flush = new FlushOptions().setWaitForFlush(true)) {
      db.flush(flush);
    } catch (RocksDBException e) {
      throw failed(e);
    }
  }

  @Override
  public OptionalLong sortedBytesWritten() {
    try {
      Map<String, String> stats = db.getMapProperty("rocksdb.cfstats");
      String written = stats.get("compaction.Sum.WriteGB");
      if (written == null) {
        throw new IllegalStateException("RocksDB does not tell what it wrote: " + stats);
      }
      return OptionalLong.of((long) (Double.parseDouble(written) * GIBIBYTE));
    } catch (RocksDBException e) {
      throw failed(e);
    }
  }

  @Override
  public void close() {
    db.close();
    List.<RocksObject>of(read, write, options, filter, memtables, cache)
        .forEach(RocksObject::close);
  }

  /** An iterator. */
  private record RocksWalk(RocksIterator iterator) implements Walk {
    private boolean stands() {
      if (iterator.isValid()) {
        return true;
      }
      try {
        iterator.status();
        return false;
      } catch (RocksDBException e) {
        throw failed(e);
      }
    }

    @Override
    public boolean first() {
      iterator.seekToFirst();
      return stands();
    }

    @Override
    public boolean last() {
      iterator.seekToLast();
      return stands();
    }

    @Override
    public boolean seek(byte[] key) {
      iterator.seek(key);
      return stands();
    }

    @Override
    public boolean next() {
      iterator.next();
      return stands();
    }

    @Override
    public boolean previous() {
      iterator.prev();
      return stands();
    }

    @Override
    public byte[] key() {
      return iterator.key();
    }

    @Override
    public byte[] value() {
      return iterator.value();
    }

    @Override
    public void close() {
      iterator.close();
    }
  }
}
