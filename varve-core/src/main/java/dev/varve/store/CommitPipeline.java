package dev.varve.store;

import dev.varve.base.Clock;
import dev.varve.base.FailureLatch;
import dev.varve.cache.MemoryBudget;
import dev.varve.engine.Engine;
import dev.varve.fs.NoSpaceException;
import dev.varve.kv.ByteSize;
import dev.varve.kv.DiskFullException;
import dev.varve.kv.Durability;
import dev.varve.kv.LimitException;
import dev.varve.kv.MutationReader;
import dev.varve.kv.MutationWriter;
import dev.varve.kv.StoreClosedException;
import dev.varve.kv.StoreFailedException;
import dev.varve.kv.StoreIoException;
import dev.varve.kv.VarveException;
import dev.varve.log.Log;
import dev.varve.log.RecordKind;
import dev.varve.txn.RecentCommits;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// Takes commits through the log to the engines and makes them visible, on the caller's thread.
///
/// @threads safe
final class CommitPipeline {
  /* A commit takes a lane's lock, appends its record, which gives it its number, waits for its turn,
   * which comes when the commit before it has become visible, applies its mutations, makes itself
   * visible, and gives the lane back. So records are appended in several lanes at a time, and applied
   * one after the other in the order of their numbers. With one lane the lock is the turn.
   *
   * Whoever must read before it writes takes all lanes. Every commit keeps its lane until it is
   * visible, so there is none under way then, and none begins.
   *
   * Once a record has a number, nothing but its becoming visible can be next: what goes wrong between
   * fails the store, and those who wait for their turn find that out by themselves.
   *
   * Order of locks: lanes, by number. No lock is held while a commit waits to be durable. */

  /** How often a commit looks for its turn before it lets others run. */
  private static final int SPINS = 200;

  private static final long NAP_NANOS = 20_000;

  /** A buffer that grew past this for one commit is not kept. */
  private static final int SCRATCH_BYTES_KEPT = 1 << 20;

  private static final int SCRATCH_BYTES = 512;

  /** With less than a 16th of the memory left, engines are asked what they can spare. */
  private static final int RECLAIM_SHIFT = 4;

  /** So often it is looked whether transactions have run for too long. */
  private static final int LATE_MASK = 255;

  private final Path directory;
  private final Log log;
  private final Moments moments;
  private final FailureLatch failure;
  private final MemoryBudget budget;
  private final MutationWriter[] scratch;
  private final Flusher flusher;

  // Whoever has the turn.
  private final MutationReader reader = new MutationReader();
  private final MutationApplier applier;
  private final RecentCommits recent;
  private final SnapshotLimits snapshotLimits;
  private final Clock clock;
  private long commits;
  private long acceptedBytes;

  /** Who applies a commit that is not visible yet. Of others it means nothing to a thread. */
  private volatile @Nullable Thread applying;

  private volatile boolean closed;

  CommitPipeline(
      Path directory,
      Log log,
      Moments moments,
      FailureLatch failure,
      MemoryBudget budget,
      Flusher flusher,
      MutationApplier applier,
      RecentCommits recent,
      SnapshotLimits snapshotLimits,
      Clock clock) {
    this.directory = directory;
    this.log = log;
    this.moments = moments;
    this.failure = failure;
    this.budget = budget;
    this.flusher = flusher;
    this.applier = applier;
    this.recent = recent;
    this.snapshotLimits = snapshotLimits;
    this.clock = clock;
    this.scratch = new MutationWriter[log.laneCount()];
    for (int i = 0; i < scratch.length; i++) {
      scratch[i] = new MutationWriter(SCRATCH_BYTES);
    }
  }

  /// As [Engine#awaitRoom]; where the store's memory is used up it waits for what the other engines
  /// are giving back, too. A store that takes no writes has nobody wait.
  ///
  /// @throws StoreFailedException when the store fails meanwhile
  void awaitRoom(Engine engine, long bytes, boolean mayRefuse) {
    if (closed || failure.isFailed()) {
      return;
    }
    try {
      engine.awaitRoom(bytes, mayRefuse);
      if (mayRefuse && !budget.fits(bytes)) {
        applier.awaitRoomBeside(engine, bytes);
      }
    } catch (VarveException e) {
      requireSound();
      throw e;
    }
  }

  /// Takes a lane for a commit of this thread; answers which.
  int lock() {
    beginLog();
    if (!budget.fits(budget.bytesMax() >> RECLAIM_SHIFT)) {
      reclaim();
    }
    int lane = (int) (Thread.currentThread().threadId() % scratch.length);
    log.lock(lane);
    return lane;
  }

  /// Gives the lane back.
  void unlock(int lane) {
    log.unlock(lane);
  }

  /// Takes every lane: nobody else commits until [#unlockAll]. To be used for [#commit] is lane 0.
  void lockAll() {
    beginLog();
    lockLanes();
  }

  /// Takes every lane to look at something that commits change; the log need not have begun.
  void lockLanes() {
    for (int lane = 0; lane < scratch.length; lane++) {
      log.lock(lane);
    }
  }

  /// Gives every lane back.
  void unlockAll() {
    for (int lane = scratch.length - 1; lane >= 0; lane--) {
      log.unlock(lane);
    }
  }

  /// Runs `work` while no commit is under way; not, and answers false, where this thread is
  /// applying one.
  boolean betweenCommits(Runnable work) {
    if (Thread.currentThread().equals(applying)) {
      return false;
    }
    lockLanes();
    try {
      work.run();
      return true;
    } finally {
      unlockAll();
    }
  }

  /** Has engines give back what only snapshots needed that are closed, and commits of the past. */
  private void reclaim() {
    lockLanes();
    try {
      if (!closed && !failure.isFailed()) {
        applier.reclaim();
      }
    } finally {
      unlockAll();
    }
  }

  private void beginLog() {
    try {
      log.begin();
      flusher.noteBegin();
    } catch (NoSpaceException e) {
      throw diskFull(e);
    } catch (IOException e) {
      requireSound();
      throw new StoreIoException("the log in " + directory + " cannot begin", e);
    }
  }

  /// An empty buffer for a commit in a lane that this thread has.
  MutationWriter scratch(int lane) {
    MutationWriter writer = scratch[lane];
    if (writer.array().length > SCRATCH_BYTES_KEPT) {
      writer = new MutationWriter(SCRATCH_BYTES);
      scratch[lane] = writer;
    }
    writer.clear();
    return writer;
  }

  /// Makes one commit of what `writer` holds, in a lane that this thread has; answers its number.
  /// It is visible, and durable once [#awaitDurable] returns.
  ///
  /// @param freesSpace whether it only takes away; then it may go on when memory or disk are full
  long commit(int lane, MutationWriter writer, Durability durability, boolean freesSpace) {
    requireUsable();
    if (!freesSpace && !budget.fits(writer.byteSize()) && !hasRoom(writer)) {
      throw outOfMemory(writer.byteSize());
    }
    if (applier.prepares()) {
      applier.prepare(
          new MutationReader().reset(writer.array(), MutationWriter.HEADROOM_BYTES, writer.end()));
    }
    boolean through = durability == Durability.SYNC || durability == Durability.GROUP;
    long sequence;
    try {
      sequence =
          log.append(
              lane, RecordKind.COMMIT, writer.array(), writer.byteSize(), through, freesSpace);
    } catch (NoSpaceException e) {
      throw diskFull(e);
    } catch (IOException | InternalError e) {
      throw fail(e);
    }
    try {
      awaitTurn(sequence);
      applying = Thread.currentThread();
      applier.apply(
          sequence, reader.reset(writer.array(), MutationWriter.HEADROOM_BYTES, writer.end()));
      recent.record(sequence, writer.array(), MutationWriter.HEADROOM_BYTES, writer.end());
    } catch (StoreFailedException e) {
      throw e;
    } catch (Throwable e) {
      throw fail(e);
    }
    moments.publish(sequence);
    applying = null;
    if ((++commits & LATE_MASK) == 0) {
      recent.endLate(clock.nanos());
    }
    acceptedBytes += writer.byteSize();
    snapshotLimits.wrote(writer.byteSize());
    flusher.wrote(writer.byteSize());
    return sequence;
  }

  /** A batch that passes is taken whole, so it must not be a large one. */
  private boolean hasRoom(MutationWriter writer) {
    return writer.byteSize() <= SCRATCH_BYTES_KEPT
        && applier.hasRoom(
            new MutationReader()
                .reset(writer.array(), MutationWriter.HEADROOM_BYTES, writer.end()));
  }

  private void awaitTurn(long sequence) {
    for (int spins = 0; moments.visibleThrough() != sequence - 1; spins++) {
      if (spins < SPINS) {
        Thread.onSpinWait();
      } else {
        requireSound();
        LockSupport.parkNanos(this, NAP_NANOS);
      }
    }
  }

  /// Waits until a visible commit is as durable as asked for; 0 stands for no commit.
  void awaitDurable(long sequence, Durability durability) {
    if (sequence == 0) {
      return;
    }
    switch (durability) {
      case SYNC -> {
        if (log.durableThrough() < sequence) {
          log.syncNow();
        }
      }
      case GROUP -> log.awaitGroup(sequence);
      case PERIODIC -> log.awaitPeriodic();
      case NONE -> {}
    }
  }

  /// Makes every commit so far durable.
  void sync() {
    requireUsable();
    log.syncNow();
  }

  /// The bytes of the commits that were made, as they were handed to the log. Exact for whoever has
  /// all lanes.
  long acceptedBytes() {
    return acceptedBytes;
  }

  /// How many commits were made. Exact for whoever has all lanes.
  long commits() {
    return commits;
  }

  /// Ends the taking of commits, once those that are under way are visible.
  void close() {
    lockLanes();
    closed = true;
    unlockAll();
  }

  /// Checks that the store may be written.
  ///
  /// @throws StoreClosedException when it is closed
  /// @throws StoreFailedException when it has failed
  void requireUsable() {
    requireOpen();
    requireSound();
  }

  /// Checks that the store may be read.
  ///
  /// @throws StoreClosedException when it is closed
  void requireOpen() {
    if (closed) {
      throw new StoreClosedException(
          "the store in " + directory + " is closed; open it again with Varve.open");
    }
  }

  private void requireSound() {
    if (failure.isFailed()) {
      throw failed();
    }
  }

  /// Fails the store.
  StoreFailedException fail(Throwable cause) {
    Throwable _ = failure.fail(cause);
    return failed();
  }

  /// What calls throw once the store has failed.
  StoreFailedException failed() {
    Throwable cause = failure.cause();
    return new StoreFailedException(
        directory, cause == null ? new IllegalStateException("no failure") : cause);
  }

  private DiskFullException diskFull(NoSpaceException e) {
    return new DiskFullException(
        "the device of "
            + directory
            + " is full: the write was refused, reads and deletes go on. Make space; writing"
            + " resumes by itself",
        e);
  }

  private LimitException outOfMemory(long bytes) {
    return new LimitException(
        "the store in "
            + directory
            + " uses "
            + ByteSize.ofBytes(budget.used()).rounded()
            + " of its "
            + ByteSize.ofBytes(budget.bytesMax()).rounded()
            + " of memory and cannot take "
            + ByteSize.ofBytes(bytes).rounded()
            + " more. Delete entries, or open it with more: StoreOptions.withMemory (and -Xmx)");
  }
}
