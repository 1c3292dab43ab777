package dev.varve.rigs;

import dev.varve.engine.Engine;
import dev.varve.engine.EngineContext;
import dev.varve.engine.btree.BtreeEngine;
import dev.varve.engine.btree.BtreeSettings;
import dev.varve.kv.BtreeStats;
import java.util.ArrayList;
import java.util.List;

/// Engines of kind BTREE so small that a few hundred steps split and join leaves, write leaves that
/// changed again and again, move objects and replace maps.
///
/// @threads one at a time
final class TinyBtree {
  private static final int ORDER = 6;
  private static final int LEAF_BYTES = 700;
  private static final int LEAF_BYTES_FIRST = 64;

  /** So that some values of a script are kept apart. */
  private static final int INLINE_BYTES = 100;

  private static final long DIRTY_BYTES = 16 << 10;
  private static final int SLAB_BYTES = 4 << 10;
  private static final long MAP_BYTES = 600;
  private static final long MOVE_BYTES = 2 << 10;

  private final boolean varied;
  private final List<BtreeEngine> made = new ArrayList<>();

  /// @param varied whether the order follows how full leaves are
  TinyBtree(boolean varied) {
    this.varied = varied;
  }

  Engine make(EngineContext context) {
    BtreeEngine engine = BtreeEngine.of(context, this::settings);
    made.add(engine);
    return engine;
  }

  private BtreeSettings settings(BtreeSettings usual) {
    return new BtreeSettings(
        ORDER,
        varied,
        LEAF_BYTES,
        LEAF_BYTES_FIRST,
        INLINE_BYTES,
        usual.codec(),
        DIRTY_BYTES,
        usual.logBytesMax(),
        usual
            .heap()
            .withSlabBytes(SLAB_BYTES)
            .withMapBytesMin(MAP_BYTES)
            .withMoveBytesMin(MOVE_BYTES));
  }

  /// What these engines did so far.
  BtreeWork work() {
    BtreeWork work = BtreeWork.NONE;
    for (BtreeEngine engine : made) {
      BtreeStats stats = engine.figures();
      work =
          work.plus(
              new BtreeWork(
                  stats.flushes().count(),
                  stats.tree().splits(),
                  stats.tree().merges(),
                  stats.heap().objectsMoved(),
                  stats.heap().mapsReplaced(),
                  engine.valuesKeptApart()));
    }
    return work;
  }
}
