package dev.varve.rigs;

import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// The command `varve-rigs`; `docs/RIGS.md` has its manual. Exit code 0: no violation, 1: some, 2:
/// usage.
@Command(
    name = "varve-rigs",
    description = "Tries to break the promises of a Varve store.",
    mixinStandardHelpOptions = true,
    subcommands = {
      Main.Crash.class,
      Main.Faults.class,
      Main.Damage.class,
      Main.Kill.class,
      Main.Soak.class,
      MetamorphicCommand.class
    })
final class Main {
  private Main() {}

  public static void main(String[] arguments) {
    System.exit(
        new CommandLine(new Main()).setCaseInsensitiveEnumValuesAllowed(true).execute(arguments));
  }

  /// Which cases.
  static final class Cases {
    @Option(names = "--engine", description = "array, rbtree, hash or lsm; all by default")
    @Nullable EngineKind engine;

    @Option(names = "--level", description = "sync, group, periodic or none; all by default")
    @Nullable Durability level;

    @Option(names = "--lanes", description = "1 or 3; both by default")
    int lanes;

    @Option(names = "--seed", description = "of scripts, images and faults (${DEFAULT-VALUE})")
    long seed = 1;

    @Option(names = "--steps", description = "of the script (${DEFAULT-VALUE})")
    int steps = 300;

    @Option(names = "--full", description = "everything instead of a sample")
    boolean full;

    @Option(names = "--stride", description = "every how manieth is looked at")
    int stride;

    List<RigCase> cases() {
      return RigCase.all(seed, steps).stream()
          .filter(one -> engine == null || one.engine() == engine)
          .filter(one -> level == null || one.level() == level)
          .filter(one -> lanes == 0 || one.lanes() == lanes)
          .toList();
    }

    int strideOr(int sampled) {
      return full ? 1 : stride > 0 ? stride : sampled;
    }

    /** Runs cases beside each other and prints what came of each. */
    int run(String rig, List<RigCase> cases, BiConsumer<RigCase, Findings> explore) {
      System.out.println(rig + ": seed " + seed + ", " + cases.size() + " cases");
      long begin = System.nanoTime();
      Findings all = new Findings();
      try (ExecutorService workers =
          Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors())) {
        for (RigCase one : cases) {
          workers.execute(
              () -> {
                Findings findings = new Findings();
                explore.accept(one, findings);
                System.out.println(one + ": " + findings);
                all.add(findings);
              });
        }
      }
      all.print(rig, System.out);
      long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begin);
      System.out.println(rig + ": " + seconds + " s");
      return all.violationCount() == 0 ? 0 : 1;
    }
  }

  /// The crash explorer.
  @Command(name = "crash", description = "Cuts a script after every operation on files.")
  static final class Crash implements Callable<Integer> {
    private static final int STRIDE = 97;

    @Mixin private Cases cases = new Cases();

    @Option(names = "--image", description = "the one image to look at")
    private long image = -1;

    @Override
    public Integer call() {
      CrashRig.Sample sample = new CrashRig.Sample(cases.strideOr(STRIDE), 20, image);
      return cases.run(
          "crash",
          cases.cases(),
          (one, findings) -> CrashRig.explore(one, CrashRig.Planted.NOTHING, sample, findings));
    }
  }

  /// The error rig.
  @Command(name = "error", description = "Has every operation on files fail, in every way.")
  static final class Faults implements Callable<Integer> {
    private static final int STRIDE = 53;

    @Mixin private Cases cases = new Cases();

    @Option(names = "--run", description = "the one run to make")
    private long only = -1;

    @Override
    public Integer call() {
      ErrorRig.Sample sample = new ErrorRig.Sample(cases.strideOr(STRIDE), only);
      return cases.run(
          "error",
          cases.cases(),
          (one, findings) -> ErrorRig.explore(one, CrashRig.Planted.NOTHING, sample, findings));
    }
  }

  /// The damage sweep.
  @Command(name = "damage", description = "Damages every file of a store, in every way.")
  static final class Damage implements Callable<Integer> {
    private static final int STRIDE = 997;
    private static final long TIMEOUT_MILLIS = 30_000;

    @Mixin private Cases cases = new Cases();

    @Option(names = "--damage", description = "the one damage to do")
    private long only = -1;

    @Override
    public Integer call() {
      DamageRig.Sample sample = new DamageRig.Sample(cases.strideOr(STRIDE), only);
      return cases.run(
          "damage",
          cases.cases().stream().filter(one -> one.level() == Durability.SYNC).toList(),
          (one, findings) -> {
            try (DamageRig rig =
                new DamageRig(one, DamageRig.PLAIN, sample, TIMEOUT_MILLIS, findings)) {
              rig.sweep();
            }
          });
    }
  }

  /// The kill rig.
  @Command(name = "kill", description = "Kills processes that write to a real directory.")
  static final class Kill implements Callable<Integer> {
    @Option(names = "--seed", description = "of options, commits and moments (${DEFAULT-VALUE})")
    private long seed = 1;

    @Option(names = "--rounds", description = "how many kills (${DEFAULT-VALUE})")
    private int rounds = 30;

    @Option(names = "--directory", description = "where the stores go; a temporary one by default")
    private @Nullable Path directory;

    @Override
    public Integer call() throws IOException {
      Path stores = directory == null ? Files.createTempDirectory("varve-rigs") : directory;
      System.out.println("kill: seed " + seed + ", stores in " + stores);
      Findings findings = new Findings();
      new KillRig(stores, seed, KillWriter.Bug.NONE, findings).run(rounds);
      findings.print("kill", System.out);
      return findings.violationCount() == 0 ? 0 : 1;
    }
  }

  /// The soak.
  @Command(name = "soak", description = "Kills a process that loads a large LSM, again and again.")
  static final class Soak implements Callable<Integer> {
    @Option(names = "--seed", description = "of entries, options and moments (${DEFAULT-VALUE})")
    private long seed = 1;

    @Option(names = "--entries", description = "how many there are (${DEFAULT-VALUE})")
    private long entries = 1_000_000;

    @Option(names = "--seconds", description = "how long it goes on (${DEFAULT-VALUE})")
    private long seconds = 60;

    @Option(names = "--threads", description = "how many write (${DEFAULT-VALUE})")
    private int threads = 2;

    @Option(names = "--kill-seconds", description = "a process's longest life (${DEFAULT-VALUE})")
    private int killSeconds = 6;

    @Option(names = "--memory", description = "of the store (${DEFAULT-VALUE})")
    private String memory = "256MiB";

    @Option(names = "--memtable", description = "in KiB (${DEFAULT-VALUE})")
    private long memtable = 4096;

    @Option(names = "--directory", description = "where the store goes; a temporary one by default")
    private @Nullable Path directory;

    @Override
    public Integer call() throws IOException {
      Path store = directory == null ? Files.createTempDirectory("varve-soak") : directory;
      System.out.println("soak: seed " + seed + ", store in " + store);
      Findings findings = new Findings();
      SoakRig.Plan plan =
          new SoakRig.Plan(entries, seconds, threads, killSeconds, memory, memtable);
      new SoakRig(store, seed, plan, findings).run();
      findings.print("soak", System.out);
      return findings.violationCount() == 0 ? 0 : 1;
    }
  }
}
