package dev.varve.txn;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// What a transaction holds of the store, and how it ended: what others may see of it. It does not
/// know the transaction that its user has, so that this may be forgotten.
///
/// @threads safe
public final class TransactionLife {
  /// How a transaction ended, or that it has not.
  public enum State {
    /// It can be used.
    OPEN,
    /// Its commit is being made: nobody but its own thread ends it.
    COMMITTING,
    /// It was committed.
    COMMITTED,
    /// Its user rolled it back, or its commit failed.
    ROLLED_BACK,
    /// It was refused.
    CONFLICT,
    /// It had to go for others.
    DEADLOCK,
    /// It waited too long for a lock, at its commit.
    LOCK_TIMEOUT,
    /// It ran for longer than it may.
    TIMED_OUT
  }

  private final long id;
  private final int priority;
  private final long deadlineNanos;
  private final LockTable locks;
  private final RecentCommits recent;
  private final AtomicReference<State> state = new AtomicReference<>(State.OPEN);

  // The monitor's.
  private boolean released;
  private RecentCommits.@Nullable Mark mark;
  private @Nullable PinnedMoment moment;
  private @Nullable List<KeyLock> held;
  private long accounted;

  /** What it waits for. Set by its thread, under the wait-for graph's lock; read under that. */
  private @Nullable LockWaiter waiting;

  /// @param id of two transactions the younger has the greater one
  /// @param deadlineNanos when it has run for too long
  public TransactionLife(
      long id, int priority, long deadlineNanos, LockTable locks, RecentCommits recent) {
    this.id = id;
    this.priority = priority;
    this.deadlineNanos = deadlineNanos;
    this.locks = locks;
    this.recent = recent;
  }

  /// Its number.
  public long id() {
    return id;
  }

  int priority() {
    return priority;
  }

  /// Whether it has ended, and how.
  public State state() {
    return Objects.requireNonNull(state.get());
  }

  /// Whether it has run for longer than it may.
  public boolean isLate(long nanos) {
    return nanos - deadlineNanos > 0;
  }

  /// Begins its commit; false when it has ended.
  public boolean beginCommit() {
    return state.compareAndSet(State.OPEN, State.COMMITTING);
  }

  /// Ends it, unless it has ended before, and gives back what it holds.
  public void end(State end) {
    if (!state.compareAndSet(State.OPEN, end)) {
      boolean _ = state.compareAndSet(State.COMMITTING, end);
    }
    release();
  }

  /// Ends it when it has run for too long and is not being committed; answers whether it did. By
  /// whoever its locks or revisions are in the way of.
  public boolean endLate(long nanos) {
    if (!isLate(nanos) || !state.compareAndSet(State.OPEN, State.TIMED_OUT)) {
      return false;
    }
    release();
    return true;
  }

  /// Takes hold of a moment, and gives back what it held of another; false, and gives it back at
  /// once, when it has ended.
  public boolean hold(RecentCommits.@Nullable Mark newMark, @Nullable PinnedMoment newMoment) {
    RecentCommits.Mark oldMark = newMark;
    PinnedMoment oldMoment = newMoment;
    boolean holds;
    synchronized (this) {
      holds = !released;
      if (holds) {
        oldMark = mark;
        oldMoment = moment;
        mark = newMark;
        moment = newMoment;
      }
    }
    giveBack(oldMark, oldMoment);
    return holds;
  }

  private void giveBack(RecentCommits.@Nullable Mark oldMark, @Nullable PinnedMoment oldMoment) {
    if (oldMark != null) {
      recent.end(oldMark);
    }
    if (oldMoment != null) {
      oldMoment.close();
    }
  }

  /// Accounts what it has in memory to the store's, as long as it has not ended.
  ///
  /// @param bytes all of it
  public void account(long bytes) {
    long more;
    synchronized (this) {
      if (released) {
        return;
      }
      more = bytes - accounted;
      accounted = bytes;
    }
    recent.budget().use(more);
  }

  /// Gives back everything. A second call does nothing.
  public void release() {
    RecentCommits.@Nullable Mark oldMark;
    @Nullable PinnedMoment oldMoment;
    @Nullable List<KeyLock> oldLocks;
    long oldBytes;
    synchronized (this) {
      released = true;
      oldBytes = accounted;
      accounted = 0;
      oldMark = mark;
      oldMoment = moment;
      oldLocks = held;
      mark = null;
      moment = null;
      held = null;
    }
    giveBack(oldMark, oldMoment);
    if (oldBytes != 0) {
      recent.budget().use(-oldBytes);
    }
    if (oldLocks != null) {
      locks.release(this, oldLocks);
    }
  }

  /// Notes a lock that it was given; false when it has ended, and the lock is to be given back.
  synchronized boolean add(KeyLock lock) {
    if (released) {
      return false;
    }
    List<KeyLock> locksHeld = held;
    if (locksHeld == null) {
      locksHeld = new ArrayList<>(4);
      held = locksHeld;
    }
    locksHeld.add(lock);
    return true;
  }

  @Nullable LockWaiter waiting() {
    return waiting;
  }

  void setWaiting(@Nullable LockWaiter waiter) {
    waiting = waiter;
  }
}
