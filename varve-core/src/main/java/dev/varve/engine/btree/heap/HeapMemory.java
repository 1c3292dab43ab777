package dev.varve.engine.btree.heap;

import dev.varve.cache.MemoryBudget;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;

/// How much memory a heap takes, told to the budget as it changes.
///
/// @threads safe
final class HeapMemory implements LongConsumer {
  private final MemoryBudget budget;
  private final AtomicLong used = new AtomicLong();

  HeapMemory(MemoryBudget budget) {
    this.budget = budget;
  }

  /// Takes `bytes` more, or less where negative.
  @Override
  public void accept(long bytes) {
    var _ = used.addAndGet(bytes);
    budget.use(bytes);
  }

  long used() {
    return used.get();
  }

  /// Gives all of it back.
  void release() {
    budget.use(-used.getAndSet(0));
  }
}
