package dev.varve.rigs;

import dev.varve.fs.FileSystem;
import dev.varve.kv.Durability;
import dev.varve.kv.Snapshot;
import dev.varve.model.Step;
import dev.varve.model.StoreState;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/// Runs a script against a store and knows, at every moment, what the store has promised.
///
/// @threads one at a time, each seeing what the one before did; an observer of the file system may
///   ask in the middle of a step
final class ScriptRun {
  /// What must be kept.
  ///
  /// @param durable every commit up to this number survives a power cut
  /// @param acknowledged every commit up to this number survives a kill of the process
  /// @param issued no commit has a greater number
  record Promise(long durable, long acknowledged, long issued) {}

  /** What was open and what it must show. */
  private record Held(Snapshot snapshot, StoreState state, Map<String, Integer> ids) {}

  private final RigCase rigCase;
  private final Durability judged;
  private final HandClock clock = new HandClock();

  /** The states after each commit: the commit's number is the index. */
  private final List<StoreState> history = new ArrayList<>(List.of(StoreState.EMPTY));

  private long durable;
  private long acknowledged;
  private int stepIndex;
  private EngineWork work = EngineWork.NONE;
  private @Nullable RigStore open;
  private @Nullable Held held;

  /// @param judged the level that acknowledgments of the store's own level are taken for: the
  ///   case's own, or a higher one to plant a store that acknowledges too early
  ScriptRun(RigCase rigCase, Durability judged) {
    this.rigCase = rigCase;
    this.judged = judged;
  }

  Promise promise() {
    return new Promise(durable, acknowledged, issued());
  }

  StoreState state(long sequence) {
    return history.get((int) sequence);
  }

  private long issued() {
    return history.size() - 1L;
  }

  StoreState newest() {
    return history.getLast();
  }

  List<StoreState> history() {
    return history;
  }

  int stepIndex() {
    return stepIndex;
  }

  HandClock clock() {
    return clock;
  }

  /// What engines with files did in the stores that were closed.
  EngineWork work() {
    return work;
  }

  /// Opens the store, runs every step and closes it. `afterStep` runs behind each step.
  ///
  /// @throws PromiseBroken when the store shows something wrong
  void run(FileSystem fs, Runnable afterStep) {
    SplittableRandom random = new SplittableRandom(rigCase.seed());
    try (LaneThreads threads = new LaneThreads(rigCase.lanes())) {
      int _ = threads.on(0, () -> open(fs));
      for (Step step : rigCase.script().steps()) {
        int lane = random.nextInt(rigCase.lanes());
        int _ = threads.on(lane, () -> step(fs, step, afterStep));
        stepIndex++;
      }
      int _ = threads.on(0, this::close);
    }
    afterStep.run();
  }

  int open(FileSystem fs) {
    RigStore opened = new RigStore(fs, rigCase, rigCase.options(), clock);
    open = opened;
    if (opened.recovered() != history.size() - 1) {
      throw new PromiseBroken(
          "expected " + (history.size() - 1) + " commits, opening found " + opened.recovered());
    }
    requireSame(opened.difference(newest()));
    return 0;
  }

  int close() {
    checkSnapshot();
    return closeUnchecked();
  }

  /// Closes the store without a look at the snapshot that is open.
  int closeUnchecked() {
    dropSnapshot();
    RigStore closing = store();
    open = null;
    work = work.plus(closing.work());
    closing.close();
    acknowledged = issued();
    durable = acknowledged;
    return 0;
  }

  RigStore store() {
    if (open == null) {
      throw new IllegalStateException("the store is not open");
    }
    return open;
  }

  boolean isOpen() {
    return open != null;
  }

  int step(FileSystem fs, Step step, Runnable afterStep) {
    switch (step) {
      case Step.Reopen _ -> {
        int _ = close();
        int _ = open(fs);
      }
      case Step.TakeSnapshot _ -> {
        checkSnapshot();
        takeSnapshot();
      }
      case Step.CheckSnapshot _ -> checkSnapshot();
      case Step.Change _,
          Step.Batch _,
          Step.Load _,
          Step.PutIfAbsent _,
          Step.Swap _,
          Step.Create _,
          Step.Drop _,
          Step.Sync _,
          Step.Flush _,
          Step.Idle _ -> {
        boolean committed = issue(step);
        store().perform(step);
        acknowledge(step, committed);
      }
    }
    afterStep.run();
    return 0;
  }

  /// Notes what a step will lead to. Answers whether it makes a commit.
  boolean issue(Step step) {
    @Nullable StoreState next = newest().after(step);
    if (next != null) {
      history.add(next);
    }
    return next != null;
  }

  /// Takes back the last step that was issued: it was refused and left nothing.
  void takeBack() {
    history.removeLast();
  }

  /// Takes note that a step, which was issued, returned.
  ///
  /// @param committed whether it made a commit
  void acknowledge(Step step, boolean committed) {
    long issued = issued();
    long visible = store().store().stats().visibleThrough();
    if (visible != issued) {
      throw new PromiseBroken(
          "after "
              + step.getClass().getSimpleName()
              + ": expected "
              + issued
              + " visible commits, found "
              + visible);
    }
    acknowledged = issued;
    Durability level = step.level(judged);
    boolean forced = committed && (level == Durability.SYNC || level == Durability.GROUP);
    if (forced || step instanceof Step.Sync || step instanceof Step.Flush) {
      durable = issued;
    }
    durable = Math.max(durable, store().store().stats().durableThrough());
  }

  void checkSnapshot() {
    if (held != null) {
      requireSame(held.state.difference(store().store(), held.snapshot, held.ids));
    }
  }

  /// Takes a snapshot in the place of the one that is open.
  void takeSnapshot() {
    dropSnapshot();
    Map<String, Integer> ids = new HashMap<>();
    store().store().keyspaces().forEach(keyspace -> ids.put(keyspace.name(), keyspace.id()));
    held = new Held(store().store().snapshot(), newest(), ids);
  }

  /// Closes the snapshot that is open.
  void dropSnapshot() {
    if (held != null) {
      held.snapshot.close();
      held = null;
    }
  }

  private static void requireSame(@Nullable String difference) {
    if (difference != null) {
      throw new PromiseBroken(difference);
    }
  }
}
