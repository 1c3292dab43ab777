package dev.varve.engine.lsm;

import dev.varve.base.Bytes;
import java.io.IOException;
import java.util.List;

/// Several runs of a bulk load as one: of entries with one key that of the youngest run counts.
///
/// @threads one at a time
final class RunMerge {
  private final SortedEntries[] heap;

  /** Beside the heap: which run each is of; a greater number is younger. */
  private final int[] ages;

  private int size;

  /// @param runs oldest first; the caller closes them
  RunMerge(List<SortedEntries> runs) throws IOException {
    heap = new SortedEntries[runs.size()];
    ages = new int[runs.size()];
    for (int i = 0; i < runs.size(); i++) {
      if (runs.get(i).next()) {
        heap[size] = runs.get(i);
        ages[size++] = i;
      }
    }
    for (int i = size / 2 - 1; i >= 0; i--) {
      sink(i);
    }
  }

  boolean isValid() {
    return size > 0;
  }

  /// The entry with the least key, of the youngest run that has one.
  SortedEntries entry() {
    return heap[0];
  }

  /// Moves on; answers whether what comes has the key of the entry before, and is older.
  boolean advance(byte[] keyBefore, int lengthBefore) throws IOException {
    if (!heap[0].next()) {
      size--;
      heap[0] = heap[size];
      ages[0] = ages[size];
    }
    sink(0);
    return size > 0
        && Bytes.compare(
                heap[0].keyArray(),
                heap[0].keyOffset(),
                heap[0].keyLength(),
                keyBefore,
                0,
                lengthBefore)
            == 0;
  }

  private boolean isBefore(int a, int b) {
    SortedEntries x = heap[a];
    SortedEntries y = heap[b];
    int order =
        Bytes.compare(
            x.keyArray(), x.keyOffset(), x.keyLength(), y.keyArray(), y.keyOffset(), y.keyLength());
    return order != 0 ? order < 0 : ages[a] > ages[b];
  }

  private void sink(int from) {
    int at = from;
    while (2 * at + 1 < size) {
      int child = 2 * at + 1;
      if (child + 1 < size && isBefore(child + 1, child)) {
        child++;
      }
      if (!isBefore(child, at)) {
        return;
      }
      SortedEntries moved = heap[at];
      heap[at] = heap[child];
      heap[child] = moved;
      int age = ages[at];
      ages[at] = ages[child];
      ages[child] = age;
      at = child;
    }
  }
}
