package dev.varve.engine.btree;

import dev.varve.cache.MemoryBudget;
import dev.varve.engine.btree.heap.Heap;
import dev.varve.engine.btree.heap.ObjectKind;
import dev.varve.engine.btree.heap.StoredObject;
import dev.varve.kv.BtreeOptions;
import dev.varve.kv.VarveException;
import java.util.Comparator;
import java.util.List;
import java.util.function.BooleanSupplier;

/// Brings leaves into memory before anybody asks for them.
///
/// @threads one at a time, beside everything else
final class WarmUp {
  /** With less than this part of the memory left the rest is for those who ask. */
  private static final int LEFT_SHIFT = 3;

  private final MemoryBudget budget;
  private final Tree tree;
  private final LeafLoader loader;
  private final BooleanSupplier stopped;

  /// @param stopped whether to end early
  WarmUp(MemoryBudget budget, Tree tree, LeafLoader loader, BooleanSupplier stopped) {
    this.budget = budget;
    this.tree = tree;
    this.loader = loader;
    this.stopped = stopped;
  }

  /// Brings in what the option says. What cannot be read is left for whoever asks for it.
  void run(BtreeOptions.WarmUp kind, Heap heap) {
    switch (kind) {
      case NONE -> {}
      case RECENT -> {
        List<StoredObject> newestFirst =
            heap.objects(ObjectKind.LEAF).stream()
                .sorted(Comparator.comparingLong(StoredObject::generation).reversed())
                .toList();
        load(newestFirst, budget.bytesMax() / 2);
      }
      case FULL ->
          load(
              heap.objects(ObjectKind.LEAF), budget.bytesMax() - (budget.bytesMax() >> LEFT_SHIFT));
    }
  }

  private void load(List<StoredObject> leaves, long usedMax) {
    for (StoredObject leaf : leaves) {
      if (stopped.getAsBoolean() || budget.used() >= usedMax) {
        return;
      }
      load(leaf);
    }
  }

  private void load(StoredObject leaf) {
    byte[] low = leaf.name();
    try {
      LeafEntries _ = loader.entries(tree.find(low, 0, low.length));
    } catch (VarveException _) {
      // Whoever asks for it is told.
      return;
    }
  }
}
