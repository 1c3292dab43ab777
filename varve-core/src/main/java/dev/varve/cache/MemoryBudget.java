package dev.varve.cache;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/// How much memory all parts of a store use together, and may use. Parts that can do with less,
/// such as caches, register as [MemoryReclaimer] and are asked to shrink when another part needs
/// room.
///
/// @threads safe
public final class MemoryBudget {
  /** Three eighths: beside the memtables and what is being written there has to be room. */
  private static final int KEPT_SHARE = 3;

  private static final int KEPT_SHIFT = 3;

  private final long bytesMax;
  private final AtomicLong used = new AtomicLong();
  private final AtomicLong kept = new AtomicLong();
  private final List<MemoryReclaimer> reclaimers = new CopyOnWriteArrayList<>();

  /// A budget of `bytesMax` bytes.
  public MemoryBudget(long bytesMax) {
    this.bytesMax = bytesMax;
  }

  /// Notes that a part uses `bytes` more, or less where negative. What is used above the budget is
  /// reclaimed as far as that can be.
  public void use(long bytes) {
    if (bytes > 0 && used.get() > bytesMax - bytes) {
      // Before it is used: whoever looks in between finds no more in use than there may be.
      reclaim(used.get() - (bytesMax - bytes));
    }
    long now = used.addAndGet(bytes);
    if (bytes > 0 && now > bytesMax) {
      reclaim(now - bytesMax);
    }
  }

  /// Whether a part may keep `bytes` more for as long as it likes, such as an index that could also
  /// be read from its file each time. All that is kept together, which [#keep] is told of, has
  /// three eighths of the budget.
  public boolean mayKeep(long bytes) {
    return bytes <= (bytesMax >> KEPT_SHIFT) * KEPT_SHARE - kept.get();
  }

  /// As [#use], for memory of which [#mayKeep] was asked.
  public void keep(long bytes) {
    kept.addAndGet(bytes);
    use(bytes);
  }

  /// How many bytes are in use.
  public long used() {
    return used.get();
  }

  /// How many bytes may be in use.
  public long bytesMax() {
    return bytesMax;
  }

  /// Whether `bytes` more would fit, once what can be reclaimed for them has been.
  public boolean fits(long bytes) {
    long missing = used.get() - (bytesMax - bytes);
    if (missing > 0) {
      reclaim(missing);
    }
    return fitsAsIs(bytes);
  }

  /// Whether `bytes` more would fit without anybody giving memory back.
  public boolean fitsAsIs(long bytes) {
    return used.get() <= bytesMax - bytes;
  }

  /// Has `reclaimer` asked for memory from now on.
  public void register(MemoryReclaimer reclaimer) {
    reclaimers.add(reclaimer);
  }

  /// Has `reclaimer` asked no more.
  public void unregister(MemoryReclaimer reclaimer) {
    reclaimers.remove(reclaimer);
  }

  private void reclaim(long bytes) {
    long left = bytes;
    for (MemoryReclaimer reclaimer : reclaimers) {
      if (left <= 0) {
        return;
      }
      left -= reclaimer.reclaim(left);
    }
  }
}
