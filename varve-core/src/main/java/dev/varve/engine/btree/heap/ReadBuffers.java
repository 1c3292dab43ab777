package dev.varve.engine.btree.heap;

import dev.varve.base.HeapLayout;
import dev.varve.cache.MemoryBudget;
import java.util.concurrent.atomic.AtomicReferenceArray;

/// Keeps a few buffers, so that a read allocates nothing but its answer.
///
/// @threads safe
/// @lifetime until [#close]; what is given back later is dropped
final class ReadBuffers implements AutoCloseable {
  /// The most bytes that a buffer has: the longest name, its header, and a little.
  static final int BYTES_MAX = SlotHeader.NAME_BYTES_MAX + (4 << 10);

  private static final int BYTES_MIN = 8 << 10;
  private static final int KEPT = 8;

  private final MemoryBudget budget;
  private final AtomicReferenceArray<byte[]> kept = new AtomicReferenceArray<>(KEPT);
  private volatile boolean closed;

  ReadBuffers(MemoryBudget budget) {
    this.budget = budget;
  }

  private static int slot() {
    return (int) Thread.currentThread().threadId() & (KEPT - 1);
  }

  /// A buffer, nobody else's until it is given back, of at least so many bytes, or [#BYTES_MAX].
  byte[] take(long bytes) {
    int needed = (int) Math.min(BYTES_MAX, bytes);
    byte[] buffer = kept.getAndSet(slot(), null);
    if (buffer != null && buffer.length >= needed) {
      return buffer;
    }
    if (buffer != null) {
      drop(buffer);
    }
    byte[] made = new byte[Math.min(BYTES_MAX, Math.max(BYTES_MIN, needed + needed / 4))];
    budget.use(HeapLayout.bytesOf(made));
    return made;
  }

  /// Gives a buffer back.
  void give(byte[] buffer) {
    if (!kept.compareAndSet(slot(), null, buffer)) {
      drop(buffer);
    } else if (closed) {
      dropAll();
    }
  }

  private void drop(byte[] buffer) {
    budget.use(-HeapLayout.bytesOf(buffer));
  }

  private void dropAll() {
    for (int slot = 0; slot < KEPT; slot++) {
      byte[] buffer = kept.getAndSet(slot, null);
      if (buffer != null) {
        drop(buffer);
      }
    }
  }

  @Override
  public void close() {
    closed = true;
    dropAll();
  }
}
