package dev.varve.rigs;

import dev.varve.fs.CrashImage;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.EngineKind;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.Store;
import dev.varve.model.StoreLife;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/// The life of a store of the metamorphic rig, on a file system in memory.
///
/// @threads one at a time
/// @lifetime until [#close] or [#abandon]
final class MetamorphicLife implements StoreLife {
  private final EngineKind engine;
  private final OptionSet options;
  private final long seed;
  private final PlantedBug bug;
  private final Map<String, KeyspaceOptions> keyspaces = new HashMap<>();
  private final HandClock clock = new HandClock();
  private final SplittableRandom random;
  private final int lanes;
  private final LaneThreads threads;
  private MemoryFileSystem fs = new MemoryFileSystem();
  private RigStore store;
  private int openings;
  private EngineWork work = EngineWork.NONE;

  /// @param seed of the lanes that commits go to, and of background work
  /// @param bug what is wrong on purpose
  MetamorphicLife(EngineKind engine, OptionSet options, long seed, PlantedBug bug) {
    this.engine = engine;
    this.options = options;
    this.seed = seed;
    this.bug = bug;
    this.random = new SplittableRandom(seed);
    this.lanes = options.lanesMax(engine);
    this.threads = new LaneThreads(lanes);
    this.store = open();
  }

  private RigStore open() {
    RigSetup setup =
        new RigSetup(
            seed,
            options.store(engine, openings++),
            this::options,
            options.tuning(),
            bug,
            options.hasThreads());
    return new RigStore(bug.between(fs), setup, clock);
  }

  @Override
  public Store store() {
    return store.store();
  }

  @Override
  public KeyspaceOptions options(String keyspace) {
    return keyspaces.computeIfAbsent(keyspace, name -> options.keyspace(engine, name));
  }

  @Override
  public String perform(boolean waits, Supplier<String> operation) {
    Callable<String> work =
        () -> {
          store.beforeStep(waits);
          String answer = operation.get();
          store.afterStep();
          return answer;
        };
    return threads.on(random.nextInt(lanes), work);
  }

  /** Whether anything was committed since the store was opened. */
  private boolean hasCommitted() {
    return store.store().stats().visibleThrough() > store.recovered();
  }

  @Override
  public void idle() {
    store.idle();
  }

  private void closeStore() {
    work = work.plus(store.work());
    store.close();
  }

  @Override
  public void reopen(boolean held) {
    // Whoever commits nothing writes nothing, so his closing leaves the log as he found it.
    boolean sealed = hasCommitted();
    closeStore();
    if (!held) {
      requireClosed();
    }
    store = open();
    if (sealed && !store.store().recovery().clean()) {
      throw new IllegalStateException("a closed store does not open clean");
    }
  }

  private void requireClosed() {
    List<?> open = fs.openFiles();
    if (!open.isEmpty()) {
      throw new IllegalStateException("closed with open files: " + open);
    }
  }

  @Override
  public void kill() {
    end(MemoryFileSystem::kill);
  }

  @Override
  public void cut(CrashImage image) {
    end(before -> before.crash(image));
  }

  private void end(UnaryOperator<MemoryFileSystem> left) {
    MemoryFileSystem after = left.apply(fs);
    // Whatever it does now is done to another world; it only gives its memory back.
    closeStore();
    fs = after;
    store = open();
  }

  @Override
  public void close() {
    closeStore();
    requireClosed();
    threads.close();
  }

  /// Closes a store of which something is wrong already.
  void abandon() {
    try {
      closeStore();
    } catch (RuntimeException | Error _) {
      // It has shown what is wrong with it; this is only about memory and threads.
      work = EngineWork.NONE;
    }
    threads.close();
  }

  /// How often the store was opened.
  int openings() {
    return openings;
  }

  /// What its LSM engines did, in the lives that have ended.
  EngineWork work() {
    return work;
  }
}
