package dev.varve.txn;

import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/// A transaction that waits for a lock.
///
/// @threads safe
final class LockWaiter {
  /// What came of it; once it is not [#WAITING] it stays.
  enum State {
    /// Nothing yet.
    WAITING,
    /// It has the lock.
    GRANTED,
    /// It has to go, so that others can go on.
    DEADLOCK,
    /// It waits no longer.
    GIVEN_UP
  }

  private final TransactionLife life;
  private final KeyLock lock;
  private final Thread thread = Thread.currentThread();
  private final AtomicReference<State> state = new AtomicReference<>(State.WAITING);

  LockWaiter(TransactionLife life, KeyLock lock) {
    this.life = life;
    this.lock = lock;
  }

  TransactionLife life() {
    return life;
  }

  KeyLock lock() {
    return lock;
  }

  State state() {
    return Objects.requireNonNull(state.get());
  }

  /// Says what came of it, and wakes it; false when that was said before.
  boolean settle(State outcome) {
    if (!state.compareAndSet(State.WAITING, outcome)) {
      return false;
    }
    LockSupport.unpark(thread);
    return true;
  }
}
