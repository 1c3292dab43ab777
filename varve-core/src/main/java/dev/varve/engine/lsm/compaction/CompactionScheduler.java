package dev.varve.engine.lsm.compaction;

import dev.varve.base.InvariantError;
import dev.varve.engine.lsm.compaction.CompactionDecision.Merge;
import dev.varve.engine.lsm.compaction.CompactionDecision.Move;
import dev.varve.engine.lsm.compaction.CompactionDecision.Nothing;
import dev.varve.engine.lsm.compaction.CompactionDecision.Reason;
import dev.varve.engine.lsm.compaction.CompactionPolicy.Surroundings;
import dev.varve.engine.lsm.version.SstableMeta;
import dev.varve.engine.lsm.version.Version;
import dev.varve.engine.lsm.version.VersionEdit;
import dev.varve.engine.lsm.version.VersionEdit.Removed;
import dev.varve.engine.lsm.version.VersionSet;
import dev.varve.fs.NoSpaceException;
import dev.varve.kv.ProgressListener;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Runs what [CompactionPolicy] decides, a bounded number of threads at a time.
///
/// @threads safe
/// @lifetime until [#close], which comes before the end of the environment's background
public final class CompactionScheduler implements AutoCloseable {
  /* The lock guards what is running and the counters. It is held for moments: never while a file is
   * read, written or synced, and never while something foreign is called but for what is said at
   * CompactionEnvironment.
   *
   * A version is looked at under the lock. A job leaves `running` only after its edit is installed,
   * so whoever does not find a job there sees a version without its inputs: no sstable is ever an
   * input of two jobs. */

  private final CompactionEnvironment environment;
  private final CompactionOptions options;
  private final CompactionLimits limits;
  private final RateLimit rate;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final List<RunningJob> running = new ArrayList<>();
  private final CompactionCounters counters = new CompactionCounters();
  private final SetAside aside;
  private final ManualQueue manuals = new ManualQueue(lock, changed);

  /** Somebody is in {@link #wake}, and will look again. */
  private boolean launching;

  /** No automatic job begins while a manual one waits for a thread. */
  private boolean manualWaits;

  /** Nothing ran when somebody last looked for something due in vain, and nothing ended since. */
  private boolean quiet;

  private boolean closed;

  /** Why no job begins any more. */
  private @Nullable Throwable broken;

  /// A scheduler that does nothing until it is woken.
  public CompactionScheduler(
      CompactionEnvironment environment, CompactionOptions options, CompactionLimits limits) {
    this.environment = environment;
    this.options = options;
    this.limits = limits;
    this.rate = new RateLimit(environment.clock(), limits.bytesPerSecond());
    this.aside = new SetAside(environment.clock());
  }

  /// Begins what is due, if a thread is free: to be called after a flush, after a snapshot has
  /// ended, and now and then. It does not wait.
  public void wake() {
    lock.lock();
    try {
      if (launching) {
        return;
      }
      launching = true;
    } finally {
      lock.unlock();
    }
    while (true) {
      RunningJob next = null;
      lock.lock();
      try {
        next = pick();
      } finally {
        if (next == null) {
          launching = false;
          quiet = running.isEmpty();
          changed.signalAll();
        }
        lock.unlock();
      }
      if (next == null) {
        return;
      }
      launch(next);
    }
  }

  private @Nullable RunningJob pick() {
    if (closed || broken != null || manualWaits || freeThreads() == 0) {
      return null;
    }
    List<Merge> taken = merges();
    taken.addAll(aside.merges());
    Version version = environment.versions().current();
    CompactionPolicy.Surroundings around = surroundings(taken);
    CompactionDecision due = CompactionPolicy.pick(version, options, around);
    return begin(
        due instanceof Nothing
            ? CompactionPolicy.pickRewrite(version, options, around, environment.rewrites())
            : due);
  }

  private int freeThreads() {
    return limits.jobs() - running.stream().mapToInt(job -> job.threads).sum();
  }

  private List<Merge> merges() {
    List<Merge> merges = new ArrayList<>();
    running.forEach(job -> merges.add(job.merge));
    return merges;
  }

  private Surroundings surroundings(List<Merge> taken) {
    return new Surroundings(taken, environment.visible()[0], environment.clock().wallMillis());
  }

  /** Makes a decision a job that owns its inputs. Under the lock. */
  private @Nullable RunningJob begin(CompactionDecision decision) {
    RunningJob begun =
        switch (decision) {
          case Nothing _ -> null;
          case Move(int level, SstableMeta sstable) ->
              new RunningJob(
                  new Merge(Reason.LEVEL_BYTES, level, List.of(sstable), level + 1, List.of()),
                  environment.versions().pin(),
                  null);
          case Merge merge -> {
            // Readers are asked after the pin: what they may see, the version has.
            VersionSet.Pin pin = environment.versions().pin();
            Stripes stripes = new Stripes(environment.visible());
            JobPlan plan = new JobPlan(environment, options, merge, pin.version(), stripes);
            yield new RunningJob(merge, pin, new CompactionJob(plan, rate, parts(merge)));
          }
        };
    if (begun != null) {
      running.add(begun);
      counters.begins();
    }
    return begun;
  }

  /** A slice for each free thread, but none that would not fill a file. */
  private int parts(Merge merge) {
    long files = merge.inputBytes() / options.targetFileBytes();
    return (int) Math.max(1, Math.min(files, Math.min(limits.slices(), freeThreads())));
  }

  private void launch(RunningJob begun) {
    CompactionJob job = begun.job;
    if (job == null) {
      environment.background().submit(() -> complete(begun));
      return;
    }
    environment.background().submit(() -> start(begun, job));
  }

  private void start(RunningJob begun, CompactionJob job) {
    try {
      job.survey();
    } catch (Throwable failure) {
      begun.fail(failure);
    }
    for (int i = 1; i < job.slices(); i++) {
      int slice = i;
      environment.background().submit(() -> runSlice(begun, job, slice));
    }
    runSlice(begun, job, 0);
  }

  private void runSlice(RunningJob begun, CompactionJob job, int slice) {
    try {
      if (begun.failure() == null) {
        job.runSlice(slice);
      }
    } catch (Throwable failure) {
      begun.fail(failure);
    }
    if (begun.left.decrementAndGet() == 0) {
      complete(begun);
    }
  }

  /** Installs what a job made, or takes it away. */
  private void complete(RunningJob begun) {
    CompactionJob.Outcome outcome = null;
    boolean isUnknown = false;
    if (begun.failure() == null) {
      try {
        outcome = begun.job == null ? null : begun.job.finish();
        environment.install(edit(begun, outcome));
      } catch (Throwable failure) {
        isUnknown = failure instanceof IOException && !(failure instanceof NoSpaceException);
        begun.fail(failure);
      }
    }
    Throwable failure = begun.failure();
    List<SstableMeta> made = begun.job == null ? List.of() : begun.job.finished();
    List<Long> numbers = begun.job == null ? List.of() : begun.job.finishedNumbers();
    if (failure != null && !isUnknown) {
      remove(numbers, failure);
    }
    boolean isFinal = isUnknown || failure instanceof InvariantError;
    Duration pause = end(begun, outcome, made, isFinal);
    begun.record(environment.keyspace());
    begun.pin.close();
    if (failure != null && !(failure instanceof CancellationException)) {
      environment.failed(
          new CompactionFailure(begun.inputNumbers(), begun.merge.outputLevel(), failure, isFinal));
    }
    if (pause != null) {
      environment.background().submitAfter(pause, this::wake);
    }
    wake();
  }

  /// Puts files that were written aside into a level.
  public interface Placing {
    /// Installs them at `level`, which is theirs until the call ends: no job puts anything of their
    /// keys there meanwhile.
    ///
    /// @throws IOException when the device refuses
    void install(int level) throws IOException;
  }

  /// Finds the deepest level that `files` may enter and has them installed there. Whoever calls
  /// sees to it that nothing newer than they are enters the version meanwhile.
  ///
  /// @throws CancellationException when the scheduler is closed
  /// @throws IOException when `placing` does
  public void place(List<SstableMeta> files, Placing placing) throws IOException {
    RunningJob reserved;
    lock.lock();
    try {
      if (closed) {
        throw new CancellationException("compaction has been closed");
      }
      Version version = environment.versions().current();
      int level = CompactionPolicy.levelOf(version, files, surroundings(merges()));
      reserved =
          new RunningJob(
              new Merge(Reason.INGEST, level, files, level, List.of()),
              environment.versions().pin(),
              null);
      running.add(reserved);
    } finally {
      lock.unlock();
    }
    try {
      placing.install(reserved.merge.outputLevel());
    } finally {
      lock.lock();
      try {
        running.remove(reserved);
        quiet = false;
        changed.signalAll();
      } finally {
        lock.unlock();
      }
      reserved.pin.close();
    }
  }

  private static VersionEdit edit(RunningJob begun, CompactionJob.@Nullable Outcome outcome) {
    Merge merge = begun.merge;
    List<Removed> removed = new ArrayList<>();
    merge.upper().forEach(input -> removed.add(new Removed(merge.level(), input.number())));
    merge.lower().forEach(input -> removed.add(new Removed(merge.outputLevel(), input.number())));
    if (outcome == null) {
      return VersionEdit.compaction(removed, merge.outputLevel(), merge.upper());
    }
    return VersionEdit.compaction(removed, merge.outputLevel(), outcome.outputs())
        .withBlobs(outcome.tally().blobChanges());
  }

  /** What cannot be removed stays as an orphan, which the next opening of the store removes. */
  private void remove(List<Long> numbers, Throwable cause) {
    for (long number : numbers) {
      try {
        environment.remove(number);
      } catch (IOException e) {
        cause.addSuppressed(e);
      }
    }
  }

  /** Ends a job's ownership; answers after how long what failed may be tried again. */
  private @Nullable Duration end(
      RunningJob begun,
      CompactionJob.@Nullable Outcome outcome,
      List<SstableMeta> made,
      boolean isFinal) {
    Throwable failure = begun.failure();
    lock.lock();
    try {
      running.remove(begun);
      quiet = false;
      begun.ended = true;
      begun.outputs = made;
      changed.signalAll();
      if (failure == null) {
        aside.succeeded();
        if (outcome == null) {
          counters.moved();
        } else {
          counters.merged(begun.merge, outcome);
        }
        return null;
      }
      boolean cancelled = failure instanceof CancellationException;
      counters.ended(cancelled, made);
      if (isFinal && broken == null) {
        broken = failure;
      }
      return cancelled || isFinal ? null : aside.add(begun.merge);
    } finally {
      lock.unlock();
    }
  }

  /// Compacts the keys from `from` on and before `to` as deep as they go, so that of what was
  /// flushed before the call nothing is left that nobody can see; null stands for no end. Waits
  /// until that is done.
  ///
  /// @throws CancellationException when the listener stops it or the scheduler is closed
  /// @throws dev.varve.kv.CorruptionException when an sstable is damaged
  /// @throws IOException when the device refuses
  public void compact(byte @Nullable [] from, byte @Nullable [] to, ProgressListener listener)
      throws IOException {
    try {
      new ManualCompaction(this, from, to, Set.of(), listener).run(manuals);
    } finally {
      wake();
    }
  }

  /// Rewrites sstables, so that blob files which they refer to can go; those that are not there any
  /// more do no harm. Waits until that is done.
  ///
  /// @throws CancellationException when the listener stops it or the scheduler is closed
  /// @throws dev.varve.kv.CorruptionException when an sstable or a blob file is damaged
  /// @throws IOException when the device refuses
  public void rewrite(Set<Long> sstables, ProgressListener listener) throws IOException {
    if (sstables.isEmpty()) {
      return;
    }
    try {
      new ManualCompaction(this, null, null, sstables, listener).run(manuals);
    } finally {
      wake();
    }
  }

  /// The state of things for a manual compaction, which does one step at a time.
  ///
  /// @return the job that was begun; null when there is nothing left to do
  @Nullable RunningJob step(ManualCompaction manual) throws IOException {
    RunningJob begun = null;
    while (begun == null) {
      manual.report(0, -1);
      lock.lock();
      try {
        requireOpen();
        if (manual.decide(environment.versions().current(), surroundings(List.of()))
            instanceof Nothing) {
          return null;
        }
        CompactionDecision decision =
            manual.decide(environment.versions().current(), surroundings(merges()));
        manualWaits = freeThreads() == 0 || decision instanceof Nothing;
        if (manualWaits) {
          await();
        } else {
          begun = begin(decision);
        }
      } finally {
        manualWaits = false;
        lock.unlock();
      }
    }
    launch(begun);
    return begun;
  }

  /// Waits until a job that a manual compaction began has ended.
  void awaitEnd(RunningJob begun, ManualCompaction manual) throws IOException {
    boolean stopped = false;
    while (true) {
      lock.lock();
      try {
        if (!begun.ended) {
          await();
        }
        if (begun.ended) {
          break;
        }
      } finally {
        lock.unlock();
      }
      CompactionJob job = begun.job;
      if (job != null && !stopped) {
        try {
          manual.report(job.entriesRead(), job.entries());
        } catch (CancellationException e) {
          stopped = true;
          begun.cancel();
        }
      }
    }
    wake();
    manual.ended(begun);
  }

  /** Waits for a change, or for a moment. Under the lock. */
  private void await() {
    ManualQueue.await(changed);
  }

  private void requireOpen() throws IOException {
    if (closed) {
      throw new CancellationException("compaction has been closed");
    }
    if (broken != null) {
      throw new IOException("compaction has ended for good after a failure", broken);
    }
  }

  CompactionOptions options() {
    return options;
  }

  VersionSet versions() {
    return environment.versions();
  }

  /// The time in nanoseconds.
  long nanos() {
    return environment.clock().nanos();
  }

  void joins() {
    counters.joins();
  }

  /// What was done so far.
  public CompactionStats stats() {
    lock.lock();
    try {
      return counters.stats(
          running.stream().filter(job -> job.merge.reason() != Reason.INGEST).count());
    } finally {
      lock.unlock();
    }
  }

  /// Waits until nothing runs and nothing is due.
  ///
  /// @return whether that came before `timeout` had passed
  public boolean awaitQuiet(Duration timeout) {
    lock.lock();
    try {
      quiet = false;
    } finally {
      lock.unlock();
    }
    wake();
    long end = nanos() + timeout.toNanos();
    lock.lock();
    try {
      while (!quiet) {
        if (nanos() - end >= 0) {
          return false;
        }
        await();
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  /// Has what runs end soon, without waiting for it. No job begins any more.
  public void cancel() {
    lock.lock();
    try {
      closed = true;
      running.forEach(RunningJob::cancel);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /// Cancels what runs and waits until it has ended. No job begins any more.
  @Override
  public void close() {
    cancel();
    lock.lock();
    try {
      while (!running.isEmpty()) {
        await();
      }
    } finally {
      lock.unlock();
    }
  }
}
