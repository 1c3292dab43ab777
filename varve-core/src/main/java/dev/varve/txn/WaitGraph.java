package dev.varve.txn;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Who waits for whom. Finds transactions that wait for one another in a circle, and chooses which
/// of them goes.
///
/// @threads safe
final class WaitGraph {
  /* Locks are exclusive, so each transaction waits for one other: the owner of the lock that it waits
   * for. A circle comes to be when a transaction begins to wait, never when a lock changes hands,
   * since who is given it does not wait then. So who begins to wait follows the chain from itself,
   * and if it comes back there is a circle. Beginning to wait and following is one step, under the
   * monitor: of the transactions of a circle, the last one to begin finds the others. */

  /// Notes that a transaction waits. When that closes a circle, one of it is told to go.
  synchronized void begin(LockWaiter waiter) {
    waiter.life().setWaiting(waiter);
    List<LockWaiter> circle = circle(waiter);
    while (!circle.isEmpty()) {
      // One that was given its lock meanwhile has opened the circle by itself.
      boolean _ = victim(circle).settle(LockWaiter.State.DEADLOCK);
      circle = circle(waiter);
    }
  }

  /// Notes that a transaction does not wait any more.
  synchronized void end(LockWaiter waiter) {
    waiter.life().setWaiting(null);
  }

  private static List<LockWaiter> circle(LockWaiter start) {
    List<LockWaiter> chain = new ArrayList<>();
    @Nullable LockWaiter at = start;
    while (at != null && at.state() == LockWaiter.State.WAITING) {
      TransactionLife owner = at.lock().owner();
      if (owner == at.life() || chain.contains(at)) {
        // It is being given the lock, or the chain leads into a circle that is being opened.
        return List.of();
      }
      chain.add(at);
      if (owner == start.life()) {
        return chain;
      }
      at = owner.waiting();
    }
    return List.of();
  }

  /// The one of the least priority; of several the youngest.
  static LockWaiter victim(List<LockWaiter> circle) {
    LockWaiter victim = circle.getFirst();
    for (LockWaiter other : circle) {
      TransactionLife a = victim.life();
      TransactionLife b = other.life();
      if (b.priority() < a.priority() || (b.priority() == a.priority() && b.id() > a.id())) {
        victim = other;
      }
    }
    return victim;
  }
}
