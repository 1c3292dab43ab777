package dev.varve.engine.lsm;

import dev.varve.base.Background;
import dev.varve.base.Clock;
import dev.varve.engine.EngineContext;
import dev.varve.engine.lsm.blob.BlobReader;
import dev.varve.engine.lsm.blob.BlobReference;
import dev.varve.engine.lsm.blob.BlobWriter;
import dev.varve.engine.lsm.compaction.CompactionEnvironment;
import dev.varve.engine.lsm.compaction.CompactionFailure;
import dev.varve.engine.lsm.compaction.CompactionScheduler;
import dev.varve.engine.lsm.compaction.CompactionStats;
import dev.varve.engine.lsm.sstable.SstableReader;
import dev.varve.engine.lsm.sstable.SstableWriter;
import dev.varve.engine.lsm.version.SstableMeta;
import dev.varve.engine.lsm.version.VersionEdit;
import dev.varve.engine.lsm.version.VersionEdit.BlobChange;
import dev.varve.engine.lsm.version.VersionSet;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.KeyRange;
import dev.varve.kv.LsmStats;
import dev.varve.kv.ProgressListener;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The compaction of one engine, and what it is given of it.
///
/// @threads safe
final class LsmCompaction implements CompactionEnvironment {
  private final EngineContext context;
  private final LsmState state;
  private final LsmFiles files;
  private final CompactionScheduler scheduler;
  private final BlobCollector collector;
  private final long targetFileBytes;
  private volatile @Nullable Throwable failure;

  LsmCompaction(EngineContext context, LsmSettings settings, LsmState state, LsmFiles files) {
    this.context = context;
    this.state = state;
    this.files = files;
    this.targetFileBytes = settings.compaction().targetFileBytes();
    this.scheduler = new CompactionScheduler(this, settings.compaction(), settings.limits());
    this.collector = new BlobCollector(context, state, this::wake);
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
    // What it dropped was perhaps the greater part of blob files whose values it had passed by
    // then.
    scheduler.rewrite(collector.search(true), listener);
  }

  /// Has what runs end soon and begins nothing any more. It does not wait.
  void cancel() {
    scheduler.cancel();
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
    collector.close();
    scheduler.close();
  }

  /// What was done so far, level by level.
  CompactionStats byLevel() {
    return scheduler.stats();
  }

  /// Why the last job that failed did, or null.
  @Nullable Throwable failure() {
    return failure;
  }

  /// Whether one is under way.
  boolean isRunning() {
    return scheduler.stats().running() > 0;
  }

  /// What was done so far.
  LsmStats.Compactions stats() {
    return LsmFigures.compactions(scheduler.stats(), failure);
  }

  @Override
  public String keyspace() {
    return context.name();
  }

  @Override
  public VersionSet versions() {
    return files.versions();
  }

  @Override
  public void install(VersionEdit edit) throws IOException {
    files.install(edit, List.of(), List.of());
    // What died in blob files did so in this edit.
    collector.request();
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
  public BlobReader openBlob(long number) throws IOException {
    return files.openBlob(number);
  }

  @Override
  public BlobWriter createBlob(long number) throws IOException {
    return files.newBlob(number);
  }

  @Override
  public Set<Long> rewrites() {
    return collector.wanted();
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
    BlobReference reference = BlobReference.decode(value, offset, length);
    if (reference == null) {
      throw new CorruptionException(
          context.directory(), 0, "a reference into a blob file", length + " bytes that are none");
    }
    return new BlobChange.Dies(reference.file(), reference.recordBytes());
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
