package dev.varve.rigs;

import dev.varve.base.RandomSource;
import dev.varve.fs.FileSystem;
import dev.varve.kv.BulkLoad;
import dev.varve.kv.Durability;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import dev.varve.kv.UsageException;
import dev.varve.kv.WriteBatch;
import dev.varve.model.Step;
import dev.varve.model.StoreState;
import dev.varve.store.StoreEnvironment;
import dev.varve.store.StoreOpener;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// A store whose time, randomness and background work are in a rig's hands.
///
/// @threads one at a time
/// @lifetime until [#close] or until its file system is forgotten
final class RigStore {
  static final Path DIRECTORY = Path.of("/memory/store");

  /** Longer than the periodic interval and the delay of a mark. */
  private static final Duration IDLE = Duration.ofMillis(200);

  private static final Duration STEP = Duration.ofMillis(1);

  private final StepBackground background;
  private final TinyLsm lsm;
  private final HandClock clock;
  private final RigCase rigCase;
  private final Store store;

  /// Opens the store in a file system, with the identity that the seed gives where it is new.
  RigStore(FileSystem fs, RigCase rigCase, StoreOptions options, HandClock clock) {
    this.rigCase = rigCase;
    this.clock = clock;
    this.background = new StepBackground(rigCase.seed());
    this.lsm = new TinyLsm(rigCase.lanes() > 1, rigCase.bug());
    StoreEnvironment environment =
        new StoreEnvironment(
            fs,
            clock,
            RandomSource.seeded(rigCase.seed()),
            onFailure -> background,
            lsm.engines(),
            false);
    this.store = StoreOpener.open(environment, DIRECTORY, options, ProgressListener.NONE);
  }

  Store store() {
    return store;
  }

  /// The number of the last commit that opening recovered.
  long recovered() {
    return store.recovery().lastSequence();
  }

  private Keyspace keyspace(String name) {
    return store
        .findKeyspace(name)
        .orElseThrow(() -> new UsageException("there is no keyspace '" + name + "'"));
  }

  /// Carries out a step that writes, syncs, flushes or waits.
  void perform(Step step) {
    clock.pass(STEP);
    Durability level = step.level(rigCase.level());
    switch (step) {
      case Step.Put put -> keyspace(put.keyspace()).put(put.key(), put.value(), level);
      case Step.Delete delete -> keyspace(delete.keyspace()).delete(delete.key(), level);
      case Step.DeleteRange range -> keyspace(range.keyspace()).deleteRange(Ranges.of(range));
      case Step.Batch batch -> store.write(encoded(batch), level);
      case Step.Load load -> perform(load);
      case Step.PutIfAbsent put -> {
        byte @Nullable [] _ = keyspace(put.keyspace()).putIfAbsent(put.key(), put.value());
      }
      case Step.Swap swap -> {
        var _ =
            keyspace(swap.keyspace()).compareAndSet(swap.key(), swap.expected(), swap.updated());
      }
      case Step.Create create -> {
        var _ = store.keyspace(create.keyspace(), KeyspaceOptions.of(rigCase.engine()));
      }
      case Step.Drop drop -> store.dropKeyspace(drop.keyspace());
      case Step.Sync _ -> store.sync();
      case Step.Flush _ -> store.flush();
      case Step.Idle _ -> pass(IDLE);
      case Step.TakeSnapshot _, Step.CheckSnapshot _, Step.Reopen _ ->
          throw new IllegalArgumentException("not a step of the store alone: " + step);
    }
    background.runSubmitted();
  }

  private void perform(Step.Load load) {
    try (BulkLoad bulk = keyspace(load.keyspace()).bulkLoad()) {
      for (Step.Put put : load.puts()) {
        bulk.put(put.key(), put.value());
      }
      bulk.commit();
    }
  }

  private WriteBatch encoded(Step.Batch batch) {
    WriteBatch encoded = new WriteBatch();
    for (Step.Change change : batch.changes()) {
      Keyspace keyspace = keyspace(change.keyspace());
      WriteBatch _ =
          switch (change) {
            case Step.Put put -> encoded.put(keyspace, put.key(), put.value());
            case Step.Delete delete -> encoded.delete(keyspace, delete.key());
            case Step.DeleteRange range -> encoded.deleteRange(keyspace, Ranges.of(range));
          };
    }
    return encoded;
  }

  /// What differs from a state, or null.
  @Nullable String difference(StoreState state) {
    return state.difference(store, rigCase.engine());
  }

  /// Lets so much time pass that everything runs that was to run later.
  void pass(Duration time) {
    clock.pass(time);
    background.runDelayed();
    background.runSubmitted();
  }

  /// What its engines with files did so far.
  EngineWork work() {
    return lsm.work();
  }

  void close() {
    // Closing waits for compactions that have begun; nobody else can run them.
    background.runSubmitted();
    store.close();
  }
}
