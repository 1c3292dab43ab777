package dev.varve.base;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/// Tells a writer when no reader can still be looking at memory that it took out of use.
///
/// A reader brackets each short look at shared memory with [#enter] and [#exit]. A writer that
/// unlinks something notes the [#epoch] of that moment; once the epoch is two further, every reader
/// that could have met it has left, and the memory may be used again.
///
/// @threads safe
/// @source Keir Fraser, Practical lock-freedom, UCAM-CL-TR-579 (2004), section 5.2.3; here with
///   counters striped by thread in place of a list of threads, so that virtual threads need no
///   registration
public final class ReaderEpochs {
  /* How it works. Each stripe has two counters, one for even and one for odd epochs. A reader adds
   * one to its stripe's counter for the epoch it reads, then reads the epoch again: if it moved, the
   * reader may have been missed and tries again. All of these are sequentially consistent, so a
   * writer that moves the epoch and then sees a zero counter knows that no reader of that parity is
   * inside.
   *
   * I1: while the epoch is e, readers inside entered at e or e - 1.
   * I2: the epoch moves from e to e + 1 only when the counters of e - 1 are all zero. Once they are,
   *     they stay so until it moves: no reader enters at e - 1 any more. So of several threads that
   *     find them zero one moves it, and those that come too late change nothing.
   * Hence what was unlinked while the epoch was e is out of every reader's reach at e + 2. */

  /** Counters of different stripes, and of the two parities, never share a cache line. */
  private static final int COUNTER_STRIDE = 16;

  private static final VarHandle COUNTERS =
      MethodHandles.arrayElementVarHandle(long[].class).withInvokeExactBehavior();

  private static final VarHandle EPOCH = epochHandle();

  private final int stripeMask;
  private final long[] counters;
  private volatile long epoch = 2;

  private static VarHandle epochHandle() {
    try {
      return MethodHandles.lookup()
          .findVarHandle(ReaderEpochs.class, "epoch", long.class)
          .withInvokeExactBehavior();
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /// Makes room for about `threads` readers at a time without contention.
  public ReaderEpochs(int threads) {
    int stripes = Integer.highestOneBit(Math.clamp(threads * 4L, 4, 64));
    this.stripeMask = stripes - 1;
    this.counters = new long[(stripes * 2 + 1) * COUNTER_STRIDE];
  }

  /// Begins a look at shared memory. Never blocks. The answer is for [#exit].
  public int enter() {
    int stripe = (int) Thread.currentThread().threadId() & stripeMask;
    while (true) {
      long seen = epoch;
      int counter = (stripe * 2 + (int) (seen & 1) + 1) * COUNTER_STRIDE;
      addTo(counter, 1);
      if (epoch == seen) {
        return counter;
      }
      addTo(counter, -1);
    }
  }

  /// Ends the look that `token` began.
  public void exit(int token) {
    addTo(token, -1);
  }

  /// The current epoch; it only grows.
  public long epoch() {
    return epoch;
  }

  /// Moves to the next epoch if the readers of the one before the current have all left.
  public boolean tryAdvance() {
    long current = epoch;
    int parity = (int) (current + 1 & 1);
    for (int stripe = 0; stripe <= stripeMask; stripe++) {
      if ((long) COUNTERS.getVolatile(counters, (stripe * 2 + parity + 1) * COUNTER_STRIDE) != 0) {
        return false;
      }
    }
    return EPOCH.compareAndSet(this, current, current + 1);
  }

  private void addTo(int counter, long delta) {
    var _ = (long) COUNTERS.getAndAdd(counters, counter, delta);
  }
}
