package dev.varve.engine;

import dev.varve.events.StallEvent;
import dev.varve.fs.NoSpaceException;
import dev.varve.kv.DiskFullException;
import dev.varve.kv.StallStats;
import dev.varve.kv.StoreIoException;
import dev.varve.kv.VarveException;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// Has writers wait when they are ahead of what can be written to files: the further ahead, the
/// longer, so that they come to the pace of the device without standing still.
///
/// @threads safe
public final class WriteThrottle {
  /* Writers together get a share of the pace of flushes: more than all of it while there is room for
   * what they are ahead, all of it half the way to the most that may wait, and the less the nearer
   * that is. So a short load passes, a lasting one settles at the pace of flushes, and a heavier one
   * meets no wall.
   *
   * Waits are put together, so that one write in many sleeps: a thread cannot sleep for as short as
   * one write takes, and a writer whose bytes were paid for by the time that passed since does not
   * wait at all. */

  /** Whoever finds nobody behind it may be ahead by so much. */
  private static final long BURST_NANOS = 1_000_000;

  private static final long SLEEP_NANOS_MIN = 50_000;

  /** What is owed for so many writes is slept off at once, as far as it is not too long. */
  private static final int WRITES_PER_SLEEP = 2_000;

  private static final long GATHERED_NANOS_MAX = 20_000_000;
  private static final long SLEEP_NANOS_MAX = 100_000_000;
  private static final long FULL_SLEEP_NANOS_MIN = 1_000_000;
  private static final long FULL_SLEEP_NANOS_MAX = 32_000_000;

  /** A write that is taken waits less than a second in all. */
  private static final long FULL_WAIT_NANOS_MAX = 800_000_000;

  /** In bytes for each nanosecond, before the first flush: 64 MB/s. */
  private static final double FIRST_PACE = 0.064;

  /** 256 KB/s. */
  private static final double PACE_MIN = 0.000_256;

  /** What the last flush counts for in the pace. */
  private static final double LAST_SHARE = 0.3;

  private final EngineContext context;
  private final Backlog backlog;

  /** When what was let through so far is paid for. */
  private final AtomicLong paidAt;

  private volatile double pace = FIRST_PACE;
  private final StallCounters stalls = new StallCounters();

  /// What an engine has not written to its files yet.
  ///
  /// @threads safe
  public interface Backlog {
    /// What part of the pace of flushes writers get: 0 when nobody may go on, infinity when nobody
    /// waits.
    double share();

    /// Has the background write what there is.
    void request();

    /// Why it cannot be written, or null.
    @Nullable Exception failure();

    /// What there is, for whoever is refused: "2 memtables of 10 bytes".
    String text();

    /// Puts what there is in an event.
    void describe(StallEvent event);
  }

  /// @param backlog asked before each write
  public WriteThrottle(EngineContext context, Backlog backlog) {
    this.context = context;
    this.backlog = backlog;
    this.paidAt = new AtomicLong(context.clock().nanos() - BURST_NANOS);
  }

  /// What part of the pace of flushes writers get: all of it half the way from where they begin to
  /// wait to where they stop, and the less the nearer that is.
  ///
  /// @param debt as [#debt] has it
  public static double share(double debt) {
    return debt == 0 ? Double.POSITIVE_INFINITY : (1 - debt) / debt;
  }

  /// How far something is on its way from `slow`, as 0, to twice as much, as 1.
  public static double debt(long much, long slow) {
    return Math.clamp((double) (much - slow) / slow, 0, 1);
  }

  /// How long `bytes` take with a share, in nanoseconds, when flushes write `pace` bytes in one.
  static long nanos(long bytes, double share, double pace) {
    return (long) (bytes / Math.max(PACE_MIN, pace * share));
  }

  /// For how long a writer sleeps that has to wait `owed` nanoseconds in all, and whose write costs
  /// `cost` of them: not yet, or all of it.
  static long sleep(long owed, long cost) {
    long gathered =
        Math.clamp(
            WRITES_PER_SLEEP * Math.min(cost, GATHERED_NANOS_MAX),
            SLEEP_NANOS_MIN,
            GATHERED_NANOS_MAX);
    return owed < gathered ? 0 : Math.min(owed, SLEEP_NANOS_MAX);
  }

  /// When a write is paid for that costs `cost` nanoseconds, after one that is at `before`. No more
  /// is owed than one sleep takes: what was owed when the share was small is forgiven once it is
  /// not.
  static long paidAt(long before, long now, long cost) {
    long begin = Math.clamp(before, now - BURST_NANOS, now + SLEEP_NANOS_MAX);
    return begin + Math.min(cost, SLEEP_NANOS_MAX);
  }

  /// Is told that a flush wrote what came of so many bytes of writes.
  public void flushed(long bytes, long nanos) {
    pace = (1 - LAST_SHARE) * pace + LAST_SHARE * bytes / Math.max(1, nanos);
  }

  /// As [Engine#awaitRoom].
  public void await(long bytes, boolean mayRefuse) {
    double share = backlog.share();
    if (share == Double.POSITIVE_INFINITY || !context.services().isStarted()) {
      return;
    }
    backlog.request();
    long pause = share > 0 ? pause(nanos(bytes, share, pace)) : 0;
    if (share > 0 && pause == 0) {
      return;
    }
    StallEvent event = new StallEvent();
    backlog.describe(event);
    event.begin();
    long begun = context.clock().nanos();
    try {
      if (pause > 0) {
        LockSupport.parkNanos(this, pause);
      } else {
        awaitNotFull(mayRefuse);
      }
    } finally {
      stalls.held(pause == 0, context.clock().nanos() - begun);
      if (event.shouldCommit()) {
        event.keyspace = context.name();
        event.stopped = pause == 0;
        event.commit();
      }
    }
  }

  private void awaitNotFull(boolean mayRefuse) {
    long begun = context.clock().nanos();
    long nap = FULL_SLEEP_NANOS_MIN;
    // A busy machine wakes a thread late, so the clock counts; a clock that stands still does not.
    for (long waited = 0;
        Math.max(waited, context.clock().nanos() - begun) < FULL_WAIT_NANOS_MAX;
        waited += nap) {
      Exception why = backlog.failure();
      if (why != null) {
        if (mayRefuse) {
          stalls.refused();
          throw refused(why);
        }
        return;
      }
      nap = Math.min(2 * nap, FULL_SLEEP_NANOS_MAX);
      LockSupport.parkNanos(this, nap);
      if (backlog.share() > 0) {
        return;
      }
    }
  }

  /// How writers were held up so far.
  public StallStats stats() {
    return stalls.stats();
  }

  /** Notes what a write costs; answers for how long the writer is to sleep. */
  private long pause(long cost) {
    long now = context.clock().nanos();
    long before = paidAt.get();
    long paid = paidAt(before, now, cost);
    while (!paidAt.compareAndSet(before, paid)) {
      before = paidAt.get();
      paid = paidAt(before, now, cost);
    }
    return sleep(paid - now, cost);
  }

  private VarveException refused(Exception why) {
    String what =
        "keyspace '"
            + context.name()
            + "' holds "
            + backlog.text()
            + " that cannot be written: the write was refused, reads and deletes go on";
    return why instanceof NoSpaceException full
        ? new DiskFullException(what + ". Make space; writing resumes by itself", full)
        : new StoreIoException(what, why instanceof IOException io ? io : new IOException(why));
  }
}
