package dev.varve.rigs;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.model.OperationDraw;
import dev.varve.model.OperationList;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Every rig at the size of a push: a sample of what the command `varve-rigs` does in full.
final class RigsTest {
  private static final long SEED = Long.getLong("varve.seed", 1);
  private static final int CRASH_STRIDE = 397;
  private static final int ERROR_STRIDE = 499;
  private static final int DAMAGE_STRIDE = 2003;
  private static final long TIMEOUT_MILLIS = 60_000;
  private static final int METAMORPHIC_STEPS = 900;

  private static Findings sweep(
      String rig, List<RigCase> cases, BiConsumer<RigCase, Findings> explore) {
    Findings findings = new Findings();
    cases.parallelStream()
        .forEach(
            one -> {
              Findings own = new Findings();
              explore.accept(one, own);
              findings.add(own);
              if (one.engine() == EngineKind.LSM) {
                requireReached(own);
              } else if (one.engine() == EngineKind.BTREE) {
                requireReachedOfTree(own);
              }
            });
    System.out.println("rig " + rig + ", seed " + SEED + ": " + findings);
    requireNone(findings);
    return findings;
  }

  /// A script shows nothing of an LSM that does not get to its files and levels.
  private static void requireReached(Findings findings) {
    atLeast(1, findings, "full memtables");
    atLeast(3, findings, "merges");
    atLeast(1, findings, "levels below the first");
    atLeast(1, findings, "bulk loads");
    atLeast(1, findings, "blob files");
  }

  /// Nor of a B+Tree whose leaves are never divided and written.
  private static void requireReachedOfTree(Findings findings) {
    atLeast(3, findings, "epochs flushed");
    atLeast(2, findings, "leaves divided");
    atLeast(10, findings, "values kept apart");
  }

  /// What a long script gets to besides.
  private static void requireReachedInLong(Findings findings) {
    atLeast(6, findings, "full memtables");
    atLeast(1, findings, "moves");
    atLeast(1, findings, "blob files of moved values");
    atLeast(1, findings, "blob files gone");
  }

  private static void requireNone(Findings findings) {
    if (findings.violationCount() > 0) {
      fail(findings.violations().toString());
    }
  }

  private static void atLeast(long least, Findings findings, String what) {
    long counted = findings.counted(what);
    assertTrue(counted >= least, () -> what + ": " + counted);
  }

  @Test
  void crashes_at_sampled_operations_lose_nothing_for_all_engines_levels_and_lanes() {
    CrashRig.Sample sample = new CrashRig.Sample(CRASH_STRIDE, 20, -1);
    Findings findings =
        sweep(
            "crash",
            RigCase.all(SEED, 300),
            (one, found) -> {
              CrashRig.explore(one, CrashRig.Planted.NOTHING, sample, found);
              if (one.engine() == EngineKind.LSM) {
                requireReachedInLong(found);
              }
            });
    atLeast(33_000, findings, "cuts");
    atLeast(800, findings, "images");
    atLeast(32, findings, "images cut again");
    atLeast(8, findings, "manifests replaced");
    atLeast(8, findings, "tombstones dropped");
    atLeast(8, findings, "leaves joined");
    atLeast(16, findings, "maps replaced");
    atLeast(1, findings, "objects moved");
  }

  @Test
  void errors_at_sampled_operations_are_final_and_lose_nothing() {
    ErrorRig.Sample sample = new ErrorRig.Sample(ERROR_STRIDE, -1);
    Findings findings =
        sweep(
            "error",
            RigCase.all(SEED, 120),
            (one, found) -> ErrorRig.explore(one, CrashRig.Planted.NOTHING, sample, found));
    atLeast(100, findings, "runs");
  }

  @Test
  void damage_gives_the_right_answer_or_a_typed_error() {
    DamageRig.Sample sample = new DamageRig.Sample(DAMAGE_STRIDE, -1);
    List<RigCase> cases =
        RigCase.all(SEED, 60).stream().filter(one -> one.level() == Durability.SYNC).toList();
    Findings findings =
        sweep(
            "damage",
            cases,
            (one, found) -> {
              try (DamageRig rig =
                  new DamageRig(one, DamageRig.PLAIN, sample, TIMEOUT_MILLIS, found)) {
                rig.sweep();
              }
            });
    atLeast(5_000, findings, "flips");
    atLeast(20, findings, "stale files");
  }

  @Test
  void one_list_is_answered_alike_with_all_options() {
    Findings findings = new Findings();
    MetamorphicRig rig = new MetamorphicRig(Path.of("target", "metamorphic"), findings);
    Stream.of(true, false).forEach(ordered -> metamorphic(rig, ordered));
    System.out.println("rig metamorphic, seed " + SEED + ": " + findings);
    requireNone(findings);
    atLeast(160L * METAMORPHIC_STEPS, findings, "operations");
    requireReached(findings);
    requireReachedInLong(findings);
    requireReachedOfTree(findings);
    atLeast(100, findings, "leaves joined");
    atLeast(100, findings, "objects moved");
    atLeast(100, findings, "maps replaced");
  }

  private static void metamorphic(MetamorphicRig rig, boolean ordered) {
    OperationList list = OperationDraw.draw(SEED, METAMORPHIC_STEPS, ordered);
    TinyEngines.kinds().stream()
        .filter(engine -> engine.isOrdered() == ordered)
        .flatMap(
            engine ->
                OptionSets.of(engine, SEED, MetamorphicCommand.SETS).stream()
                    .map(set -> new MetamorphicRig.Run(engine, set, SEED, PlantedBug.NONE)))
        .parallel()
        .forEach(
            run -> {
              boolean _ =
                  rig.run(
                      "push",
                      list,
                      run,
                      "--seed "
                          + SEED
                          + " --steps "
                          + METAMORPHIC_STEPS
                          + " --engine "
                          + run.engineName()
                          + " --options \""
                          + run.options()
                          + "\"");
            });
  }

  @Test
  void a_killed_process_loses_nothing(@TempDir Path directory) throws Exception {
    Findings findings = new Findings();
    new KillRig(directory, SEED, KillWriter.Bug.NONE, findings).run(EngineKind.values().length);
    System.out.println("rig kill, seed " + SEED + ": " + findings);
    requireNone(findings);
    atLeast(EngineKind.values().length, findings, "kills");
  }
}
