package dev.varve.txn;

import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/// The lock of a key: who has it, and who waits for it.
///
/// @threads under the lock of its stripe; [#owner] may be read without
final class KeyLock {
  private final LockKey key;
  private final ArrayDeque<LockWaiter> waiters = new ArrayDeque<>(2);
  private volatile TransactionLife owner;

  KeyLock(LockKey key, TransactionLife owner) {
    this.key = key;
    this.owner = owner;
  }

  LockKey key() {
    return key;
  }

  TransactionLife owner() {
    return owner;
  }

  LockWaiter wait(TransactionLife life) {
    LockWaiter waiter = new LockWaiter(life, this);
    waiters.add(waiter);
    return waiter;
  }

  void leave(LockWaiter waiter) {
    boolean _ = waiters.remove(waiter);
  }

  /// Gives it to the first who waits still; false when there is none.
  boolean handOver() {
    for (@Nullable LockWaiter next = waiters.poll(); next != null; next = waiters.poll()) {
      // Before it is told: what it does next must see that it has this one.
      owner = next.life();
      if (next.settle(LockWaiter.State.GRANTED)) {
        return true;
      }
    }
    return false;
  }
}
