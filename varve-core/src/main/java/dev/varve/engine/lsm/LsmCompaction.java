package dev.varve.engine.lsm;

import dev.varve.base.Background;
import dev.varve.base.Clock;
import dev.varve.engine.EngineContext;
import dev.varve.engine.lsm.compaction.CompactionEnvironment;
import dev.varve.engine.lsm.compaction.CompactionFailure;
import dev.varve.engine.lsm.compaction.CompactionLimits;
import dev.varve.engine.lsm.compaction.CompactionScheduler;
import dev.varve.engine.lsm.compaction.CompactionStats;
import dev.varve.engine.lsm.sstable.SstableReader;
import dev.varve.engine.lsm.sstable.SstableWriter;
import dev.varve.engine.lsm.version.VersionEdit;
import dev.varve.engine.lsm.version.VersionEdit.BlobChange;
import dev.varve.engine.lsm.version.VersionSet;
import dev.varve.kv.CorruptionException;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The compaction of one engine, and what it is given of it.
///
/// @threads safe
final class LsmCompaction implements CompactionEnvironment {
  private final EngineContext context;
  private final LsmState state;
  private final LsmFiles files;
  private final CompactionScheduler scheduler;
  private volatile @Nullable Throwable failure;

  LsmCompaction(EngineContext context, LsmSettings settings, LsmState state, LsmFiles files) {
    this.context = context;
    this.state = state;
    this.files = files;
    this.scheduler =
        new CompactionScheduler(this, settings.compaction(), CompactionLimits.DEFAULTS);
  }

  /// Begins what is due.
  void wake() {
    if (context.services().isStarted() && !state.isClosed()) {
      scheduler.wake();
    }
  }

  /// Has what runs end soon and begins nothing any more. It does not wait.
  void cancel() {
    scheduler.cancel();
  }

  /// Ends it, once what runs has ended.
  void close() {
    scheduler.close();
  }

  /// What was done so far.
  CompactionStats stats() {
    return scheduler.stats();
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
    files.install(edit, List.of());
  }

  @Override
  public SstableReader open(long number) throws IOException {
    return files.open(number);
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
    if (failed.isFinal()) {
      context.services().fail(failed.cause());
    }
  }
}
