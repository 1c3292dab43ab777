package dev.varve.engine.lsm;

import dev.varve.codec.BlockCodecs;
import dev.varve.engine.lsm.sstable.SstableOptions;
import dev.varve.kv.ByteSize;
import dev.varve.kv.KeyspaceOptions;

/// What the options of a keyspace mean to its engine.
///
/// @param memtableBytes a memtable of this size is full
/// @param sstables how sstables are written and held
/// @param blobThreshold from how many bytes on a value goes to a blob file
record LsmSettings(long memtableBytes, SstableOptions sstables, int blobThreshold) {
  private static final long MEMTABLE_MIN = 256 << 10;
  private static final long MEMTABLE_MAX = 64 << 20;
  private static final int MEMORY_SHARE = 8;

  /** What one more bit for each key leaves of the false positives, at best. */
  private static final double RATE_OF_BIT = 0.6185;

  static LsmSettings of(KeyspaceOptions options, long memoryBytes) {
    ByteSize wanted = options.memtable();
    long memtable =
        wanted != null
            ? wanted.bytes()
            : Math.clamp(memoryBytes / MEMORY_SHARE, MEMTABLE_MIN, MEMTABLE_MAX);
    int codec =
        switch (options.compression()) {
          case NONE -> BlockCodecs.NONE;
          case LZ4 -> BlockCodecs.LZ4;
        };
    double rate = options.filterBits() == 0 ? 1 : Math.pow(RATE_OF_BIT, options.filterBits());
    return new LsmSettings(
        memtable,
        SstableOptions.DEFAULTS.withCodec(codec).withFalsePositives(rate),
        Math.toIntExact(options.blobThreshold().bytes()));
  }
}
