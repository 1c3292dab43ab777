package dev.varve.engine.lsm.compaction;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Manual compactions, one at a time. One that asks for no more than another which waits to begin
/// shares that one's fate.
///
/// @threads safe; guarded by the scheduler's lock
final class ManualQueue {
  private static final long MOMENT_MILLIS = 100;

  private final ReentrantLock lock;
  private final Condition changed;
  private final Deque<ManualCompaction> waiting = new ArrayDeque<>();
  private @Nullable ManualCompaction active;

  ManualQueue(ReentrantLock lock, Condition changed) {
    this.lock = lock;
    this.changed = changed;
  }

  /// Waits for a change, or for a moment. An interrupt is kept for later.
  @SuppressWarnings("WaitNotInLoop") // whoever calls it does so in a loop
  static void await(Condition condition) {
    boolean interrupted = Thread.interrupted();
    try {
      boolean _ = condition.await(MOMENT_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      interrupted = true;
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /// The compaction that this one joins; null when it is in the queue itself now.
  @Nullable ManualCompaction enter(ManualCompaction manual) {
    lock.lock();
    try {
      for (ManualCompaction other : waiting) {
        if (other.covers(manual)) {
          manual.joins();
          return other;
        }
      }
      waiting.add(manual);
      return null;
    } finally {
      lock.unlock();
    }
  }

  /// Begins a compaction whose turn it is; waits a moment otherwise.
  boolean tryBegin(ManualCompaction manual) {
    lock.lock();
    try {
      if (active != null || waiting.peek() != manual) {
        await(changed);
      }
      if (active != null || waiting.peek() != manual) {
        return false;
      }
      waiting.remove();
      active = manual;
      return true;
    } finally {
      lock.unlock();
    }
  }

  /// Whether a compaction has ended; waits a moment otherwise.
  boolean hasEnded(ManualCompaction manual) {
    lock.lock();
    try {
      if (!manual.ended) {
        await(changed);
      }
      return manual.ended;
    } finally {
      lock.unlock();
    }
  }

  /// A compaction is over, whether it began or not.
  void leave(ManualCompaction manual, @Nullable Throwable failure) {
    lock.lock();
    try {
      boolean _ = waiting.remove(manual);
      if (active == manual) {
        active = null;
      }
      manual.failure = failure;
      manual.ended = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
