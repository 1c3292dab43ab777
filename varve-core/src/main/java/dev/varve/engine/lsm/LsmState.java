package dev.varve.engine.lsm;

import dev.varve.base.ReaderEpochs;
import dev.varve.cache.MemoryBudget;
import dev.varve.engine.EngineServices;
import dev.varve.engine.lsm.blob.BlobReader;
import dev.varve.engine.lsm.memtable.Memtable;
import dev.varve.engine.lsm.sstable.SstableReader;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// The [ReadState] of an engine, and the files of earlier ones until nobody can be looking at them.
///
/// @threads safe; [#seal]: while nobody applies
final class LsmState {
  private static final Duration LOOK_AGAIN = Duration.ofMillis(50);
  private static final long NAP_NANOS = 20_000;

  /** Files that were replaced while the epoch was this. */
  private record Retired(FileSet files, long epoch) {}

  private final MemoryBudget budget;
  private final ReaderEpochs epochs;
  private final EngineServices services;

  /** Guards the replacing of the state, and what was retired. Held for moments. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Deque<Retired> retired = new ArrayDeque<>();
  private final AtomicBoolean looking = new AtomicBoolean();
  private long memtables = 1;
  private volatile ReadState state;
  private volatile boolean closed;

  LsmState(MemoryBudget budget, ReaderEpochs epochs, EngineServices services) {
    this.budget = budget;
    this.epochs = epochs;
    this.services = services;
    this.state = new ReadState(new Memtable(0, budget), List.of(), FileSet.empty());
  }

  /// The state now. Its files are safe within a look.
  ReadState now() {
    return state;
  }

  boolean isClosed() {
    return closed;
  }

  /// Seals the active memtable, unless it is empty.
  void seal() {
    lock.lock();
    try {
      Memtable active = state.active();
      if (!closed && !active.isEmpty()) {
        active.seal();
        state = state.withSealed(new Memtable(memtables++, budget));
      }
    } finally {
      lock.unlock();
    }
  }

  /// An open sstable with a reference for the caller, or null.
  @Nullable SstableReader find(long number) {
    int token = epochs.enter();
    try {
      return state.files().acquire(number);
    } finally {
      epochs.exit(token);
    }
  }

  /// An open blob file with a reference for the caller, or null.
  @Nullable BlobReader findBlob(long number) {
    int token = epochs.enter();
    try {
      return state.files().acquireBlob(number);
    } finally {
      epochs.exit(token);
    }
  }

  /// The files now, with a holder more; the caller releases them.
  FileSet hold() {
    int token = epochs.enter();
    try {
      FileSet files = state.files();
      files.hold();
      return files;
    } finally {
      epochs.exit(token);
    }
  }

  /// The sealed memtable that is to be written first, or null.
  @Nullable Memtable oldestSealed() {
    List<Memtable> sealed = state.sealed();
    return sealed.isEmpty() ? null : sealed.getLast();
  }

  /// Replaces the files; `flushed` are in them from now on. Answers false, and leaves `files` to
  /// the caller, when the engine is closed.
  boolean replace(FileSet files, List<Memtable> flushed) {
    lock.lock();
    try {
      if (closed) {
        return false;
      }
      FileSet old = state.files();
      state = state.with(files, flushed);
      retired.add(new Retired(old, epochs.epoch()));
      // A reader that is late has the memory still; the budget is told that the engine has not.
      flushed.forEach(Memtable::close);
    } finally {
      lock.unlock();
    }
    release();
    return true;
  }

  /** Lets go of retired files that no reader can be looking at; looks again later for others. */
  private void release() {
    while (true) {
      Retired ready;
      lock.lock();
      try {
        ready = retired.peek();
        if (ready == null) {
          return;
        }
        while (epochs.epoch() < ready.epoch + 2 && epochs.tryAdvance()) {
          // The epoch moved.
        }
        if (epochs.epoch() < ready.epoch + 2) {
          break;
        }
        retired.remove();
      } finally {
        lock.unlock();
      }
      close(ready.files);
    }
    if (!closed && looking.compareAndSet(false, true)) {
      services.submitAfter(
          LOOK_AGAIN,
          () -> {
            looking.set(false);
            release();
          });
    }
  }

  private void close(FileSet files) {
    try {
      files.release();
    } catch (IOException _) {
      // The files were only read: nothing is lost that could be told to anybody.
      return;
    }
  }

  /// Ends it: readers find nothing from now on, and those that are looking have left when the call
  /// returns. Cursors keep their files.
  void close() {
    lock.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      ReadState last = state;
      Memtable none = new Memtable(-1, new MemoryBudget(Long.MAX_VALUE));
      state = new ReadState(none, List.of(), FileSet.empty());
      last.memtables().forEach(Memtable::close);
      retired.add(new Retired(last.files(), epochs.epoch()));
    } finally {
      lock.unlock();
    }
    release();
    while (hasRetired()) {
      LockSupport.parkNanos(this, NAP_NANOS);
      release();
    }
  }

  private boolean hasRetired() {
    lock.lock();
    try {
      return !retired.isEmpty();
    } finally {
      lock.unlock();
    }
  }
}
