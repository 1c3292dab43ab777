package dev.varve.cache;

import java.util.concurrent.atomic.AtomicLong;

/// How much memory all parts of a store use together, and may use.
///
/// @threads safe
public final class MemoryBudget {
  private final long bytesMax;
  private final AtomicLong used = new AtomicLong();

  /// A budget of `bytesMax` bytes.
  public MemoryBudget(long bytesMax) {
    this.bytesMax = bytesMax;
  }

  /// Notes that a part uses `bytes` more, or less where negative.
  public void use(long bytes) {
    used.addAndGet(bytes);
  }

  /// How many bytes are in use.
  public long used() {
    return used.get();
  }

  /// How many bytes may be in use.
  public long bytesMax() {
    return bytesMax;
  }

  /// Whether `bytes` more would fit.
  public boolean fits(long bytes) {
    return used.get() + bytes <= bytesMax;
  }
}
