package dev.varve.rigs;

import dev.varve.engine.Engine;
import dev.varve.engine.EngineContext;
import dev.varve.engine.EngineRegistry;
import dev.varve.engine.lsm.LsmEngine;
import dev.varve.engine.lsm.LsmSettings;
import dev.varve.engine.lsm.compaction.CompactionOptions;
import dev.varve.engine.lsm.compaction.CompactionStats;
import dev.varve.kv.EngineKind;
import dev.varve.store.StoreFixture;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/// The engines that rigs use: the LSM so small that a few hundred steps fill memtables, compact
/// down several levels, move files and replace manifests.
///
/// @threads one at a time
final class TinyLsm {
  private static final int MEMTABLE_BYTES = 4600;
  private static final int MANIFEST_BYTES = 1500;
  private static final int BLOCK_BYTES = 512;
  private static final long BASE_BYTES = 3 << 10;
  private static final long TARGET_BYTES = 1500;

  /** With tombstones that make a compaction due, in some cases. */
  private static final Duration TOMBSTONE_AGE = Duration.ofMillis(60);

  private final boolean varied;
  private final LsmBug bug;
  private final List<LsmEngine> made = new ArrayList<>();
  private final TinyBtree btree;

  /// @param varied whether tombstones have an age and indexes are read through the cache
  /// @param bug what is wrong on purpose
  TinyLsm(boolean varied, LsmBug bug) {
    this.varied = varied;
    this.bug = bug;
    this.btree = new TinyBtree(varied);
  }

  /// Every engine that there is.
  EngineRegistry engines() {
    Map<EngineKind, Function<EngineContext, Engine>> factories =
        new HashMap<>(StoreFixture.engines().factories());
    factories.put(EngineKind.LSM, this::make);
    factories.put(EngineKind.BTREE, btree::make);
    return new EngineRegistry(factories);
  }

  private Engine make(EngineContext context) {
    LsmEngine engine = LsmEngine.of(bug.given(context), this::settings);
    made.add(engine);
    return bug.around(engine);
  }

  /** So that some values of a script go to blob files. */
  private static final int BLOB_THRESHOLD = 100;

  private LsmSettings settings(LsmSettings usual) {
    return new LsmSettings(
        MEMTABLE_BYTES,
        usual.levelZeroSlow(),
        usual.limits(),
        usual
            .sstables()
            .withBlockBytes(BLOCK_BYTES)
            .withResidentBytes(varied ? 0 : usual.sstables().residentBytes()),
        BLOB_THRESHOLD,
        new CompactionOptions(
            2,
            BASE_BYTES,
            2,
            TARGET_BYTES,
            2 * TARGET_BYTES,
            4 * TARGET_BYTES,
            varied ? TOMBSTONE_AGE : Duration.ZERO),
        MANIFEST_BYTES);
  }

  /// What these engines did so far.
  EngineWork work() {
    return new EngineWork(lsmWork(), btree.work());
  }

  private LsmWork lsmWork() {
    LsmWork work = LsmWork.NONE;
    for (LsmEngine engine : made) {
      CompactionStats stats = engine.compactions();
      int deepest = 0;
      for (int level = 0; level < stats.bytesWritten().size(); level++) {
        deepest = stats.bytesWritten().get(level) > 0 ? level : deepest;
      }
      work =
          work.plus(
              new LsmWork(
                  engine.filledMemtables(),
                  stats.succeeded() - stats.moves(),
                  stats.moves(),
                  stats.failed(),
                  stats.tombstonesDropped(),
                  deepest,
                  engine.ingests(),
                  engine.blobs()));
    }
    return work;
  }
}
