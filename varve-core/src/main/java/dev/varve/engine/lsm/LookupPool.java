package dev.varve.engine.lsm;

import dev.varve.engine.lsm.sstable.ReadCounts;
import dev.varve.engine.lsm.sstable.SstableLookup;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;

/// Keeps room for look-ups, so that a read allocates nothing but its answer, and knows what all of
/// them counted.
///
/// @threads safe
final class LookupPool {
  private final AtomicReferenceArray<SstableLookup> free;

  /** Guards what is below. Taken only when room is made, is too much, or is asked for counts. */
  private final Object lock = new Object();

  private final List<SstableLookup> all = new ArrayList<>();

  /** What those counted that are not kept any more. */
  private final long[] counted = new long[ReadCounts.SIZE];

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
    return lookup == null ? make() : lookup;
  }

  private SstableLookup make() {
    SstableLookup lookup = new SstableLookup();
    synchronized (lock) {
      all.add(lookup);
    }
    return lookup;
  }

  /// Gives room back.
  void give(SstableLookup lookup) {
    if (!free.compareAndSet(slot(), null, lookup)) {
      drop(lookup);
    }
  }

  private void drop(SstableLookup lookup) {
    synchronized (lock) {
      all.remove(lookup);
      for (int i = 0; i < counted.length; i++) {
        counted[i] += lookup.counts().get(i);
      }
    }
  }

  /// What all look-ups counted so far, by the numbers of [ReadCounts].
  long[] counts() {
    synchronized (lock) {
      long[] sums = counted.clone();
      for (SstableLookup lookup : all) {
        for (int i = 0; i < sums.length; i++) {
          sums[i] += lookup.counts().get(i);
        }
      }
      return sums;
    }
  }
}
