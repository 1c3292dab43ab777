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
  /** With so many sealed memtables waiting writers wait a little, with twice as many in earnest. */
  private static final int SEALED_SLOW = 2;

  private static final int SEALED_FULL = 4;

  /** So many files at level 0 slow writers down likewise. */
  private static final int LEVEL_ZERO_SLOW = 12;

  private static final int LEVEL_ZERO_FULL = 24;

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
      List<SstableMeta> made = info == null ? List.of() : List.of(SstableMeta.of(info));
      files.install(VersionEdit.flush(made, through), List.of(memtable));
    } catch (NoSpaceException | CancellationException e) {
      if (info != null) {
        files.discard(info.number());
      }
      throw e;
    }
  }

  private boolean isTight() {
    return !context.budget().fitsAsIs(context.budget().bytesMax() >> TIGHT_SHIFT);
  }

  /// As [dev.varve.engine.Engine#awaitRoom].
  void awaitRoom() {
    ReadState seen = state.now();
    int sealed = seen.sealed().size();
    boolean files = seen.files().level(0).length >= LEVEL_ZERO_SLOW;
    if (!files && (sealed == 0 || (sealed < SEALED_SLOW && !isTight()))) {
      return;
    }
    if (!context.services().isStarted()) {
      return;
    }
    if (sealed > 0) {
      request();
    }
    if (!isFull()) {
      LockSupport.parkNanos(this, SLOW_NANOS);
      return;
    }
    long nap = SLOW_NANOS;
    for (long waited = 0; isFull() && waited < WAIT_NANOS_MAX; waited += nap) {
      Exception why = failure;
      if (why != null) {
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
        || seen.files().level(0).length >= LEVEL_ZERO_FULL;
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
