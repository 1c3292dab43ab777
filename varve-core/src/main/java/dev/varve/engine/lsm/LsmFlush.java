package dev.varve.engine.lsm;

import dev.varve.engine.EngineContext;
import dev.varve.engine.lsm.memtable.Memtable;
import dev.varve.engine.lsm.sstable.SstableInfo;
import dev.varve.engine.lsm.sstable.SstableWriter;
import dev.varve.engine.lsm.version.SstableMeta;
import dev.varve.engine.lsm.version.VersionEdit;
import dev.varve.fs.NoSpaceException;
import dev.varve.kv.DiskFullException;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.StoreIoException;
import dev.varve.kv.VarveException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Writes sealed memtables to sstables, oldest first, and slows writers down when they are faster.
///
/// @threads safe
final class LsmFlush {
  /** From so many sealed memtables on writers are slowed down, the more the nearer to the stop. */
  private static final int SEALED_SLOW = 2;

  /** With so many they wait until one is written. */
  private static final int SEALED_STOP = 4;

  /** So many files at level 0 slow writers down and stop them likewise. */
  private static final int LEVEL_ZERO_SLOW = 12;

  private static final int LEVEL_ZERO_STOP = 24;

  /** A store with less than this part of its memory left waits for what is being written. */
  private static final int TIGHT_SHIFT = 4;

  private static final long NAP_NANOS = 1_000_000;
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
  private final WritePace pace;

  /** Why the last flush in the background failed. */
  private volatile @Nullable Exception failure;

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
    this.pace = new WritePace(context.clock().nanos());
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
    long through = memtable.stats().largestSequence();
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
  }

  /** Whether there is no memory left, but for what a cache would give back. */
  private boolean isTight() {
    return !context.budget().fits(context.budget().bytesMax() >> TIGHT_SHIFT);
  }

  /** How far behind the background is: from 0 on writers are slowed down, at 1 they stop. */
  private double pressure() {
    ReadState seen = state.now();
    int sealed = seen.sealed().size();
    double memtables = 0;
    if (sealed >= SEALED_SLOW) {
      double filled = (double) seen.active().memoryBytes() / settings.memtableBytes();
      memtables =
          (sealed - SEALED_SLOW + Math.min(filled, 1)) / (double) (SEALED_STOP - SEALED_SLOW);
    }
    double levelZero =
        (double) (seen.files().level(0).length - LEVEL_ZERO_SLOW)
            / (LEVEL_ZERO_STOP - LEVEL_ZERO_SLOW);
    return sealed > 0 && isTight() ? 1 : Math.max(memtables, levelZero);
  }

  /// As [dev.varve.engine.Engine#awaitRoom].
  void awaitRoom() {
    double pressure = pressure();
    if (pressure <= 0 || !context.services().isStarted()) {
      return;
    }
    if (!state.now().sealed().isEmpty()) {
      request();
    }
    if (pressure < 1) {
      long rest = pace.rest(context.clock().nanos(), pressure);
      if (rest > 0) {
        LockSupport.parkNanos(this, rest);
      }
      return;
    }
    awaitFlush();
  }

  private void awaitFlush() {
    long begun = context.clock().nanos();
    long nap = NAP_NANOS;
    // A busy machine wakes a thread late, so the clock counts; a clock that stands still does not.
    for (long waited = 0;
        pressure() >= 1 && Math.max(waited, context.clock().nanos() - begun) < WAIT_NANOS_MAX;
        waited += nap) {
      Exception why = failure;
      if (why != null) {
        throw refused(why);
      }
      nap = Math.min(2 * nap, NAP_MAX_NANOS);
      LockSupport.parkNanos(this, nap);
    }
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
