package dev.varve.engine.lsm;

import dev.varve.engine.lsm.sstable.SstableLookup;
import java.util.concurrent.atomic.AtomicReferenceArray;

/// Keeps room for look-ups, so that a read allocates nothing but its answer.
///
/// @threads safe
final class LookupPool {
  private final AtomicReferenceArray<SstableLookup> free;

  /// @param size a power of two
  LookupPool(int size) {
    this.free = new AtomicReferenceArray<>(size);
  }

  private int slot() {
    return (int) Thread.currentThread().threadId() & (free.length() - 1);
  }

  /// Room for a look-up, nobody else's until it is given back.
  SstableLookup take() {
    SstableLookup lookup = free.getAndSet(slot(), null);
    return lookup == null ? new SstableLookup() : lookup;
  }

  /// Gives room back.
  void give(SstableLookup lookup) {
    free.setRelease(slot(), lookup);
  }
}
