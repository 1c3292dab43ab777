package dev.varve.engine.lsm;

import dev.varve.engine.EngineContext;
import dev.varve.engine.WriteThrottle;
import dev.varve.engine.lsm.blob.BlobInfo;
import dev.varve.engine.lsm.blob.BlobOutputs;
import dev.varve.engine.lsm.memtable.Memtable;
import dev.varve.engine.lsm.memtable.MemtableStats;
import dev.varve.engine.lsm.sstable.SstableInfo;
import dev.varve.engine.lsm.sstable.SstableWriter;
import dev.varve.engine.lsm.version.SstableMeta;
import dev.varve.engine.lsm.version.VersionEdit;
import dev.varve.engine.lsm.version.VersionEdit.BlobChange;
import dev.varve.events.FlushEvent;
import dev.varve.fs.NoSpaceException;
import dev.varve.kv.EngineKind;
import dev.varve.kv.LsmStats;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.VarveException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Writes sealed memtables to sstables, oldest first.
///
/// @threads safe
final class LsmFlush {
  private static final Duration RETRY_AFTER = Duration.ofMillis(500);

  private final EngineContext context;
  private final LsmSettings settings;
  private final LsmState state;
  private final LsmFiles files;
  private final LsmCompaction compaction;
  private final WriteThrottle throttle;

  /** One flush at a time: sstables come in the order of their memtables. */
  private final ReentrantLock flushing = new ReentrantLock();

  /** What the background does: nothing, a look at what is sealed, or one with another behind it. */
  private enum Work {
    NONE,
    LOOK,
    LOOK_AGAIN
  }

  private final AtomicReference<Work> work = new AtomicReference<>(Work.NONE);

  /** Why the last flush in the background failed. */
  private volatile @Nullable Exception failure;

  private final LongAdder flushes = new LongAdder();
  private final LongAdder flushedBytes = new LongAdder();
  private final LongAdder flushNanos = new LongAdder();
  private final LongAdder failures = new LongAdder();

  LsmFlush(
      EngineContext context,
      LsmSettings settings,
      LsmState state,
      LsmFiles files,
      LsmCompaction compaction) {
    this.context = context;
    this.settings = settings;
    this.state = state;
    this.files = files;
    this.compaction = compaction;
    this.throttle =
        new WriteThrottle(context, new LsmBacklog(context, settings, state, this, compaction));
  }

  /// What writers wait at.
  WriteThrottle throttle() {
    return throttle;
  }

  /// Has the background write what is sealed, unless the store is being brought back.
  void request() {
    if (context.services().isStarted()
        && work.getAndUpdate(now -> now == Work.NONE ? Work.LOOK : Work.LOOK_AGAIN) == Work.NONE) {
      context.services().submit(this::runInBackground);
    }
  }

  /** Never on two threads at once: those of the background have other things to do. */
  private void runInBackground() {
    do {
      work.set(Work.LOOK);
      try {
        run(Long.MAX_VALUE, ProgressListener.NONE);
      } catch (CancellationException e) {
        // The engine is closed.
        return;
      } catch (IOException | VarveException e) {
        // What was not written is in memory and in the log. It is tried again.
        failure = e;
        failures.increment();
        work.set(Work.NONE);
        context.services().submitAfter(RETRY_AFTER, this::request);
        return;
      }
    } while (!work.compareAndSet(Work.LOOK, Work.NONE));
  }

  /// Writes the sealed memtables whose commits are up to `sequence`, and has the manifest name what
  /// was taken in up to there.
  ///
  /// @throws CancellationException when the listener, or the engine's end, stopped it
  /// @throws IOException when the device refuses; what was not written is in memory still
  void run(long sequence, ProgressListener listener) throws IOException {
    flushing.lock();
    try {
      while (step(sequence, listener)) {
        // Not once nothing is left: where writers are ahead, something always is.
        compaction.wake();
        context.services().flushed();
      }
      failure = null;
    } finally {
      flushing.unlock();
    }
    compaction.wake();
  }

  /** Has the manifest name what is oldest; answers whether there was anything. */
  private boolean step(long sequence, ProgressListener listener) throws IOException {
    Ingested ingested = state.nextIngested();
    if (ingested != null) {
      if (ingested.sequence() > sequence) {
        return false;
      }
      install(ingested);
      return true;
    }
    Memtable memtable = state.oldestSealed();
    if (memtable == null || memtable.stats().largestSequence() > sequence) {
      return false;
    }
    flush(memtable, listener);
    return true;
  }

  /** All that is older than these files is in the version, and all that is newer in memory. */
  private void install(Ingested ingested) throws IOException {
    context.services().syncLog(ingested.sequence());
    compaction.place(
        ingested.metas(),
        level ->
            files.install(
                VersionEdit.ingest(ingested.metas(), level, ingested.sequence()),
                List.of(),
                List.of(ingested)));
  }

  private void flush(Memtable memtable, ProgressListener listener) throws IOException {
    FlushEvent event = new FlushEvent();
    event.begin();
    event.keyspace = context.name();
    event.engine = EngineKind.LSM.name();
    try {
      write(memtable, listener, event);
      event.succeeded = true;
    } finally {
      event.commit();
    }
  }

  private void write(Memtable memtable, ProgressListener listener, FlushEvent event)
      throws IOException {
    long begun = context.clock().nanos();
    long bytes = memtable.memoryBytes();
    MemtableStats had = memtable.stats();
    long through = had.largestSequence();
    event.entries = had.entries();
    List<BlobInfo> blobs = new ArrayList<>();
    @Nullable SstableInfo info = null;
    try {
      context.services().beginLogSync(through);
      info = write(memtable, blobs, listener);
      // What the files hold must not be what the log could lose.
      context.services().syncLog(through);
      List<SstableMeta> made = info == null ? List.of() : List.of(SstableMeta.of(info));
      List<BlobChange> changes = new ArrayList<>();
      for (BlobInfo blob : blobs) {
        changes.add(new BlobChange.Comes(blob.number(), blob.size(), blob.recordBytes()));
        event.bytes += blob.size();
      }
      files.install(
          VersionEdit.flush(made, through).withBlobs(changes), List.of(memtable), List.of());
      throttle.flushed(bytes, context.clock().nanos() - begun);
    } catch (NoSpaceException | CancellationException | VarveException e) {
      // It was not installed, and the next attempt writes another file.
      if (info != null) {
        files.discard(info.number());
      }
      blobs.forEach(blob -> files.discard(blob.number()));
      throw e;
    }
    event.bytes += info == null ? 0 : info.size();
    flushes.increment();
    flushedBytes.add(event.bytes);
    flushNanos.add(context.clock().nanos() - begun);
  }

  /** Writes a memtable to files, the blob files first; null when there is nothing to be kept. */
  private @Nullable SstableInfo write(
      Memtable memtable, List<BlobInfo> blobs, ProgressListener listener) throws IOException {
    try (SstableWriter writer = files.newSstable();
        BlobOutputs outputs = new BlobOutputs(files::newBlob, blobs, BlobOutputs.FILE_BYTES_MAX)) {
      new FlushWriter(context, settings.blobThreshold(), state::isClosed, listener)
          .write(memtable, writer, outputs);
      outputs.finish();
      return writer.count() == 0 ? null : writer.finish();
    } catch (Throwable failure) {
      blobs.forEach(blob -> files.discard(blob.number()));
      blobs.clear();
      throw failure;
    }
  }

  /// What was flushed so far.
  LsmStats.Flushes stats() {
    return new LsmStats.Flushes(
        flushes.sum(),
        flushedBytes.sum(),
        flushNanos.sum(),
        failures.sum(),
        LsmFigures.message(failure));
  }

  /// Why the last flush in the background failed, or null.
  @Nullable Exception failure() {
    return failure;
  }
}
