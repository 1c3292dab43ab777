package dev.varve.engine.memory;

import dev.varve.engine.Visibility;
import java.lang.invoke.VarHandle;

/// Keeps the revisions that readers still need, and gives back the others.
///
/// @threads the writer's
final class Revisions {
  /* Each record links to the revision before it. When a commit puts a record over another, the new
   * one is queued. Once that commit is visible its queue entry comes up, and what lies below is looked
   * at: a revision is needed while somebody may read a moment at which it was the newest. Moments in
   * the past are read by pins alone, so of a revision made by commit m and overwritten by commit n
   * that is so while a pin in [m, n) may exist.
   *
   * If none can, the revision is unlinked and retired. Otherwise the entry moves to a second queue
   * and waits until the oldest pin has passed n.
   *
   * I1: below a record in no queue there is nothing.
   * I2: an unlinked record that is still in the second queue (HELD, UNLINKED) is retired when its
   *     entry comes up, so that no entry ever names memory that is used again. */

  /** How much is looked at when a commit has changed nothing itself. */
  private static final int STEPS_MIN = 4;

  /** How many entries are worth a fence. */
  private static final int BATCH = 32;

  private final RecordHeap heap;
  private final KeyIndex index;
  private final Visibility visibility;
  private final RevisionQueue fresh = new RevisionQueue();
  private final RevisionQueue held = new RevisionQueue();
  private final IntList removed = new IntList();

  Revisions(RecordHeap heap, KeyIndex index, Visibility visibility) {
    this.heap = heap;
    this.index = index;
    this.visibility = visibility;
  }

  /// Takes note of a record that was put over another, as every tombstone is.
  void add(long sequence, int address) {
    fresh.add(sequence, address);
  }

  /// How many wait for readers.
  int waiting() {
    return fresh.size() + held.size();
  }

  long memoryBytes() {
    return fresh.memoryBytes() + held.memoryBytes();
  }

  /// Gives back what nobody needs, as far as about `changes` steps go.
  void reclaim(int changes) {
    if (fresh.size() < BATCH && held.isEmpty()) {
      return;
    }
    long visible = visibility.visibleThrough();
    VarHandle.fullFence();
    long oldest = Math.min(visibility.oldestPinned(), visible);
    long newest = visibility.newestPinned();
    int steps = BATCH + STEPS_MIN + 2 * changes;
    while (steps > 0 && !held.isEmpty() && held.firstSequence() <= oldest) {
      long sequence = held.firstSequence();
      int address = held.removeFirst();
      heap.setFlag(address, RecordHeap.HELD, false);
      if (heap.hasFlag(address, RecordHeap.UNLINKED)) {
        heap.retire(address);
      } else {
        settle(sequence, address, oldest, newest);
      }
      steps--;
    }
    while (steps > 0 && !fresh.isEmpty() && fresh.firstSequence() <= visible) {
      long sequence = fresh.firstSequence();
      int address = fresh.removeFirst();
      settle(sequence, address, oldest, newest);
      steps--;
    }
  }

  private void settle(long sequence, int address, long oldest, long newest) {
    if (sequence <= oldest) {
      int below = heap.previous(address);
      heap.setPrevious(address, 0);
      while (below != 0) {
        int next = heap.previous(below);
        drop(below);
        below = next;
      }
    } else {
      for (int below = heap.previous(address); below != 0; below = heap.previous(address)) {
        if (heap.sequence(below) <= newest) {
          heap.setFlag(address, RecordHeap.HELD, true);
          held.add(sequence, address);
          return;
        }
        heap.setPrevious(address, heap.previous(below));
        drop(below);
      }
    }
    if (heap.isTombstone(address)) {
      removeTombstone(address);
    }
  }

  private void drop(int address) {
    if (heap.hasFlag(address, RecordHeap.HELD)) {
      heap.setFlag(address, RecordHeap.UNLINKED, true);
    } else {
      heap.retire(address);
    }
  }

  /** A tombstone with nothing below says what no record would say as well. */
  private void removeTombstone(int address) {
    int found = index.locate(heap.array(address), heap.keyOffset(address), heap.keyLength(address));
    if (found != address) {
      return;
    }
    index.remove(removed);
    for (int i = 0; i < removed.size(); i++) {
      heap.retire(removed.get(i));
    }
    removed.clear();
  }
}
