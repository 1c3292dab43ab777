package dev.varve.engine.lsm.compaction;

import dev.varve.engine.lsm.compaction.CompactionDecision.Merge;
import dev.varve.engine.lsm.sstable.SstableCursor;
import dev.varve.engine.lsm.version.SstableMeta;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// All inputs of a merge as one sequence of entries: by key, then newest first.
///
/// @threads one at a time
/// @lifetime until [#close]
final class MergeInputs implements AutoCloseable {
  private final List<MergeInput> all = new ArrayList<>();

  /** A heap: none of `2 i + 1` and `2 i + 2` comes before `i`. */
  private final MergeInput[] heap;

  private int size;

  MergeInputs(CompactionEnvironment environment, Merge merge) {
    List<SstableMeta> upper = new ArrayList<>(merge.upper());
    if (merge.level() == 0) {
      upper.sort(Comparator.comparingLong(SstableMeta::largestSequence).reversed());
      for (SstableMeta sstable : upper) {
        all.add(new MergeInput(environment, List.of(sstable), all.size()));
      }
    } else {
      upper.sort((a, b) -> dev.varve.base.Bytes.compare(a.from(), b.from()));
      all.add(new MergeInput(environment, upper, all.size()));
    }
    all.add(new MergeInput(environment, merge.lower(), all.size()));
    heap = new MergeInput[all.size()];
  }

  /// Moves to the first entry of a key from `from` on; null stands for the first of all.
  ///
  /// @throws dev.varve.kv.CorruptionException when what has to be read is damaged
  /// @throws IOException when the device refuses
  void seek(byte @Nullable [] from) throws IOException {
    size = 0;
    for (MergeInput input : all) {
      if (input.seek(from)) {
        heap[size++] = input;
      }
    }
    for (int i = size / 2 - 1; i >= 0; i--) {
      sink(i);
    }
  }

  /// Whether it stands on an entry.
  boolean isValid() {
    return size > 0;
  }

  /// The entry that it stands on.
  SstableCursor entry() {
    return heap[0].entry();
  }

  /// Moves on.
  ///
  /// @throws dev.varve.kv.CorruptionException when what has to be read is damaged
  /// @throws IOException when the device refuses
  void advance() throws IOException {
    if (!heap[0].advance()) {
      heap[0] = heap[--size];
    }
    sink(0);
  }

  private void sink(int from) {
    int at = from;
    while (2 * at + 1 < size) {
      int child = 2 * at + 1;
      if (child + 1 < size && heap[child + 1].compareTo(heap[child]) < 0) {
        child++;
      }
      if (heap[at].compareTo(heap[child]) <= 0) {
        return;
      }
      MergeInput moved = heap[at];
      heap[at] = heap[child];
      heap[child] = moved;
      at = child;
    }
  }

  @Override
  public void close() throws IOException {
    IOException first = null;
    for (MergeInput input : all) {
      try {
        input.close();
      } catch (IOException e) {
        if (first == null) {
          first = e;
        }
      }
    }
    if (first != null) {
      throw first;
    }
  }
}
