package dev.varve.engine.btree;

import dev.varve.engine.EngineContext;
import dev.varve.engine.btree.FlushEpochs.Sealed;
import dev.varve.engine.btree.heap.Heap;
import dev.varve.events.FlushEvent;
import dev.varve.fs.NoSpaceException;
import dev.varve.kv.BtreeStats;
import dev.varve.kv.EngineKind;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.StoreFailedException;
import dev.varve.kv.VarveException;
import java.io.IOException;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Decides when epochs end, and has them written.
///
/// @threads safe
final class BtreeFlush {
  private static final Duration RETRY_AFTER = Duration.ofMillis(500);

  private final EngineContext context;
  private final BtreeSettings settings;
  private final Heap heap;
  private final LeafCache cache;
  private final LargeValueTable table;
  private final FlushEpochs epochs;
  private final TreeWriter writer;

  /** One flush at a time. */
  private final ReentrantLock flushing = new ReentrantLock();

  private final AtomicBoolean requested = new AtomicBoolean();
  private final AtomicBoolean waiting = new AtomicBoolean();
  private final AtomicLong writtenBytes = new AtomicLong();
  private final FlushTally tally = new FlushTally();
  private volatile long begunNanos;
  private volatile long flushedThrough;
  private volatile boolean closed;
  private volatile @Nullable Exception failure;

  /** What is to be done once the engine is closed and no flush is under way. */
  private final Queue<Runnable> releases = new ConcurrentLinkedQueue<>();

  BtreeFlush(
      EngineContext context,
      BtreeSettings settings,
      Heap heap,
      LeafCache cache,
      LargeValueTable table,
      FlushEpochs epochs,
      TreeWriter writer) {
    this.context = context;
    this.settings = settings;
    this.heap = heap;
    this.cache = cache;
    this.table = table;
    this.epochs = epochs;
    this.writer = writer;
    this.flushedThrough = heap.cut();
    this.begunNanos = context.clock().nanos();
  }

  /// The heap holds every commit up to this number.
  long flushedThrough() {
    return flushedThrough;
  }

  /// Is told that a commit of so many bytes was applied. The writer's.
  void wrote(long bytes) {
    writtenBytes.lazySet(writtenBytes.getPlain() + bytes);
    if (epochs.openBytes() >= settings.dirtyBytesMax() / 2) {
      request();
    } else if (!waiting.get() && context.services().isStarted()) {
      await();
    }
  }

  private void await() {
    if (waiting.compareAndSet(false, true)) {
      context.services().submitAfter(Duration.ofNanos(FlushPace.NANOS_MIN), this::look);
    }
  }

  /** Flushes when it is time to, or looks again later. */
  private void look() {
    long elapsed = context.clock().nanos() - begunNanos;
    long due =
        FlushPace.nanos(
            writtenBytes.get(),
            epochs.openBytes(),
            elapsed,
            settings.dirtyBytesMax(),
            settings.logBytesMax());
    waiting.set(false);
    if (elapsed >= due) {
      request();
    } else if (writtenBytes.get() > 0 && !closed && waiting.compareAndSet(false, true)) {
      context
          .services()
          .submitAfter(Duration.ofNanos(Math.max(FlushPace.NANOS_MIN, due - elapsed)), this::look);
    }
  }

  /// Has the background flush soon, unless the store is being brought back.
  void request() {
    if (context.services().isStarted() && !closed && requested.compareAndSet(false, true)) {
      context.services().submit(this::runInBackground);
    }
  }

  private void runInBackground() {
    try {
      if (!run(0, ProgressListener.NONE) && !closed) {
        await();
      }
    } catch (CancellationException e) {
      // The engine is closed.
      return;
    } catch (IOException | VarveException e) {
      // What was not written is in memory and in the log. It is tried again, unless the store
      // failed.
      if (!closed && !(e instanceof StoreFailedException)) {
        context.services().submitAfter(RETRY_AFTER, this::request);
      }
    } finally {
      requested.set(false);
    }
  }

  /// Flushes what there is, until the heap holds every commit up to `sequence`. Answers false, and
  /// does nothing, where this thread is applying a commit.
  ///
  /// @throws NoSpaceException when the device is full; nothing is lost
  /// @throws CancellationException when the listener, or the engine's end, stopped it
  /// @throws IOException when the device refuses; the store has failed then
  boolean run(long sequence, ProgressListener listener) throws IOException {
    flushing.lock();
    try {
      do {
        if (!step(listener)) {
          return false;
        }
      } while (flushedThrough < sequence);
      failure = null;
      return true;
    } catch (IOException | VarveException e) {
      failure = e;
      throw e;
    } finally {
      flushing.unlock();
      release();
    }
  }

  private boolean step(ProgressListener listener) throws IOException {
    if (closed) {
      throw new CancellationException("the keyspace is closed");
    }
    Sealed sealed = epochs.sealed();
    if (sealed == null) {
      if (!context.services().betweenCommits(this::seal)) {
        return false;
      }
      sealed = epochs.sealed();
    }
    if (sealed != null) {
      flush(sealed, listener);
      flushedThrough = sealed.cut();
      context.services().flushed();
    }
    return true;
  }

  private void seal() {
    writer.sweep();
    begunNanos = context.clock().nanos();
    writtenBytes.set(0);
    long cut = context.visibility().visibleThrough();
    if (epochs.isClean()) {
      flushedThrough = cut;
    } else {
      Sealed _ = epochs.seal(cut, writer.totals());
    }
  }

  private void flush(Sealed sealed, ProgressListener listener) throws IOException {
    FlushEvent event = new FlushEvent();
    event.begin();
    event.keyspace = context.name();
    event.engine = EngineKind.BTREE.name();
    FlushPhases phases = new FlushPhases(context.clock());
    try {
      new EpochFlush(context, settings, heap, cache, table, sealed).run(listener, phases);
      epochs.flushed();
      tally.flushed(sealed, phases);
      event.succeeded = true;
    } catch (NoSpaceException | VarveException | CancellationException e) {
      tally.failed();
      throw e;
    } catch (IOException | RuntimeException e) {
      tally.failed();
      if (closed) {
        throw new CancellationException("the keyspace is closed");
      }
      context.services().fail(e);
      throw e;
    } finally {
      event.commit();
    }
  }

  /// Runs `work` while no flush is under way; not when one is. Does not wait: whoever calls may
  /// keep others from committing, for which a flush waits.
  void ifStill(Runnable work) {
    if (!flushing.tryLock()) {
      return;
    }
    try {
      work.run();
    } finally {
      flushing.unlock();
    }
  }

  /// Why the last flush failed, or null.
  @Nullable Exception failure() {
    return failure;
  }

  /// What flushes did so far.
  BtreeStats.Flushes stats() {
    Exception why = failure;
    return tally.stats(why == null ? null : String.valueOf(why.getMessage()));
  }

  /// Whether the engine is stopped or closed.
  boolean isClosed() {
    return closed;
  }

  /// Has none begin any more, and waits for the one that is under way.
  void stop() {
    closed = true;
    flushing.lock();
    try {
      assert closed;
    } finally {
      flushing.unlock();
    }
  }

  /// Has none begin any more, and runs `release` once none is under way: now, or on the thread of
  /// the one that is. Does not wait: whoever drops a keyspace keeps others from committing.
  void close(Runnable release) {
    closed = true;
    releases.add(release);
    release();
  }

  private void release() {
    while (!releases.isEmpty() && flushing.tryLock()) {
      try {
        for (Runnable next = releases.poll(); next != null; next = releases.poll()) {
          next.run();
        }
      } finally {
        flushing.unlock();
      }
    }
  }
}
