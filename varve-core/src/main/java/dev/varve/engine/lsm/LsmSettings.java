package dev.varve.engine.lsm;

import dev.varve.codec.BlockCodecs;
import dev.varve.engine.lsm.compaction.CompactionLimits;
import dev.varve.engine.lsm.sstable.SstableOptions;
import dev.varve.kv.ByteSize;
import dev.varve.kv.KeyspaceOptions;

/// What the options of a keyspace, and the memory of its store, mean to its engine.
///
/// @param memtableBytes a memtable of this size is full
/// @param levelZeroTrigger so many files at level 0 make a compaction due
/// @param levelZeroSlow so many files at level 0 slow writers down, twice as many stop them
/// @param limits what compaction may take
/// @param sstables how sstables are written and held
/// @param blobThreshold from how many bytes on a value goes to a blob file
record LsmSettings(
    long memtableBytes,
    int levelZeroTrigger,
    int levelZeroSlow,
    CompactionLimits limits,
    SstableOptions sstables,
    int blobThreshold) {
  private static final long MEMTABLE_MIN = 256 << 10;
  private static final long MEMTABLE_MAX = 64 << 20;
  private static final int MEMORY_SHARE = 8;
  private static final int LEVEL_ZERO_SLOW_FACTOR = 3;

  /** With less memory than this there is one compaction at a time, on one thread. */
  private static final long MODEST_BYTES = 16 << 20;

  /** What one more bit for each key leaves of the false positives, at best. */
  private static final double RATE_OF_BIT = 0.6185;

  static LsmSettings of(KeyspaceOptions options, long memoryBytes) {
    ByteSize wanted = options.memtable();
    long memtable =
        wanted != null
            ? Math.min(wanted.bytes(), memoryBytes / 2)
            : Math.clamp(memoryBytes / MEMORY_SHARE, MEMTABLE_MIN, MEMTABLE_MAX);
    int codec =
        switch (options.compression()) {
          case NONE -> BlockCodecs.NONE;
          case LZ4 -> BlockCodecs.LZ4;
        };
    double rate = options.filterBits() == 0 ? 1 : Math.pow(RATE_OF_BIT, options.filterBits());
    CompactionLimits limits = CompactionLimits.DEFAULTS;
    return new LsmSettings(
        memtable,
        options.levelZeroFiles(),
        LEVEL_ZERO_SLOW_FACTOR * Math.max(4, options.levelZeroFiles()),
        memoryBytes < MODEST_BYTES ? new CompactionLimits(1, 1, limits.bytesPerSecond()) : limits,
        SstableOptions.DEFAULTS
            .withBlockBytes((int) options.block().bytes())
            .withCodec(codec)
            .withFalsePositives(rate),
        Math.toIntExact(options.blobThreshold().bytes()));
  }
}
