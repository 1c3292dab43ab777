package dev.varve.engine.memory;

import dev.varve.base.ReaderEpochs;
import java.util.function.IntConsumer;

/// What was taken out of use and may still be looked at by readers.
///
/// @threads the writer's
final class Limbo {
  private final ReaderEpochs epochs;
  private final IntConsumer free;
  private final IntList[] byEpoch = {new IntList(), new IntList(), new IntList()};
  private final long[] epochOf = new long[3];

  /// `free` is given each number once no reader can reach what it stands for.
  Limbo(ReaderEpochs epochs, IntConsumer free) {
    this.epochs = epochs;
    this.free = free;
  }

  /// Takes something that was just made unreachable for readers to come.
  void add(int number) {
    long epoch = epochs.epoch();
    int bucket = (int) (epoch % 3);
    if (epochOf[bucket] != epoch) {
      // Three epochs old at least.
      freeAll(byEpoch[bucket]);
      epochOf[bucket] = epoch;
    }
    byEpoch[bucket].add(number);
  }

  /// Frees what no reader can reach any more, moving the epoch as far as readers allow.
  void release() {
    if (epochs.tryAdvance()) {
      boolean _ = epochs.tryAdvance();
    }
    long epoch = epochs.epoch();
    for (int bucket = 0; bucket < 3; bucket++) {
      if (epochOf[bucket] + 2 <= epoch) {
        freeAll(byEpoch[bucket]);
      }
    }
  }

  private void freeAll(IntList numbers) {
    for (int i = 0; i < numbers.size(); i++) {
      free.accept(numbers.get(i));
    }
    numbers.clear();
  }
}
