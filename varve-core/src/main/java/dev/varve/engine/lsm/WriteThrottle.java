package dev.varve.engine.lsm;

import dev.varve.engine.EngineContext;
import dev.varve.engine.lsm.memtable.Memtable;
import dev.varve.events.StallEvent;
import dev.varve.fs.NoSpaceException;
import dev.varve.kv.DiskFullException;
import dev.varve.kv.LsmStats;
import dev.varve.kv.StoreIoException;
import dev.varve.kv.VarveException;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/// Has writers wait when they are ahead of what can be written to files: the further ahead, the
/// longer, so that they come to the pace of the device without standing still.
///
/// @threads safe
final class WriteThrottle {
  /* Writers together get a share of the pace of flushes: more than all of it while there is room for
   * what they are ahead, all of it half the way to the most that may wait, and the less the nearer
   * that is. So a short load passes, a lasting one settles at the pace of flushes, and a heavier one
   * meets no wall. Files at level 0 are another matter: flushes make them, and merges, which take
   * them away, are slower than that.
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

  /** A store with less than this part of its memory left waits for what is being written. */
  private static final int TIGHT_SHIFT = 4;

  /** In bytes for each nanosecond, before the first flush: 64 MB/s. */
  private static final double FIRST_PACE = 0.064;

  /** 256 KB/s. */
  private static final double PACE_MIN = 0.000_256;

  /** What the last flush counts for in the pace. */
  private static final double LAST_SHARE = 0.3;

  private final EngineContext context;
  private final LsmSettings settings;
  private final LsmState state;
  private final LsmFlush flush;

  /** When what was let through so far is paid for. */
  private final AtomicLong paidAt;

  private volatile double pace = FIRST_PACE;
  private final StallCounters stalls = new StallCounters();

  WriteThrottle(EngineContext context, LsmSettings settings, LsmState state, LsmFlush flush) {
    this.context = context;
    this.settings = settings;
    this.state = state;
    this.flush = flush;
    this.paidAt = new AtomicLong(context.clock().nanos() - BURST_NANOS);
  }

  /// What part of the pace of flushes writers get: 0 when nobody may go on, infinity when nobody
  /// waits.
  ///
  /// @param memtableBytes what all memtables hold
  /// @param memtableMax at which size one is full
  /// @param files how many files level 0 has
  /// @param filesSlow from how many on writers are slowed; twice as many stop them
  static double share(long memtableBytes, long memtableMax, int files, int filesSlow) {
    // From two full memtables on, up to four.
    double memory = debt(memtableBytes, 2 * memtableMax);
    double levelZero = 1 - debt(files, filesSlow);
    double share = memory == 0 ? Double.POSITIVE_INFINITY : (1 - memory) / memory;
    return levelZero == 1 ? share : Math.min(share, levelZero * levelZero);
  }

  /** How far something is from `slow`, as 0, to twice as much, as 1. */
  private static double debt(long much, long slow) {
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

  /// Is told that a flush wrote a memtable of so many bytes.
  void flushed(long bytes, long nanos) {
    pace = (1 - LAST_SHARE) * pace + LAST_SHARE * bytes / Math.max(1, nanos);
  }

  private double share() {
    ReadState seen = state.now();
    int files = seen.files().levelZeroRuns();
    long bytes = 0;
    if (!seen.sealed().isEmpty()) {
      if (!context.budget().fits(context.budget().bytesMax() >> TIGHT_SHIFT)) {
        return 0;
      }
      bytes = seen.active().memoryBytes();
      for (Memtable sealed : seen.sealed()) {
        bytes += sealed.memoryBytes();
      }
    }
    return share(bytes, settings.memtableBytes(), files, settings.levelZeroSlow());
  }

  /// As [dev.varve.engine.Engine#awaitRoom].
  void await(long bytes, boolean mayRefuse) {
    double share = share();
    if (share == Double.POSITIVE_INFINITY || !context.services().isStarted()) {
      return;
    }
    flush.request();
    long pause = share > 0 ? pause(nanos(bytes, share, pace)) : 0;
    if (share > 0 && pause == 0) {
      return;
    }
    ReadState seen = state.now();
    StallEvent event = new StallEvent();
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
        event.sealedMemtables = seen.sealed().size();
        event.levelZeroFiles = seen.files().version().level(0).size();
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
      Exception why = flush.failure();
      if (why != null) {
        if (mayRefuse) {
          stalls.refused();
          throw refused(why);
        }
        return;
      }
      nap = Math.min(2 * nap, FULL_SLEEP_NANOS_MAX);
      LockSupport.parkNanos(this, nap);
      if (share() > 0) {
        return;
      }
    }
  }

  /// How writers were held up so far.
  LsmStats.Stalls stats() {
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
            + state.now().sealed().size()
            + " memtables of "
            + settings.memtableBytes()
            + " bytes that cannot be written: the write was refused, reads and deletes go on";
    return why instanceof NoSpaceException full
        ? new DiskFullException(what + ". Make space; writing resumes by itself", full)
        : new StoreIoException(what, why instanceof IOException io ? io : new IOException(why));
  }
}
