package dev.varve.engine.lsm;

import dev.varve.base.ReaderEpochs;
import dev.varve.cache.MemoryBudget;
import dev.varve.engine.EngineServices;
import dev.varve.engine.lsm.blob.BlobReader;
import dev.varve.engine.lsm.memtable.Memtable;
import dev.varve.engine.lsm.sstable.SstableReader;
import dev.varve.engine.lsm.version.SstableMeta;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
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
    this.state = new ReadState(new Memtable(0, budget), List.of(), List.of(), FileSet.empty());
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

  /// The same; adds the sstables of its version to `all`, and those that were taken in and that the
  /// version does not have yet.
  FileSet hold(List<SstableMeta> all) {
    int token = epochs.enter();
    try {
      ReadState seen = state;
      seen.files().hold();
      all.addAll(seen.files().version().all());
      seen.ingested().forEach(ingested -> all.addAll(ingested.metas()));
      return seen.files();
    } finally {
      epochs.exit(token);
    }
  }

  /// The sealed memtable that is to be written first, or null.
  @Nullable Memtable oldestSealed() {
    List<Memtable> sealed = state.sealed();
    return sealed.isEmpty() ? null : sealed.getLast();
  }

  /// What was taken in and is older than every memtable that is not written yet, or null.
  @Nullable Ingested nextIngested() {
    ReadState now = state;
    if (now.ingested().isEmpty()) {
      return null;
    }
    Ingested oldest = now.ingested().getLast();
    List<Memtable> sealed = now.sealed();
    return sealed.isEmpty() || sealed.getLast().number() >= oldest.below() ? oldest : null;
  }

  /// Takes in the files of a commit, above all that was written before it. Takes over the readers.
  void ingest(long sequence, List<SstableMeta> metas, Map<Long, SstableReader> readers) {
    lock.lock();
    try {
      if (closed) {
        throw new IllegalStateException("the keyspace is closed");
      }
      seal();
      ReadState before = state;
      SstableReader[] inOrder = new SstableReader[metas.size()];
      for (int i = 0; i < inOrder.length; i++) {
        inOrder[i] = Objects.requireNonNull(readers.get(metas.get(i).number()));
      }
      Ingested next = new Ingested(sequence, before.active().number(), metas, inOrder);
      state = before.withIngested(next, FileSet.withMore(before.files(), readers));
      retired.add(new Retired(before.files(), epochs.epoch()));
    } finally {
      lock.unlock();
    }
    release();
  }

  /// The numbers of the files that the manifest does not name yet.
  Set<Long> ingestedNumbers() {
    return ingestedNumbers(List.of());
  }

  /// The same without those of `installed`.
  Set<Long> ingestedNumbers(List<Ingested> installed) {
    Set<Long> numbers = new HashSet<>();
    for (Ingested ingested : state.ingested()) {
      if (!installed.contains(ingested)) {
        ingested.metas().forEach(meta -> numbers.add(meta.number()));
      }
    }
    return numbers;
  }

  /** Makes other files of those that there are, while nobody else replaces them. */
  interface Replacing {
    FileSet of(FileSet before);
  }

  /// Replaces the files; `flushed` and `installed` are in the new ones. Answers false when the
  /// engine is closed; then `replacing` was not called.
  boolean replace(Replacing replacing, List<Memtable> flushed, List<Ingested> installed) {
    lock.lock();
    try {
      if (closed) {
        return false;
      }
      FileSet old = state.files();
      state = state.with(replacing.of(old), flushed, installed);
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
      state = new ReadState(none, List.of(), List.of(), FileSet.empty());
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
