package dev.varve.store;

import dev.varve.base.Clock;
import dev.varve.kv.StoreOptions;
import org.jspecify.annotations.Nullable;

/// Gives up snapshots that were open for longer than the options allow, or while more was written:
/// what they keep of old revisions is bounded by that.
///
/// @threads safe
final class SnapshotLimits {
  /* It is commits that make a snapshot dear, so it is commits that look. Snapshots come and go in the
   * order of their moments, all with the same limits, so the oldest is the first to pass one. */

  /// What a snapshot holds. It does not know the snapshot, so that this may be forgotten.
  static final class Held {
    private final SnapshotLimits limits;
    private final Moments.Pin pin;
    private final long openedNanos;
    private final long openedBytes;
    private volatile boolean tooOld;

    // The monitor's of the limits.
    private boolean released;
    private @Nullable Held before;
    private @Nullable Held behind;

    private Held(SnapshotLimits limits, Moments.Pin pin, long openedNanos, long openedBytes) {
      this.limits = limits;
      this.pin = pin;
      this.openedNanos = openedNanos;
      this.openedBytes = openedBytes;
    }

    Moments.Pin pin() {
      return pin;
    }

    /// Whether it was given up.
    boolean isTooOld() {
      return tooOld;
    }

    /// Gives the moment up. A second call does nothing.
    void release() {
      limits.release(this);
    }
  }

  private final Clock clock;
  private final long nanosMax;
  private final long bytesMax;

  // The monitor's.
  private long written;
  private @Nullable Held first;
  private @Nullable Held last;

  SnapshotLimits(StoreOptions options, Clock clock) {
    this.clock = clock;
    this.nanosMax = options.snapshotAge().toNanos();
    this.bytesMax = options.snapshotBytes().bytes();
  }

  private boolean isLimited() {
    return nanosMax > 0 || bytesMax > 0;
  }

  /// Takes the moment now for a snapshot.
  Held open(Moments moments) {
    if (!isLimited()) {
      return new Held(this, moments.pin(), 0, 0);
    }
    synchronized (this) {
      Held held = new Held(this, moments.pin(), clock.nanos(), written);
      held.before = last;
      if (last == null) {
        first = held;
      } else {
        last.behind = held;
      }
      last = held;
      return held;
    }
  }

  private void release(Held held) {
    synchronized (this) {
      if (held.released) {
        return;
      }
      held.released = true;
      if (isLimited()) {
        unlink(held);
      }
    }
    held.pin.close();
  }

  private void unlink(Held held) {
    if (held.before == null) {
      first = held.behind;
    } else {
      held.before.behind = held.behind;
    }
    if (held.behind == null) {
      last = held.before;
    } else {
      held.behind.before = held.before;
    }
  }

  /// Is told of each commit, and gives up snapshots that have passed a limit.
  void wrote(long bytes) {
    if (!isLimited()) {
      return;
    }
    synchronized (this) {
      written += bytes;
    }
    for (Held oldest = past(); oldest != null; oldest = past()) {
      release(oldest);
    }
  }

  private synchronized @Nullable Held past() {
    Held oldest = first;
    if (oldest == null || !isPast(oldest)) {
      return null;
    }
    // Before it is released: a reader that finds nothing there any more must find this.
    oldest.tooOld = true;
    return oldest;
  }

  private boolean isPast(Held held) {
    return (bytesMax > 0 && written - held.openedBytes > bytesMax)
        || (nanosMax > 0 && clock.nanos() - held.openedNanos > nanosMax);
  }
}
