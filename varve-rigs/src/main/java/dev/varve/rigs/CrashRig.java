package dev.varve.rigs;

import dev.varve.fs.CrashImage;
import dev.varve.fs.FaultFileSystem;
import dev.varve.fs.FileOperation;
import dev.varve.fs.FileSystem;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.Durability;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// Cuts a script after every operation on files, in every way that a cut can be, and recovers.
///
/// Every cut is followed by ten images: nine of a power cut and one of a kill of the process alone.
/// What is recovered must be the state after some commit, hold what was promised, take more steps,
/// pass a deep verification and come back the same. Some images are cut again at every operation of
/// their recovery.
///
/// @threads one at a time; cases may run beside each other
final class CrashRig {
  /// Which images are looked at.
  ///
  /// @param stride every how manieth of all images of all cuts, counted through; 1 for all
  /// @param deepEvery every how manieth of those is cut again while it recovers
  /// @param only the number of the one image to look at, or -1
  record Sample(int stride, int deepEvery, long only) {
    static final Sample FULL = new Sample(1, 20, -1);

    boolean takes(long image) {
      return only >= 0 ? image == only : image % stride == 0;
    }

    boolean isDeep(long image) {
      return only >= 0 || image / stride % deepEvery == 0;
    }
  }

  private static final List<CrashImage.Mode> MODES = List.of(CrashImage.Mode.values());
  private static final int IMAGES_PER_CUT = MODES.size() + 1;

  /** Past this many violations of one case the rest is not worth the time. */
  private static final int ENOUGH = 100;

  private final RigCase rigCase;
  private final Durability judged;
  private final UnaryOperator<FileSystem> lie;
  private final Sample sample;
  private final int enough;
  private final Findings findings;
  private final MemoryFileSystem memory = new MemoryFileSystem();
  private final ScriptRun run;
  private long cuts;
  private long images;
  private final ManifestCount manifests = new ManifestCount();
  private boolean exploring = true;

  private CrashRig(RigCase rigCase, Planted planted, Sample sample, Findings findings) {
    this.rigCase = rigCase;
    this.judged = planted.judged() == null ? rigCase.level() : planted.judged();
    this.lie = planted.lie();
    this.sample = sample;
    this.findings = findings;
    boolean isPlanted = planted != Planted.NOTHING || rigCase.bug() != PlantedBug.NONE;
    this.enough = isPlanted ? 1 : ENOUGH;
    this.run = new ScriptRun(rigCase, judged);
  }

  /// What is wrong on purpose: nothing, or a bug that the rig must find.
  ///
  /// @param lie what stands between the store and its files
  /// @param judged the level that acknowledgments are taken for, or null for the case's own
  record Planted(UnaryOperator<FileSystem> lie, @Nullable Durability judged) {
    static final Planted NOTHING = new Planted(fs -> fs, null);

    static Planted lie(Lie lie) {
      return new Planted(fs -> new LyingFileSystem(fs, lie), null);
    }
  }

  /// Explores one case.
  static void explore(RigCase rigCase, Planted planted, Sample sample, Findings findings) {
    new CrashRig(rigCase, planted, sample, findings).explore();
  }

  private void explore() {
    FileSystem observed = new FaultFileSystem(memory, this::before);
    try {
      run.run(lie.apply(observed), () -> cut(null));
    } catch (RuntimeException | Error e) {
      exploring = false;
      findings.violation(
          new Violation("crash", "" + rigCase, "the script at step " + run.stepIndex(), e));
    }
    findings.count("cuts", cuts);
    run.work().count(findings);
    manifests.count(findings);
  }

  private void before(FileOperation operation) {
    manifests.accept(operation);
    if (operation.kind().changes()) {
      cut(operation);
    }
  }

  /** Looks at what a cut before `next`, or between steps, would leave. */
  private void cut(@Nullable FileOperation next) {
    if (!exploring) {
      return;
    }
    cuts++;
    for (int kind = 0; kind < IMAGES_PER_CUT; kind++) {
      long image = images++;
      if (sample.takes(image)) {
        findings.count("images", 1);
        examine(image, kind, next);
        if (findings.violationCount() >= enough) {
          exploring = false;
          return;
        }
      }
    }
  }

  /** The kinds of images, the last of them a kill. */
  private CrashImage.@Nullable Mode mode(int kind) {
    return kind == IMAGES_PER_CUT - 1 ? null : MODES.get(kind);
  }

  /** What is left: of a power cut, or with no mode of a kill. */
  private MemoryFileSystem left(long image, CrashImage.@Nullable Mode mode) {
    return mode == null
        ? memory.kill()
        : memory.crash(new CrashImage(rigCase.seed() * 1_000_003 + image, mode));
  }

  private void examine(long image, int kind, @Nullable FileOperation next) {
    CrashImage.@Nullable Mode mode = mode(kind);
    Recovery recovery = new Recovery(rigCase, run, image, mode, findings);
    try {
      recovery.check(left(image, mode));
      if (sample.isDeep(image)) {
        recovery.checkDeep(left(image, mode));
      }
    } catch (RuntimeException | Error e) {
      String what =
          String.format(
              "after a %s, %s, at step %d (%s): %s",
              mode == null ? "kill" : "power cut that leaves " + mode,
              next == null ? "between steps" : "before " + next,
              run.stepIndex(),
              run.promise(),
              e instanceof PromiseBroken ? e.getMessage() : recovery.doing() + " failed");
      findings.violation(
          new Violation(
              "crash",
              rigCase + " --image " + image,
              what,
              e instanceof PromiseBroken ? e.getCause() : e));
    }
  }
}
