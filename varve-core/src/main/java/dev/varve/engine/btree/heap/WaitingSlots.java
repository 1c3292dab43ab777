package dev.varve.engine.btree.heap;

import dev.varve.base.HeapLayout;
import java.util.ArrayDeque;
import java.util.function.IntConsumer;
import java.util.function.LongConsumer;

/// Slots whose objects are gone, until nobody can read these any more.
///
/// @threads under the heap's lock
final class WaitingSlots {
  private static final long NONE = Long.MAX_VALUE;

  /** What one batch freed. */
  private static final class Group {
    final long batch;
    final int[] units;

    /** The epoch at which no new reader could find the objects; [#NONE] while one could. */
    long epoch = NONE;

    Group(long batch, int[] units) {
      this.batch = batch;
      this.units = units;
    }
  }

  private final LongConsumer memory;

  /** The oldest first. */
  private final ArrayDeque<Group> groups = new ArrayDeque<>();

  /// @param memory is told how many bytes more it takes
  WaitingSlots(LongConsumer memory) {
    this.memory = memory;
  }

  private static long memoryBytes(Group group) {
    return HeapLayout.bytesOfObject(1, 2 * Long.BYTES) + HeapLayout.bytesOf(group.units);
  }

  /// These slots are freed by a batch that is durable. Readers may still find what was in them.
  void add(long batch, int[] units) {
    if (units.length > 0) {
      Group group = new Group(batch, units);
      groups.add(group);
      memory.accept(memoryBytes(group));
    }
  }

  /// Whoever enters from now on finds none of the objects.
  void unreachable(long epoch) {
    for (Group group : groups) {
      if (group.epoch == NONE) {
        group.epoch = epoch;
      }
    }
  }

  /// The epoch from which on the oldest could be given back, for all that readers do; the greatest
  /// number when there is none.
  long nextEpoch() {
    Group oldest = groups.peek();
    return oldest == null || oldest.epoch == NONE ? NONE : oldest.epoch + 2;
  }

  /// Gives back what nobody reads: no reader that entered before `epoch` was reached, and no pin.
  ///
  /// @param oldestPin the batch that the oldest pin keeps, or the greatest number
  void release(long epoch, long oldestPin, IntConsumer reuse) {
    while (nextEpoch() <= epoch && groups.element().batch <= oldestPin) {
      Group group = groups.remove();
      for (int unit : group.units) {
        reuse.accept(unit);
      }
      memory.accept(-memoryBytes(group));
    }
  }

  /// What it takes of memory.
  long memoryBytes() {
    return groups.stream().mapToLong(WaitingSlots::memoryBytes).sum();
  }

  /// How many slots wait.
  long count() {
    return groups.stream().mapToLong(group -> group.units.length).sum();
  }
}
