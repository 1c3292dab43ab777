package dev.varve.engine.lsm;

import dev.varve.base.Background;
import dev.varve.base.Clock;
import dev.varve.engine.EngineContext;
import dev.varve.engine.lsm.compaction.CompactionEnvironment;
import dev.varve.engine.lsm.compaction.CompactionFailure;
import dev.varve.engine.lsm.compaction.CompactionLimits;
import dev.varve.engine.lsm.compaction.CompactionOptions;
import dev.varve.engine.lsm.compaction.CompactionScheduler;
import dev.varve.engine.lsm.sstable.SstableReader;
import dev.varve.engine.lsm.sstable.SstableWriter;
import dev.varve.engine.lsm.version.SstableMeta;
import dev.varve.engine.lsm.version.VersionEdit;
import dev.varve.engine.lsm.version.VersionEdit.BlobChange;
import dev.varve.engine.lsm.version.VersionSet;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.KeyRange;
import dev.varve.kv.ProgressListener;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The compaction of one engine, and what it is given of it.
///
/// @threads safe
final class LsmCompaction implements CompactionEnvironment {
  private static final int LEVEL_ZERO_TRIGGER = 4;
  private static final int MULTIPLIER = 10;
  private static final long TARGET_BYTES_MAX = 16 << 20;
  private static final long BASE_BYTES_MIN = 10 << 20;
  private static final int GRANDPARENTS = 10;

  private final EngineContext context;
  private final LsmState state;
  private final LsmFiles files;
  private final CompactionScheduler scheduler;
  private final long targetFileBytes;
  private volatile @Nullable Throwable failure;

  LsmCompaction(EngineContext context, LsmSettings settings, LsmState state, LsmFiles files) {
    this.context = context;
    this.state = state;
    this.files = files;
    CompactionOptions options = options(settings.memtableBytes());
    this.targetFileBytes = options.targetFileBytes();
    this.scheduler = new CompactionScheduler(this, options, CompactionLimits.DEFAULTS);
  }

  /** Level 1 holds what a few memtables do; 10 MiB of data of the usual size. */
  private static CompactionOptions options(long memtableBytes) {
    long target = Math.min(memtableBytes, TARGET_BYTES_MAX);
    long base = Math.max(4 * memtableBytes, Math.min(BASE_BYTES_MIN, MULTIPLIER * target));
    return new CompactionOptions(
        LEVEL_ZERO_TRIGGER,
        base,
        MULTIPLIER,
        target,
        GRANDPARENTS * target,
        2 * base,
        Duration.ZERO);
  }

  /// Begins what is due.
  void wake() {
    if (context.services().isStarted() && !state.isClosed()) {
      scheduler.wake();
    }
  }

  /// As [dev.varve.engine.Engine#compact].
  void compact(KeyRange range, ProgressListener listener) throws IOException {
    scheduler.compact(range.from(), range.to(), listener);
  }

  /// As [CompactionScheduler#place].
  void place(List<SstableMeta> ingested, CompactionScheduler.Placing placing) throws IOException {
    scheduler.place(ingested, placing);
  }

  /// The length at which files are cut.
  long targetFileBytes() {
    return targetFileBytes;
  }

  /// Ends it, once what runs has ended.
  void close() {
    scheduler.close();
  }

  /// Why the last job that failed did, or null.
  @Nullable Throwable failure() {
    return failure;
  }

  @Override
  public VersionSet versions() {
    return files.versions();
  }

  @Override
  public void install(VersionEdit edit) throws IOException {
    files.install(edit, List.of(), List.of());
  }

  @Override
  public SstableReader open(SstableMeta sstable) throws IOException {
    return files.open(sstable);
  }

  @Override
  public SstableWriter create(long number) throws IOException {
    return files.newSstable(number);
  }

  @Override
  public void remove(long number) {
    files.discard(number);
  }

  @Override
  public long[] visible() {
    return context.visibility().readable();
  }

  @Override
  public BlobChange.Dies dies(byte[] value, int offset, int length) {
    throw new CorruptionException(
        context.directory(), 0, "an entry without a blob file", "one that refers to one");
  }

  @Override
  public Clock clock() {
    return context.clock();
  }

  @Override
  public Background background() {
    return context.services().longWork();
  }

  @Override
  public void failed(CompactionFailure failed) {
    // The inputs stay, and so does what can be read. The next check of the store names the file.
    failure = failed.cause();
  }
}
