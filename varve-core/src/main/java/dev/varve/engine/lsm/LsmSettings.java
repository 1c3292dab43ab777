package dev.varve.engine.lsm;

import dev.varve.codec.BlockCodecs;
import dev.varve.engine.lsm.compaction.CompactionLimits;
import dev.varve.engine.lsm.compaction.CompactionOptions;
import dev.varve.engine.lsm.sstable.SstableOptions;
import dev.varve.kv.ByteSize;
import dev.varve.kv.KeyspaceOptions;
import java.time.Duration;

/// What the options of a keyspace, and the memory of its store, mean to its engine.
///
/// @param memtableBytes a memtable of this size is full
/// @param levelZeroSlow so many files at level 0 slow writers down, twice as many stop them
/// @param limits what compaction may take
/// @param sstables how sstables are written and held
/// @param blobThreshold from how many bytes on a value goes to a blob file
/// @param compaction what compaction aims at
/// @param manifestBytesMax a flush of the store replaces a longer manifest by a short one
public record LsmSettings(
    long memtableBytes,
    int levelZeroSlow,
    CompactionLimits limits,
    SstableOptions sstables,
    int blobThreshold,
    CompactionOptions compaction,
    long manifestBytesMax) {
  private static final long MEMTABLE_MIN = 256 << 10;
  private static final long MEMTABLE_MAX = 64 << 20;
  private static final int MEMORY_SHARE = 8;

  /** One fills while another is written, and both jobs in the background need memory, too. */
  private static final int MEMTABLE_SHARE = 4;

  /** Hashes for a filter, a file's index and entries that wait, by the file's bytes. */
  private static final int WORK_SHARE = 8;

  /** Blocks of what is read and what is written. */
  private static final long WORK_BUFFERS = 128 << 10;

  private static final int LEVEL_ZERO_SLOW_FACTOR = 3;

  /** With less memory than this there is one compaction at a time, on one thread. */
  private static final long MODEST_BYTES = 16 << 20;

  private static final int MULTIPLIER = 10;
  private static final long TARGET_BYTES_MAX = 16 << 20;
  private static final long BASE_BYTES_MIN = 10 << 20;
  private static final int GRANDPARENTS = 10;

  /** An edit is written for each memtable: so many of these are worth some hundred edits. */
  private static final int MANIFEST_SHARE = 4;

  private static final long MANIFEST_BYTES_MAX = 1 << 20;

  /** What one more bit for each key leaves of the false positives, at best. */
  private static final double RATE_OF_BIT = 0.6185;

  static LsmSettings of(KeyspaceOptions options, long memoryBytes) {
    ByteSize wanted = options.lsm().memtable();
    long memtable =
        wanted != null
            ? Math.min(wanted.bytes(), memoryBytes / MEMTABLE_SHARE)
            : Math.clamp(memoryBytes / MEMORY_SHARE, MEMTABLE_MIN, MEMTABLE_MAX);
    double rate =
        options.lsm().filterBits() == 0 ? 1 : Math.pow(RATE_OF_BIT, options.lsm().filterBits());
    CompactionLimits limits = CompactionLimits.DEFAULTS;
    return new LsmSettings(
        memtable,
        LEVEL_ZERO_SLOW_FACTOR * Math.max(4, options.lsm().levelZeroFiles()),
        memoryBytes < MODEST_BYTES ? new CompactionLimits(1, 1, limits.bytesPerSecond()) : limits,
        SstableOptions.DEFAULTS
            .withBlockBytes((int) options.lsm().block().bytes())
            .withCodec(BlockCodecs.idOf(options.compression()))
            .withFalsePositives(rate),
        Math.toIntExact(options.blobThreshold().bytes()),
        compaction(memtable, options.lsm().levelZeroFiles()),
        Math.min(memtable / MANIFEST_SHARE, MANIFEST_BYTES_MAX));
  }

  /// About what a flush and a merge take in memory while they run.
  long workBytes() {
    return 2 * (compaction.targetFileBytes() / WORK_SHARE + WORK_BUFFERS);
  }

  /** Level 1 holds what a few memtables do; 10 MiB of data of the usual size. */
  private static CompactionOptions compaction(long memtableBytes, int levelZeroTrigger) {
    long target = Math.min(memtableBytes, TARGET_BYTES_MAX);
    long base = Math.max(4 * memtableBytes, Math.min(BASE_BYTES_MIN, MULTIPLIER * target));
    return new CompactionOptions(
        levelZeroTrigger, base, MULTIPLIER, target, GRANDPARENTS * target, 2 * base, Duration.ZERO);
  }
}
