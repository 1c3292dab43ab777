package dev.varve.rigs;

import dev.varve.fs.CrashImage;
import dev.varve.fs.Fault;
import dev.varve.fs.FaultFileSystem;
import dev.varve.fs.FaultRule;
import dev.varve.fs.FileOperation;
import dev.varve.fs.FileSystem;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.fs.SyncFailure;
import dev.varve.kv.DiskFullException;
import dev.varve.kv.Durability;
import dev.varve.kv.StoreFailedException;
import dev.varve.kv.StoreIoException;
import dev.varve.model.Step;
import dev.varve.model.StoreState;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// Has one operation of a script on files go wrong, in every way that it can, and looks whether the
/// store keeps to its rules: nothing acknowledged is lost, nothing wrong is shown, a failed write
/// or sync is final, a full disk is not.
///
/// @threads one at a time; cases may run beside each other
final class ErrorRig {
  /// What goes wrong.
  enum Kind {
    EIO,
    ENOSPC,
    EMFILE,
    EACCES,
    SHORT_EIO,
    SHORT_ENOSPC,
    /** No space under bytes of a segment that were allotted: not a full disk, and final. */
    ENOSPC_IN_PLACE,
    SYNC_MARKS_CLEAN,
    SYNC_REVERTS,
    SYNC_REPORTED_LATE,
    /** A sync that finds no space is a failed sync: what it was for is unknown. */
    SYNC_ENOSPC;

    /** Less than any header: a short read or write stops within it. */
    private static final int SHORT_BYTES = 40;

    Fault fault() {
      return switch (this) {
        case EIO -> new Fault.Refused(Fault.Errno.EIO);
        case ENOSPC, ENOSPC_IN_PLACE -> new Fault.Refused(Fault.Errno.ENOSPC);
        case EMFILE -> new Fault.Refused(Fault.Errno.EMFILE);
        case EACCES -> new Fault.Refused(Fault.Errno.EACCES);
        case SHORT_EIO -> new Fault.CutShort(SHORT_BYTES, Fault.Errno.EIO);
        case SHORT_ENOSPC -> new Fault.CutShort(SHORT_BYTES, Fault.Errno.ENOSPC);
        case SYNC_MARKS_CLEAN -> new Fault.SyncFails(SyncFailure.PAGES_MARKED_CLEAN);
        case SYNC_REVERTS -> new Fault.SyncFails(SyncFailure.PAGES_REVERTED);
        case SYNC_REPORTED_LATE -> new Fault.SyncFails(SyncFailure.REPORTED_LATE);
        case SYNC_ENOSPC -> new Fault.SyncFails(SyncFailure.PAGES_MARKED_CLEAN, Fault.Errno.ENOSPC);
      };
    }

    boolean isFull() {
      return this == ENOSPC || this == SHORT_ENOSPC;
    }

    /** Whether it can strike such an operation in a way of its own. */
    boolean suits(FileOperation operation) {
      boolean inSegment =
          operation.kind() == FileOperation.Kind.WRITE
              && String.valueOf(operation.path().getFileName()).startsWith("log-");
      return suits(operation.kind())
          && (this == ENOSPC_IN_PLACE ? inSegment : !isFull() || !inSegment);
    }

    /** Whether it can strike this kind of operation. */
    boolean suits(FileOperation.Kind kind) {
      return switch (this) {
        case EIO -> true;
        case EMFILE -> kind == FileOperation.Kind.OPEN || kind == FileOperation.Kind.CREATE;
        case EACCES -> kind == FileOperation.Kind.OPEN || kind == FileOperation.Kind.LOCK;
        case ENOSPC ->
            kind == FileOperation.Kind.CREATE
                || kind == FileOperation.Kind.WRITE
                || kind == FileOperation.Kind.PREALLOCATE;
        case SHORT_EIO ->
            kind == FileOperation.Kind.READ
                || kind == FileOperation.Kind.WRITE
                || kind == FileOperation.Kind.PREALLOCATE;
        case ENOSPC_IN_PLACE -> kind == FileOperation.Kind.WRITE;
        case SHORT_ENOSPC ->
            kind == FileOperation.Kind.WRITE || kind == FileOperation.Kind.PREALLOCATE;
        case SYNC_MARKS_CLEAN, SYNC_REVERTS, SYNC_REPORTED_LATE ->
            kind == FileOperation.Kind.SYNC || kind == FileOperation.Kind.FORCE;
        case SYNC_ENOSPC ->
            kind == FileOperation.Kind.SYNC
                || kind == FileOperation.Kind.FORCE
                || kind == FileOperation.Kind.SYNC_DIRECTORY;
      };
    }
  }

  /// How often it strikes from the chosen operation on.
  enum Lasting {
    ONCE,
    FOREVER
  }

  /// Which runs are made.
  ///
  /// @param stride every how manieth of all runs of a case, counted through; 1 for all
  /// @param only the number of the one run to make, or -1
  record Sample(int stride, long only) {
    boolean takes(long number) {
      return only >= 0 ? number == only : number % stride == 0;
    }
  }

  /** Longer than a store waits before it asks a full disk again. */
  private static final Duration FULL_PAUSE = Duration.ofSeconds(10);

  /** Past this many violations of one case the rest is not worth the time. */
  private static final int ENOUGH = 40;

  private final RigCase rigCase;
  private final UnaryOperator<FileSystem> lie;
  private final Findings findings;

  private ErrorRig(RigCase rigCase, UnaryOperator<FileSystem> lie, Findings findings) {
    this.rigCase = rigCase;
    this.lie = lie;
    this.findings = findings;
  }

  /// Explores one case.
  static void explore(RigCase rigCase, CrashRig.Planted planted, Sample sample, Findings findings) {
    ErrorRig rig = new ErrorRig(rigCase, planted.lie(), findings);
    List<FileOperation> operations = new ArrayList<>();
    ScriptRun clean = new ScriptRun(rigCase, rigCase.level());
    clean.run(new FaultFileSystem(new MemoryFileSystem(), operations::add), () -> {});
    findings.count("operations", operations.size());
    ManifestCount manifests = new ManifestCount();
    operations.forEach(manifests);
    clean.work().count(findings);
    manifests.count(findings);
    int enough = planted == CrashRig.Planted.NOTHING ? ENOUGH : 1;
    long number = 0;
    for (FileOperation operation : operations) {
      for (Kind kind : Kind.values()) {
        if (kind.suits(operation)) {
          for (Lasting lasting : Lasting.values()) {
            if (sample.takes(number)) {
              rig.strike(number, operation, kind, lasting);
            }
            number++;
            if (findings.violationCount() >= enough) {
              return;
            }
          }
        }
      }
    }
  }

  private void strike(long number, FileOperation operation, Kind kind, Lasting lasting) {
    findings.count("runs", 1);
    FaultRule.Condition when =
        lasting == Lasting.ONCE
            ? FaultRule.index(operation.index())
            : FaultRule.from(operation.index()).and(sameKinds(kind));
    FaultedRun run = new FaultedRun(kind, FaultRule.when(when).then(kind.fault()));
    try {
      run.go();
    } catch (RuntimeException | Error e) {
      findings.violation(
          new Violation(
              "error",
              rigCase + " --run " + number,
              kind
                  + " "
                  + lasting
                  + " at "
                  + operation
                  + ", "
                  + run.doing
                  + ": "
                  + (e instanceof PromiseBroken ? e.getMessage() : "unexpected exception"),
              e instanceof PromiseBroken ? e.getCause() : e));
    }
  }

  /** A fault that lasts strikes every operation that it suits. */
  private static FaultRule.Condition sameKinds(Kind kind) {
    FaultRule.@Nullable Condition all = null;
    for (FileOperation.Kind one : FileOperation.Kind.values()) {
      if (kind.suits(one)) {
        all = all == null ? FaultRule.kind(one) : all.or(FaultRule.kind(one));
      }
    }
    FaultRule.Condition inSegment =
        FaultRule.kind(FileOperation.Kind.WRITE).and(FaultRule.path("log-.*"));
    FaultRule.Condition condition = all == null ? FaultRule.always() : all;
    return kind.isFull()
        ? condition.and(inSegment.negate())
        : kind == Kind.ENOSPC_IN_PLACE ? inSegment : condition;
  }

  private static void require(boolean holds, String what) {
    if (!holds) {
      throw new PromiseBroken(what);
    }
  }

  /** One run of the script with its fault. */
  private final class FaultedRun {
    private final MemoryFileSystem memory = new MemoryFileSystem();
    private final FaultFileSystem faulty = new FaultFileSystem(memory);
    private final FileSystem shown = lie.apply(faulty);
    private final ScriptRun run = new ScriptRun(rigCase, rigCase.level());
    private final Kind kind;
    private final FaultRule rule;
    private String doing = "opening";
    private boolean refusedOnce;
    private boolean healed;

    FaultedRun(Kind kind, FaultRule rule) {
      this.kind = kind;
      this.rule = rule;
      faulty.with(rule);
    }

    private void heal() {
      healed = true;
      faulty.heal();
    }

    /**
     * Engines that keep entries in files may be refused a read; once the device works they read.
     */
    private void reading(Runnable read) {
      try {
        read.run();
      } catch (StoreIoException e) {
        if (rigCase.engine().isResident() || healed) {
          throw e;
        }
        findings.count("reads refused", 1);
        faulty.heal();
        read.run();
        faulty.with(rule);
      }
    }

    private int open() {
      try {
        return run.open(shown);
      } catch (StoreIoException e) {
        if (!run.isOpen()) {
          throw e;
        }
        reading(() -> requireShown(run.newest(), null));
        return 0;
      }
    }

    private int close() {
      reading(run::checkSnapshot);
      return run.closeUnchecked();
    }

    void go() {
      SplittableRandom random = new SplittableRandom(rigCase.seed());
      try (LaneThreads threads = new LaneThreads(rigCase.lanes())) {
        int _ = threads.on(0, this::open);
        for (Step step : rigCase.script().steps()) {
          doing = "at step " + step.getClass().getSimpleName();
          if (!threads.on(random.nextInt(rigCase.lanes()), () -> step(step))) {
            return;
          }
        }
        int _ = threads.on(0, this::close);
      } catch (StoreFailedException e) {
        // Closing may be where it is told.
      } catch (StoreIoException | DiskFullException e) {
        require(!run.isOpen(), "an open store told of a failure to open: " + e);
      } finally {
        run.dropSnapshot();
      }
      recover();
    }

    /** Answers whether the script goes on. */
    private boolean step(Step step) {
      if (step instanceof Step.Reopen) {
        int _ = close();
        int _ = open();
        return true;
      }
      if (step instanceof Step.TakeSnapshot || step instanceof Step.CheckSnapshot) {
        reading(run::checkSnapshot);
        if (step instanceof Step.TakeSnapshot) {
          run.takeSnapshot();
        }
        return true;
      }
      boolean committed = run.issue(step);
      try {
        run.store().perform(step);
        run.acknowledge(step, committed);
        return true;
      } catch (DiskFullException e) {
        require(
            kind.isFull()
                || kind == Kind.ENOSPC_IN_PLACE
                || kind == Kind.SYNC_ENOSPC
                || refusedOnce,
            "a full disk was told of without one: " + e);
        return refused(step, committed);
      } catch (StoreIoException e) {
        if (!run.store().store().stats().failed()) {
          return refused(step, committed);
        }
        // Of a step that reads first it was the read that was refused.
        require(!rigCase.engine().isResident() && isReading(step), "a failed store refused: " + e);
        heal();
        failed(firstFailure(), committed);
        return false;
      } catch (StoreFailedException e) {
        require(!kind.isFull() || step instanceof Step.Idle, "a full disk failed the store: " + e);
        failed(e, committed);
        return false;
      }
    }

    private static boolean isReading(Step step) {
      return step instanceof Step.PutIfAbsent || step instanceof Step.Swap;
    }

    private StoreFailedException firstFailure() {
      try {
        run.store().store().sync();
      } catch (StoreFailedException e) {
        return e;
      }
      throw new PromiseBroken("a failed store says that it synced");
    }

    /** A step was refused: it left nothing, and the same step works when the fault is gone. */
    private boolean refused(Step step, boolean committed) {
      if (committed) {
        run.takeBack();
      }
      refusedOnce = true;
      require(!run.store().store().stats().failed(), "a step was refused by a store that failed");
      reading(() -> requireShown(run.newest(), null));
      heal();
      run.store().pass(FULL_PAUSE);
      doing = "writing when the fault is gone";
      boolean made = run.issue(step);
      run.store().perform(step);
      run.acknowledge(step, made);
      return true;
    }

    private void requireShown(StoreState one, @Nullable StoreState other) {
      @Nullable String difference = run.store().difference(one);
      if (difference != null && (other == null || run.store().difference(other) != null)) {
        throw new PromiseBroken("reads show something else: " + difference);
      }
    }

    /** The store failed: reads go on, writes are refused with the first cause, also once healed. */
    private void failed(StoreFailedException first, boolean committed) {
      doing = "reading a failed store";
      require(first.getCause() != null, "a failed store names no cause");
      List<StoreState> history = run.history();
      StoreState before = history.get(history.size() - 2);
      reading(() -> requireShown(run.newest(), committed ? before : null));
      reading(run::checkSnapshot);
      heal();
      doing = "writing to a failed store";
      for (Durability level : Durability.values()) {
        try {
          run.store().store().keyspaces().stream()
              .findFirst()
              .ifPresent(keyspace -> keyspace.put(key(), key(), level));
          require(run.store().store().keyspaces().isEmpty(), "a failed store took a write");
        } catch (StoreFailedException e) {
          require(
              e.getCause() == first.getCause(),
              "the first cause was " + first.getCause() + ", then " + e.getCause());
        }
      }
      try {
        run.store().store().sync();
        require(false, "a failed store says that it synced");
      } catch (StoreFailedException e) {
        require(e.getCause() == first.getCause(), "the cause changed");
      }
      doing = "closing a failed store";
      recover();
      try {
        run.store().close();
        require(false, "a failed store closed as if nothing were");
      } catch (StoreFailedException e) {
        doing = "opening after a failed store was closed";
      }
      recover();
    }

    private byte[] key() {
      return "never".getBytes(StandardCharsets.US_ASCII);
    }

    /** Whatever became of the process, what was promised is there when the device works again. */
    private void recover() {
      heal();
      check(memory.crash(new CrashImage(1, CrashImage.Mode.SYNCED_ONLY)), "power cut", false);
      check(memory.crash(new CrashImage(1, CrashImage.Mode.ALL)), "late power cut", false);
      check(memory.kill(), "kill", kind != Kind.SYNC_REVERTS);
    }

    private void check(MemoryFileSystem left, String how, boolean kept) {
      findings.count("recoveries", 1);
      doing = "opening after a " + how;
      ScriptRun.Promise promise = run.promise();
      RigStore store = new RigStore(left, rigCase, rigCase.options(), new HandClock());
      long last = store.recovered();
      long least = kept ? promise.acknowledged() : promise.durable();
      require(last >= least, "expected at least " + least + " commits, found " + last);
      require(last <= promise.issued(), "found commit " + last + " of " + promise.issued());
      @Nullable String difference = store.difference(run.state(last));
      require(difference == null, "after a " + how + ": " + difference);
      doing = "going on after a " + how;
      if (store.store().findKeyspace("a").isPresent()) {
        Step put = new Step.Put("a", key(), key(), Durability.SYNC);
        store.perform(put);
        @Nullable StoreState next = run.state(last).after(put);
        MemoryFileSystem cut = left.crash(new CrashImage(2, CrashImage.Mode.SYNCED_ONLY));
        RigStore again = new RigStore(cut, rigCase, rigCase.options(), new HandClock());
        difference = next == null ? null : again.difference(next);
        require(difference == null, "after a " + how + " and a power cut: " + difference);
        again.close();
      }
      store.close();
    }
  }
}
