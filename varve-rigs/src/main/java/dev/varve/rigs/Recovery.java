package dev.varve.rigs;

import dev.varve.fs.CrashImage;
import dev.varve.fs.FaultFileSystem;
import dev.varve.fs.FileSystem;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.Durability;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.VerifyReport;
import dev.varve.model.Step;
import dev.varve.model.StoreState;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Recovers what a cut left, and goes on from there.
///
/// @threads one at a time
final class Recovery {
  private final RigCase rigCase;
  private final ScriptRun run;
  private final long image;
  private final CrashImage.@Nullable Mode mode;
  private final Findings findings;
  private String doing = "nothing";

  /// @param mode what the power cut left, or null for a kill of the process
  Recovery(
      RigCase rigCase,
      ScriptRun run,
      long image,
      CrashImage.@Nullable Mode mode,
      Findings findings) {
    this.rigCase = rigCase;
    this.run = run;
    this.image = image;
    this.mode = mode;
    this.findings = findings;
  }

  /// What was under way, for a message.
  String doing() {
    return doing;
  }

  private RigStore open(FileSystem fs) {
    findings.count("recoveries", 1);
    int lanes = image % 7 == 3 ? 4 - rigCase.lanes() : rigCase.lanes();
    return new RigStore(fs, rigCase, rigCase.options(lanes), new HandClock());
  }

  private static void require(boolean holds, String what) {
    if (!holds) {
      throw new PromiseBroken(what);
    }
  }

  private static void requireSame(@Nullable String difference, String when) {
    if (difference != null) {
      throw new PromiseBroken(when + ": " + difference);
    }
  }

  /** Checks that the store shows the state after its last commit, and that this is late enough. */
  private void checkOpened(RigStore store, List<StoreState> states, long least, String when) {
    long last = store.recovered();
    require(last >= least, when + ": expected at least " + least + " commits, found " + last);
    require(
        last < states.size(),
        when + ": expected at most " + (states.size() - 1) + " commits, found " + last);
    requireSame(store.difference(states.get((int) last)), when);
  }

  /// Recovers, checks, goes on, verifies, closes or cuts again, and recovers once more.
  ///
  /// @throws PromiseBroken when something is missing or wrong
  void check(MemoryFileSystem fs) {
    ScriptRun.Promise promise = run.promise();
    boolean kept = mode == null || mode == CrashImage.Mode.ALL;
    doing = "opening";
    RigStore store = open(fs);
    checkOpened(
        store, run.history(), kept ? promise.acknowledged() : promise.durable(), "recovered");
    doing = "going on";
    long last = store.recovered();
    List<StoreState> states = new ArrayList<>(run.history().subList(0, (int) last + 1));
    for (Step step : aftermath(states.getLast())) {
      perform(store, states, step);
    }
    requireSame(store.difference(states.getLast()), "after more steps");
    verify(store);
    MemoryFileSystem next = fs;
    if (mode == null || image % 4 == 0) {
      // The last of those steps was acknowledged as durable, so all must be there.
      doing = "opening after a power cut behind an acknowledged write";
      next = fs.crash(new CrashImage(image, CrashImage.Mode.SYNCED_ONLY));
      // Whatever it does now is done to another world; it only gives its memory back.
      store.close();
    } else {
      doing = "closing";
      store.close();
      require(fs.openFiles().isEmpty(), "closed with open files: " + fs.openFiles());
      doing = "opening a closed store";
    }
    RigStore again = open(next);
    checkOpened(again, states, states.size() - 1, "opened again");
    require(next != fs || again.store().recovery().clean(), "a closed store does not open clean");
    doing = "closing again";
    again.close();
    require(next.openFiles().isEmpty(), "closed with open files: " + next.openFiles());
  }

  private void verify(RigStore store) {
    doing = "verifying";
    VerifyReport report = store.store().verify(true, ProgressListener.NONE);
    require(report.isSound(), "verification found: " + report.problems());
  }

  private static void perform(RigStore store, List<StoreState> states, Step step) {
    @Nullable StoreState next = states.getLast().after(step);
    if (next != null) {
      states.add(next);
    }
    store.perform(step);
  }

  /** A few steps behind a recovery; the last is acknowledged as durable. */
  private List<Step> aftermath(StoreState state) {
    Durability[] levels = Durability.values();
    Durability level = levels[(int) (image % levels.length)];
    List<Step> steps = new ArrayList<>();
    if (!state.names().contains("a")) {
      steps.add(new Step.Create("a"));
    }
    byte[] key = bytes("key 1");
    steps.add(new Step.Put("a", key, bytes("after " + image), level));
    if (image % 5 == 0) {
      steps.add(new Step.Flush());
    }
    steps.add(
        new Step.Batch(
            List.of(
                new Step.Put("a", bytes("after"), new byte[(int) (image % 3000)], null),
                new Step.Delete("a", bytes("key 2"), null)),
            level));
    steps.add(new Step.PutIfAbsent("a", bytes("key 3"), bytes("absent " + image)));
    if (image % 3 == 0) {
      steps.add(new Step.Idle());
    }
    steps.add(
        new Step.Put("a", key, bytes("last"), image % 2 == 0 ? Durability.SYNC : Durability.GROUP));
    return steps;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  /// Recovers and goes on, cut again at every operation; what each cut leaves must hold what it
  /// held before.
  ///
  /// @throws PromiseBroken when something is missing or wrong
  void checkDeep(MemoryFileSystem fs) {
    DeepRun deep = new DeepRun(fs);
    deep.run();
    findings.count("images cut again", 1);
  }

  /** A recovery that is cut at every operation. */
  private final class DeepRun {
    private final MemoryFileSystem fs;
    private final List<StoreState> states = new ArrayList<>();
    private @Nullable PromiseBroken broken;
    private long durable;
    private long acknowledged = -1;
    private int cut;

    DeepRun(MemoryFileSystem fs) {
      this.fs = fs;
      // What a power cut left is on the device; what a kill left may be in the cache alone.
      this.durable = run.promise().durable();
    }

    void run() {
      FaultFileSystem observed =
          new FaultFileSystem(
              fs,
              operation -> {
                if (operation.kind().changes()) {
                  cutAgain();
                }
              });
      doing = "opening, to be cut again";
      states.addAll(Recovery.this.run.history());
      RigStore store = open(observed);
      acknowledged = store.recovered();
      if (mode != null) {
        durable = acknowledged;
      }
      states.subList((int) acknowledged + 1, states.size()).clear();
      List<Step> steps = new ArrayList<>(aftermath(states.getLast()));
      steps.add(new Step.Flush());
      for (Step step : steps) {
        perform(store, states, step);
        acknowledged = states.size() - 1L;
        durable = Math.max(durable, store.store().stats().durableThrough());
        cutAgain();
      }
      store.close();
      durable = acknowledged;
      cutAgain();
      if (broken != null) {
        throw broken;
      }
    }

    private void cutAgain() {
      CrashImage.Mode[] modes = CrashImage.Mode.values();
      int kind = cut++ % (modes.length + 1);
      boolean killed = kind == modes.length;
      CrashImage second = new CrashImage(image * 1009 + cut, modes[kind % modes.length]);
      String when = "cut again (" + cut + ", " + (killed ? "kill" : second) + ")";
      try {
        MemoryFileSystem after = killed ? fs.kill() : fs.crash(second);
        RigStore store = open(after);
        boolean kept = killed || second.mode() == CrashImage.Mode.ALL;
        checkOpened(store, states, kept && acknowledged >= 0 ? acknowledged : durable, when);
        store.close();
      } catch (PromiseBroken e) {
        broken = broken == null ? e : broken;
      } catch (RuntimeException e) {
        PromiseBroken first = new PromiseBroken(when + ": " + e);
        first.initCause(e);
        broken = broken == null ? first : broken;
      }
    }
  }
}
