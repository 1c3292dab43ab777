package dev.varve.log;

import dev.varve.events.CommitGroupEvent;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Has one sync serve everybody who waits for one.
///
/// Whoever finds nobody syncing syncs, for all who wait by then; the others sleep until a sync has
/// covered them, or until one of them is woken to do the next.
///
/// @threads safe
/// @source the write groups of RocksDB (db/write_thread.h) and InnoDB's group commit; here without
///   a hand-over of the writes themselves, which are in the log already
final class SyncGroup {
  /** What a sync does. */
  interface Sync {
    /** Syncs what was appended by now; answers up to which number. Throws when the store failed. */
    long run();
  }

  /** Work on files. */
  interface Work {
    void run() throws IOException;
  }

  /** One who waits. */
  private static final class Waiter {
    final Thread thread = Thread.currentThread();
    final long sequence;
    @Nullable Waiter next;

    /** It syncs itself, and wakes others when it is done: nobody needs to wake it. */
    volatile boolean leads;

    Waiter(long sequence) {
      this.sequence = sequence;
    }
  }

  private final Sync sync;
  private final int batchMax;
  private final long waitNanos;

  /** Held by whoever syncs. Comes before the lanes' locks. */
  private final ReentrantLock lock = new ReentrantLock();

  private final AtomicReference<@Nullable Waiter> waiters = new AtomicReference<>();
  private final AtomicInteger waiting = new AtomicInteger();
  private volatile long durableThrough;

  SyncGroup(Sync sync, int batchMax, Duration wait, long durableThrough) {
    this.sync = sync;
    this.batchMax = batchMax;
    this.waitNanos = wait.toNanos();
    this.durableThrough = durableThrough;
  }

  /// Every record up to this number is durable.
  long durableThrough() {
    return durableThrough;
  }

  /// Runs `work`, which removes the records past `sequence`, while nobody syncs.
  ///
  /// @throws IOException when `work` does
  void exclusively(long sequence, Work work) throws IOException {
    lock.lock();
    try {
      work.run();
      durableThrough = Math.min(durableThrough, sequence);
    } finally {
      lock.unlock();
      wake();
    }
  }

  /// Syncs everything that was appended by now, at once and without waiting for company.
  void syncNow() {
    lock.lock();
    try {
      durableThrough = Math.max(durableThrough, sync.run());
    } finally {
      lock.unlock();
      wake();
    }
  }

  /// Returns when the record of this number, which was appended, is durable.
  void await(long sequence) {
    if (durableThrough >= sequence) {
      return;
    }
    waiting.incrementAndGet();
    try {
      if (lock.tryLock()) {
        lead(sequence);
        return;
      }
      Waiter self = new Waiter(sequence);
      push(self);
      boolean interrupted = false;
      while (durableThrough < sequence) {
        if (lock.tryLock()) {
          self.leads = true;
          lead(sequence);
          break;
        }
        LockSupport.park(this);
        interrupted |= Thread.interrupted();
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    } finally {
      waiting.decrementAndGet();
    }
  }

  /** Syncs, holding the lock, unless somebody just did; then wakes those it served. */
  private void lead(long sequence) {
    try {
      if (durableThrough < sequence) {
        gather();
        CommitGroupEvent event = new CommitGroupEvent();
        event.begin();
        event.waiting = waiting.get();
        durableThrough = Math.max(durableThrough, sync.run());
        event.durableThrough = durableThrough;
        event.commit();
      }
    } finally {
      lock.unlock();
      wake();
    }
  }

  /** Waits for company, where the options say so. */
  private void gather() {
    if (waitNanos == 0) {
      return;
    }
    long end = System.nanoTime() + waitNanos;
    for (long left = waitNanos;
        left > 0 && waiting.get() < batchMax;
        left = end - System.nanoTime()) {
      LockSupport.parkNanos(this, Math.min(left, 20_000));
    }
  }

  private void push(Waiter waiter) {
    Waiter head;
    do {
      head = waiters.get();
      waiter.next = head;
    } while (!waiters.compareAndSet(head, waiter));
  }

  /* Runs after the lock was given back. One who came before that is on the stack and is woken here;
   * one who comes later finds the lock free, or held by another who will run this in turn. */
  private void wake() {
    @Nullable Waiter waiter = waiters.getAndSet(null);
    @Nullable Waiter leader = null;
    while (waiter != null) {
      Waiter next = waiter.next;
      if (durableThrough >= waiter.sequence) {
        LockSupport.unpark(waiter.thread);
      } else if (!waiter.leads) {
        push(waiter);
        leader = waiter;
      }
      waiter = next;
    }
    // Only now, and the last one: whoever synced meanwhile may have served, and taken, those that
    // were pushed before it, and then they would not care for it.
    if (leader != null) {
      LockSupport.unpark(leader.thread);
    }
  }
}
