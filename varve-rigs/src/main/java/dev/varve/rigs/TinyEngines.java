package dev.varve.rigs;

import dev.varve.engine.Engine;
import dev.varve.engine.EngineContext;
import dev.varve.engine.EngineRegistry;
import dev.varve.engine.btree.BtreeEngine;
import dev.varve.engine.lsm.LsmEngine;
import dev.varve.engine.lsm.compaction.CompactionStats;
import dev.varve.kv.BtreeStats;
import dev.varve.kv.EngineKind;
import dev.varve.store.StoreFixture;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;

/// The engines that rigs use: with other settings than users have, and with a bug around them where
/// a rig is to find one.
///
/// @threads safe
final class TinyEngines {
  private final EngineTuning tuning;
  private final PlantedBug bug;
  private final List<LsmEngine> lsms = new CopyOnWriteArrayList<>();
  private final List<BtreeEngine> btrees = new CopyOnWriteArrayList<>();

  /// @param bug what is wrong on purpose
  TinyEngines(EngineTuning tuning, PlantedBug bug) {
    this.tuning = tuning;
    this.bug = bug;
  }

  /// The kinds of engines that there are.
  static List<EngineKind> kinds() {
    return StoreFixture.engines().factories().keySet().stream().sorted().toList();
  }

  /// Every engine that there is.
  EngineRegistry engines() {
    Map<EngineKind, Function<EngineContext, Engine>> factories = new HashMap<>();
    StoreFixture.engines()
        .factories()
        .forEach((kind, usual) -> factories.put(kind, context -> make(kind, context, usual)));
    return new EngineRegistry(factories);
  }

  private Engine make(
      EngineKind kind, EngineContext context, Function<EngineContext, Engine> usual) {
    EngineContext given = bug.given(context);
    Engine engine = tuning.make(kind, given, usual);
    switch (engine) {
      case LsmEngine lsm -> lsms.add(lsm);
      case BtreeEngine btree -> btrees.add(btree);
      default -> {
        // It keeps nothing in files by itself.
      }
    }
    return bug.around(engine, given);
  }

  /// What these engines did so far.
  EngineWork work() {
    LsmWork lsm = LsmWork.NONE;
    for (LsmEngine engine : lsms) {
      lsm = lsm.plus(work(engine));
    }
    BtreeWork btree = BtreeWork.NONE;
    for (BtreeEngine engine : btrees) {
      btree = btree.plus(work(engine));
    }
    return new EngineWork(lsm, btree);
  }

  private static LsmWork work(LsmEngine engine) {
    CompactionStats stats = engine.compactions();
    int deepest = 0;
    for (int level = 0; level < stats.bytesWritten().size(); level++) {
      deepest = stats.bytesWritten().get(level) > 0 ? level : deepest;
    }
    return new LsmWork(
        engine.filledMemtables(),
        stats.succeeded() - stats.moves(),
        stats.moves(),
        stats.failed(),
        stats.tombstonesDropped(),
        deepest,
        engine.ingests(),
        engine.blobs());
  }

  private static BtreeWork work(BtreeEngine engine) {
    BtreeStats stats = engine.figures();
    return new BtreeWork(
        stats.flushes().count(),
        stats.tree().splits(),
        stats.tree().merges(),
        stats.heap().objectsMoved(),
        stats.heap().mapsReplaced(),
        engine.valuesKeptApart());
  }
}
