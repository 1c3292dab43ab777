package dev.varve.store;

import dev.varve.engine.Visibility;
import dev.varve.txn.PinnedMoment;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/// Which commits readers see, and the moments that are pinned.
///
/// @threads safe. [#publish]: one thread at a time.
final class Moments implements Visibility {
  /* A pin must protect what it will read before it knows what that is: a writer that looks between
   * the two would give it away. So a pin first says that no moment is safe to forget, then reads
   * which commit is visible, and then says which moment it took. A writer reads in the opposite order:
   * what is visible, then the pins, with a full fence between (Visibility says so). Whichever came
   * first, the writer sees the pin, or the pin takes a moment at or past the one that the writer went
   * by.
   *
   * Pins are taken under the lock, so in the order of their moments: the list is sorted. */

  /// A moment that stays readable until each of its holders has called [#close].
  final class Pin implements PinnedMoment {
    private final long sequence;
    private final boolean counted;
    private @Nullable Pin before;
    private @Nullable Pin behind;
    private int holders = 1;

    private Pin(long sequence, boolean counted) {
      this.sequence = sequence;
      this.counted = counted;
    }

    @Override
    public long sequence() {
      return sequence;
    }

    /// Adds a holder. Answers false when the last one has gone.
    boolean hold() {
      synchronized (Moments.this) {
        if (holders == 0) {
          return false;
        }
        holders++;
        return true;
      }
    }

    /// Has one holder give the moment up. To be called once by each.
    @Override
    public void close() {
      unpin(this);
    }
  }

  private final AtomicLong visibleThrough;
  private volatile long oldestPinned = Long.MAX_VALUE;
  private volatile long newestPinned = -1;
  private @Nullable Pin first;
  private @Nullable Pin last;
  private int count;

  Moments(long visibleThrough) {
    this.visibleThrough = new AtomicLong(visibleThrough);
  }

  @Override
  public long visibleThrough() {
    return visibleThrough.get();
  }

  /// Lets readers see the commits up to this one.
  void publish(long sequence) {
    visibleThrough.setRelease(sequence);
  }

  @Override
  public long oldestPinned() {
    return oldestPinned;
  }

  @Override
  public long newestPinned() {
    return newestPinned;
  }

  @Override
  public synchronized long[] readable() {
    long visible = visibleThrough.get();
    LongStream.Builder moments = LongStream.builder();
    for (Pin pin = first; pin != null; pin = pin.behind) {
      moments.add(pin.sequence);
    }
    return moments.add(visible).build().distinct().toArray();
  }

  /// Pins the moment now, for a user's snapshot, cursor or transaction.
  Pin pin() {
    return pin(true);
  }

  /// Pins the moment now, for a job of the store itself, which [#count] does not tell of.
  Pin pinForJob() {
    return pin(false);
  }

  private synchronized Pin pin(boolean counted) {
    newestPinned = Long.MAX_VALUE;
    if (first == null) {
      oldestPinned = visibleThrough.get();
    }
    Pin pin = new Pin(visibleThrough.get(), counted);
    pin.before = last;
    if (last == null) {
      first = pin;
    } else {
      last.behind = pin;
    }
    last = pin;
    count += counted ? 1 : 0;
    newestPinned = pin.sequence;
    return pin;
  }

  private synchronized void unpin(Pin pin) {
    if (--pin.holders > 0) {
      return;
    }
    count -= pin.counted ? 1 : 0;
    if (pin.before == null) {
      first = pin.behind;
    } else {
      pin.before.behind = pin.behind;
    }
    if (pin.behind == null) {
      last = pin.before;
    } else {
      pin.behind.before = pin.before;
    }
    oldestPinned = first == null ? Long.MAX_VALUE : first.sequence;
    newestPinned = last == null ? -1 : last.sequence;
  }

  /// How many pins users have.
  synchronized int count() {
    return count;
  }
}
