package dev.varve.engine.lsm;

import dev.varve.engine.EngineContext;
import dev.varve.engine.lsm.memtable.Memtable;
import dev.varve.engine.lsm.memtable.MemtableStats;
import dev.varve.engine.lsm.sstable.SstableInfo;
import dev.varve.engine.lsm.sstable.SstableWriter;
import dev.varve.engine.lsm.version.SstableMeta;
import dev.varve.engine.lsm.version.VersionEdit;
import dev.varve.events.FlushEvent;
import dev.varve.events.StallEvent;
import dev.varve.fs.NoSpaceException;
import dev.varve.kv.DiskFullException;
import dev.varve.kv.EngineKind;
import dev.varve.kv.LsmStats;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.StoreIoException;
import dev.varve.kv.VarveException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Writes sealed memtables to sstables, oldest first, and slows writers down when they are faster.
///
/// @threads safe
final class LsmFlush {
  /** With so many sealed memtables waiting writers wait a little, with twice as many in earnest. */
  private static final int SEALED_SLOW = 2;

  private static final int SEALED_FULL = 4;

  /** A store with less than this part of its memory left waits for what is being written. */
  private static final int TIGHT_SHIFT = 4;

  private static final long SLOW_NANOS = 1_000_000;
  private static final long NAP_MAX_NANOS = 32_000_000;
  private static final long WAIT_NANOS_MAX = 900_000_000;
  private static final Duration RETRY_AFTER = Duration.ofMillis(500);

  private final EngineContext context;
  private final LsmSettings settings;
  private final LsmState state;
  private final LsmFiles files;
  private final LsmCompaction compaction;

  /** One flush at a time: sstables come in the order of their memtables. */
  private final ReentrantLock flushing = new ReentrantLock();

  private final AtomicBoolean asked = new AtomicBoolean();

  /** Why the last flush in the background failed. */
  private volatile @Nullable Exception failure;

  private final LongAdder flushes = new LongAdder();
  private final LongAdder flushedBytes = new LongAdder();
  private final LongAdder flushNanos = new LongAdder();
  private final LongAdder failures = new LongAdder();
  private final StallCounters stalls = new StallCounters();

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
  }

  /// Has the background write what is sealed, unless the store is being brought back.
  void request() {
    if (context.services().isStarted() && asked.compareAndSet(false, true)) {
      context.services().submit(this::runInBackground);
    }
  }

  private void runInBackground() {
    asked.set(false);
    try {
      run(Long.MAX_VALUE, ProgressListener.NONE);
      failure = null;
    } catch (CancellationException e) {
      // The engine is closed.
      return;
    } catch (IOException | VarveException e) {
      // What was not written is in memory and in the log. It is tried again.
      failure = e;
      failures.increment();
      context.services().submitAfter(RETRY_AFTER, this::request);
    }
  }

  /// Writes the sealed memtables whose commits are up to `sequence`.
  ///
  /// @throws CancellationException when the listener, or the engine's end, stopped it
  /// @throws IOException when the device refuses; what was not written is in memory still
  void run(long sequence, ProgressListener listener) throws IOException {
    flushing.lock();
    try {
      for (Memtable next = state.oldestSealed();
          next != null && next.stats().largestSequence() <= sequence;
          next = state.oldestSealed()) {
        flush(next, listener);
      }
    } finally {
      flushing.unlock();
    }
    compaction.wake();
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
    MemtableStats had = memtable.stats();
    long through = had.largestSequence();
    event.entries = had.entries();
    SstableInfo info;
    try (SstableWriter writer = files.newSstable()) {
      new FlushWriter(context, state::isClosed, listener).write(memtable, writer);
      info = writer.count() == 0 ? null : writer.finish();
    }
    try {
      // What the file holds must not be what the log could lose.
      context.services().syncLog();
      List<SstableMeta> made =
          info == null ? List.of() : List.of(LsmFiles.metaOf(info, context.clock().wallMillis()));
      files.install(VersionEdit.flush(made, through), List.of(memtable));
    } catch (NoSpaceException | CancellationException e) {
      if (info != null) {
        files.discard(info.number());
      }
      throw e;
    }
    event.bytes = info == null ? 0 : info.size();
    flushes.increment();
    flushedBytes.add(event.bytes);
    flushNanos.add(context.clock().nanos() - begun);
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

  /// How writers were held up so far.
  LsmStats.Stalls stalls() {
    return stalls.stats();
  }

  private boolean isTight() {
    return !context.budget().fitsAsIs(context.budget().bytesMax() >> TIGHT_SHIFT);
  }

  /// As [dev.varve.engine.Engine#awaitRoom].
  void awaitRoom() {
    ReadState seen = state.now();
    int sealed = seen.sealed().size();
    boolean files = seen.files().level(0).length >= settings.levelZeroSlow();
    if (!files && (sealed == 0 || (sealed < SEALED_SLOW && !isTight()))) {
      return;
    }
    if (!context.services().isStarted()) {
      return;
    }
    if (sealed > 0) {
      request();
    }
    boolean full = isFull();
    long begun = context.clock().nanos();
    StallEvent event = new StallEvent();
    event.begin();
    try {
      if (full) {
        awaitNotFull();
      } else {
        LockSupport.parkNanos(this, SLOW_NANOS);
      }
    } finally {
      stalls.held(full, context.clock().nanos() - begun);
      if (event.shouldCommit()) {
        event.keyspace = context.name();
        event.stopped = full;
        event.sealedMemtables = sealed;
        event.levelZeroFiles = seen.files().level(0).length;
        event.commit();
      }
    }
  }

  private void awaitNotFull() {
    long nap = SLOW_NANOS;
    for (long waited = 0; isFull() && waited < WAIT_NANOS_MAX; waited += nap) {
      Exception why = failure;
      if (why != null) {
        stalls.refused();
        throw refused(why);
      }
      nap = Math.min(2 * nap, NAP_MAX_NANOS);
      LockSupport.parkNanos(this, nap);
    }
  }

  private boolean isFull() {
    ReadState seen = state.now();
    int sealed = seen.sealed().size();
    return sealed >= SEALED_FULL
        || (sealed > 0 && isTight())
        || seen.files().level(0).length >= 2 * settings.levelZeroSlow();
  }

  private VarveException refused(Exception why) {
    String what =
        "keyspace '"
            + context.name()
            + "' holds "
            + state.now().sealed().size()
            + " memtables of "
            + settings.memtableBytes()
            + " bytes that cannot be written: the write was refused, reads and deletes go on";
    return why instanceof NoSpaceException full
        ? new DiskFullException(what + ". Make space; writing resumes by itself", full)
        : new StoreIoException(what, why instanceof IOException io ? io : new IOException(why));
  }
}
