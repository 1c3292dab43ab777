package dev.varve.txn;

import dev.varve.base.Clock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// The locks that transactions have of keys: exclusive, given in the order in which they were asked
/// for, each waited for a limited time.
///
/// @threads safe. For one transaction, asking: one thread at a time; giving back: any.
public final class LockTable {
  /* Locks are spread over stripes, each with a lock of its own that is held for moments: for looking
   * up, taking, queueing, handing over. Who waits is parked, woken by who hands over or by the
   * wait-for graph; between it looks from time to time whether the owner has run for too long.
   *
   * Order: a stripe's lock, then a transaction's monitor. The wait-for graph's monitor is taken with
   * neither. */

  private static final int STRIPES = 64;

  /** How long nobody looks whether an owner has run for too long. */
  private static final long LOOK_NANOS = 20_000_000;

  /** The locks of some keys. */
  private static final class Stripe {
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<LockKey, KeyLock> locks = new HashMap<>();
  }

  private final Clock clock;
  private final WaitGraph graph = new WaitGraph();
  private final Stripe[] stripes = new Stripe[STRIPES];
  private final AtomicInteger count = new AtomicInteger();

  public LockTable(Clock clock) {
    this.clock = clock;
    for (int i = 0; i < STRIPES; i++) {
      stripes[i] = new Stripe();
    }
  }

  /// How many keys are locked.
  public int count() {
    return count.get();
  }

  private Stripe stripe(LockKey key) {
    return stripes[key.hashCode() & STRIPES - 1];
  }

  /// Gives a transaction the lock of a key, which it may have already. What is handed in is kept.
  public LockOutcome lock(TransactionLife life, int keyspace, byte[] key, long timeoutNanos) {
    return lock(life, new LockKey(keyspace, key), timeoutNanos);
  }

  private LockOutcome lock(TransactionLife life, LockKey key, long timeoutNanos) {
    Stripe stripe = stripe(key);
    LockWaiter waiter;
    KeyLock taken;
    stripe.lock.lock();
    try {
      KeyLock known = stripe.locks.get(key);
      if (known == null) {
        taken = new KeyLock(key, life);
        stripe.locks.put(key, taken);
        waiter = null;
        int _ = count.incrementAndGet();
      } else if (known.owner() == life) {
        return LockOutcome.GRANTED;
      } else {
        taken = known;
        waiter = known.wait(life);
      }
    } finally {
      stripe.lock.unlock();
    }
    LockOutcome outcome =
        waiter == null ? LockOutcome.GRANTED : await(stripe, waiter, timeoutNanos);
    boolean granted = outcome == LockOutcome.GRANTED || outcome == LockOutcome.GRANTED_LATER;
    if (granted && !life.add(taken)) {
      release(life, List.of(taken));
      return LockOutcome.ENDED;
    }
    return outcome;
  }

  private LockOutcome await(Stripe stripe, LockWaiter waiter, long timeoutNanos) {
    long begin = clock.nanos();
    boolean interrupted = false;
    graph.begin(waiter);
    try {
      while (waiter.state() == LockWaiter.State.WAITING) {
        long now = clock.nanos();
        long left = timeoutNanos - (now - begin);
        boolean ended = waiter.life().state() == TransactionLife.State.TIMED_OUT;
        if (left <= 0 || ended) {
          boolean _ = waiter.settle(LockWaiter.State.GIVEN_UP);
          continue;
        }
        if (!waiter.lock().owner().endLate(now)) {
          LockSupport.parkNanos(this, Math.min(left, LOOK_NANOS));
        }
        // An interrupt would have it park no more.
        interrupted |= Thread.interrupted();
      }
    } finally {
      graph.end(waiter);
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
    if (waiter.state() == LockWaiter.State.GRANTED) {
      return LockOutcome.GRANTED_LATER;
    }
    stripe.lock.lock();
    try {
      waiter.lock().leave(waiter);
    } finally {
      stripe.lock.unlock();
    }
    if (waiter.state() == LockWaiter.State.DEADLOCK) {
      return LockOutcome.DEADLOCK;
    }
    return waiter.life().state() == TransactionLife.State.TIMED_OUT
        ? LockOutcome.ENDED
        : LockOutcome.TIMED_OUT;
  }

  /// Gives a transaction the locks of those keys that others have locked, one after the other in
  /// the order of keys, each waited for so long. The first that it does not get ends it.
  public LockOutcome lockWhatOthersHave(
      TransactionLife life, int keyspace, Iterable<byte[]> sortedKeys, long timeoutNanos) {
    LockOutcome outcome = LockOutcome.GRANTED;
    for (byte[] key : sortedKeys) {
      LockKey lockKey = new LockKey(keyspace, key);
      if (!isOthers(life, lockKey)) {
        continue;
      }
      LockOutcome one = lock(life, lockKey, timeoutNanos);
      switch (one) {
        case GRANTED -> {}
        case GRANTED_LATER -> outcome = one;
        case TIMED_OUT, DEADLOCK, ENDED -> {
          return one;
        }
      }
    }
    return outcome;
  }

  private boolean isOthers(TransactionLife life, LockKey key) {
    Stripe stripe = stripe(key);
    stripe.lock.lock();
    try {
      KeyLock known = stripe.locks.get(key);
      return known != null && known.owner() != life;
    } finally {
      stripe.lock.unlock();
    }
  }

  /// Gives back locks of a transaction; whoever waits first is given each.
  void release(TransactionLife life, List<KeyLock> locks) {
    List<KeyLock> inOrder = new ArrayList<>(locks);
    Collections.reverse(inOrder);
    for (KeyLock each : inOrder) {
      Stripe stripe = stripe(each.key());
      stripe.lock.lock();
      try {
        @Nullable KeyLock known = stripe.locks.get(each.key());
        if (known == each && each.owner() == life && !each.handOver()) {
          stripe.locks.remove(each.key());
          int _ = count.decrementAndGet();
        }
      } finally {
        stripe.lock.unlock();
      }
    }
  }
}
