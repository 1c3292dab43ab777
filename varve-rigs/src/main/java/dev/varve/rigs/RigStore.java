package dev.varve.rigs;

import dev.varve.base.BackgroundThreads;
import dev.varve.base.Clock;
import dev.varve.base.RandomSource;
import dev.varve.fs.FileSystem;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import dev.varve.model.Step;
import dev.varve.model.StoreState;
import dev.varve.model.StoreSteps;
import dev.varve.store.StoreEnvironment;
import dev.varve.store.StoreOpener;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
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

  private static final int THREADS = 2;

  private final RigSetup setup;
  private final TinyEngines engines;
  private final HandClock clock;

  /** Idle where the store has threads. */
  private final StepBackground background;

  private final Store store;

  /// Opens the store in a file system, with the identity that the seed gives where it is new.
  RigStore(FileSystem fs, RigCase rigCase, StoreOptions options, HandClock clock) {
    this(fs, rigCase.setup(options), clock);
  }

  /// As above, set up in any way.
  RigStore(FileSystem fs, RigSetup setup, HandClock clock) {
    this.setup = setup;
    this.clock = clock;
    this.engines = new TinyEngines(setup.tuning(), setup.bug());
    this.background = new StepBackground(setup.seed());
    StoreEnvironment environment =
        new StoreEnvironment(
            fs,
            setup.threads() ? Clock.SYSTEM : clock,
            RandomSource.seeded(setup.seed()),
            setup.threads()
                ? onFailure -> new BackgroundThreads("varve-background", THREADS, onFailure)
                : onFailure -> background,
            engines.engines(),
            false);
    this.store = StoreOpener.open(environment, DIRECTORY, setup.options(), ProgressListener.NONE);
  }

  Store store() {
    return store;
  }

  /// The number of the last commit that opening recovered.
  long recovered() {
    return store.recovery().lastSequence();
  }

  /// Carries out a step that writes, syncs, flushes or waits.
  void perform(Step step) {
    beforeStep(false);
    if (step instanceof Step.Idle) {
      pass(IDLE);
    } else {
      new StoreSteps(store, setup.keyspaces()).perform(step);
    }
    afterStep();
  }

  /// Lets a little time pass: whoever does not call [#perform] calls this before a step.
  ///
  /// @param waits whether the step waits for what runs in the background, which then runs at once
  void beforeStep(boolean waits) {
    clock.pass(STEP);
    background.runAtOnce(waits);
  }

  /// Runs what a step left to run behind it.
  void afterStep() {
    background.runAtOnce(false);
    background.runSubmitted();
  }

  /// What differs from a state, or null.
  @Nullable String difference(StoreState state) {
    return state.difference(store, setup.options().defaultEngine());
  }

  /// Lets so much time pass that everything runs that was to run later.
  void idle() {
    pass(IDLE);
  }

  /// Lets time pass, and everything run that was to run later.
  void pass(Duration time) {
    clock.pass(time);
    if (setup.threads()) {
      LockSupport.parkNanos(STEP.toNanos());
    }
    background.runDelayed();
    background.runSubmitted();
  }

  /// What its engines with files did so far.
  EngineWork work() {
    return engines.work();
  }

  void close() {
    // Closing waits for compactions that have begun; nobody else can run them.
    afterStep();
    store.close();
  }
}
