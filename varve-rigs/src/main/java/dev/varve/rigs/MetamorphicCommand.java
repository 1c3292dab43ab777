package dev.varve.rigs;

import dev.varve.kv.EngineKind;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.UsageException;
import dev.varve.model.Difference;
import dev.varve.model.OperationDraw;
import dev.varve.model.OperationList;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// The metamorphic rig.
@Command(
    name = "metamorphic",
    description = "Runs one list of operations with many options, and demands equal answers.")
final class MetamorphicCommand implements Callable<Integer> {
  static final int SETS = 40;
  private static final int STEPS = 2_000;
  private static final int FULL_STEPS = 20_000;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(names = "--engine", description = "array, rbtree, hash or lsm; all by default")
  private @Nullable EngineKind engine;

  @Option(names = "--seed", description = "of the list and of options (${DEFAULT-VALUE})")
  private long seed = 1;

  @Option(names = "--steps", description = "of the list (2000, in full 20000)")
  private int steps;

  @Option(names = "--full", description = "20,000 operations instead of 2,000")
  private boolean full;

  @Option(names = "--set", description = "the one set of options to run with")
  private int set = -1;

  @Option(names = "--options", description = "the options to run with, instead of a set's")
  private @Nullable String options;

  @Option(names = "--list", description = "a file of operations, instead of a list that is drawn")
  private @Nullable Path listFile;

  @Option(
      names = "--rounds",
      description = "how many seeds, one after the other (${DEFAULT-VALUE})")
  private int rounds = 1;

  @Option(names = "--history", description = "a file for each operation and its answer, of one run")
  private @Nullable Path historyFile;

  @Option(names = "--failures", description = "where lists that fail go; a temporary directory")
  private @Nullable Path failures;

  @Override
  public Integer call() throws IOException {
    Path directory = failures == null ? Files.createTempDirectory("varve-metamorphic") : failures;
    Findings findings = new Findings();
    MetamorphicRig rig = new MetamorphicRig(directory, findings);
    long begin = System.nanoTime();
    for (int round = 0; round < rounds; round++) {
      round(rig, seed + round, findings);
    }
    findings.print("metamorphic", System.out);
    long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begin);
    System.out.println("metamorphic: " + seconds + " s");
    return findings.violationCount() == 0 ? 0 : 1;
  }

  /** A run of one list, and the arguments that repeat it. */
  private record Planned(OperationList list, MetamorphicRig.Run run, String repeat) {}

  private void round(MetamorphicRig rig, long roundSeed, Findings findings) throws IOException {
    List<Planned> planned = plannedOrUsage(roundSeed);
    System.out.println(
        "metamorphic: seed "
            + roundSeed
            + ", "
            + planned.size()
            + " runs of "
            + planned.getFirst().list.operations().size()
            + " operations");
    if (historyFile != null) {
      writeHistory(planned.getFirst(), historyFile, findings);
      return;
    }
    AtomicInteger done = new AtomicInteger();
    try (ExecutorService workers =
        Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors())) {
      for (Planned one : planned) {
        workers.execute(
            () -> {
              long begin = System.nanoTime();
              boolean same = rig.run("seed " + roundSeed, one.list, one.run, one.repeat);
              long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin);
              System.out.printf(
                  Locale.ROOT,
                  "%d of %d, %s: %d ms%s%n",
                  done.incrementAndGet(),
                  planned.size(),
                  one.repeat,
                  millis,
                  same ? "" : ", DIFFERENT");
            });
      }
    }
  }

  private List<Planned> plannedOrUsage(long roundSeed) {
    try {
      List<Planned> planned = planned(roundSeed);
      if (planned.isEmpty()) {
        throw new UsageException("the sets are 0 to " + (SETS - 1) + ", not " + set);
      }
      return planned;
    } catch (IOException e) {
      throw usage("the list cannot be read: " + e.getMessage(), e);
    } catch (UsageException | IllegalArgumentException e) {
      throw usage("" + e.getMessage(), e);
    }
  }

  private CommandLine.ParameterException usage(String what, Exception why) {
    return new CommandLine.ParameterException(spec.commandLine(), what, why);
  }

  private List<Planned> planned(long roundSeed) throws IOException {
    List<Planned> planned = new ArrayList<>();
    Path file = listFile;
    if (file != null) {
      OperationList list = OperationList.parse(Files.readString(file));
      String noted = list.notes().get("options");
      String text = options == null ? noted : options;
      String notedEngine = list.notes().get("engine");
      EngineKind only =
          engine == null && notedEngine != null ? KeyspaceOptions.engineKind(notedEngine) : engine;
      String notedSeed = list.notes().get("seed");
      long listSeed = notedSeed == null ? roundSeed : Long.parseLong(notedSeed);
      engines(only).forEach(kind -> plan(planned, list, kind, text, listSeed, "--list " + file));
      return planned;
    }
    int count = steps > 0 ? steps : full ? FULL_STEPS : STEPS;
    OperationList ordered = OperationDraw.draw(roundSeed, count, true);
    OperationList unordered = OperationDraw.draw(roundSeed, count, false);
    for (EngineKind kind : engines(engine)) {
      OperationList list = kind.isOrdered() ? ordered : unordered;
      plan(planned, list, kind, options, roundSeed, "--seed " + roundSeed + " --steps " + count);
    }
    return planned;
  }

  private static List<EngineKind> engines(@Nullable EngineKind only) {
    return TinyEngines.kinds().stream().filter(kind -> only == null || kind == only).toList();
  }

  private void plan(
      List<Planned> planned,
      OperationList list,
      EngineKind kind,
      @Nullable String text,
      long listSeed,
      String from) {
    String repeat = from + " --engine " + kind.name().toLowerCase(Locale.ROOT);
    if (text != null) {
      OptionSet chosen = OptionSet.parse(text).of(kind);
      chosen.requireSound(kind);
      planned.add(
          new Planned(
              list,
              new MetamorphicRig.Run(kind, chosen, listSeed, PlantedBug.NONE),
              repeat + " --options \"" + chosen + "\""));
      return;
    }
    List<OptionSet> sets = OptionSets.of(kind, listSeed, SETS);
    for (int number = 0; number < sets.size(); number++) {
      if (set < 0 || set == number) {
        planned.add(
            new Planned(
                list,
                new MetamorphicRig.Run(kind, sets.get(number), listSeed, PlantedBug.NONE),
                repeat + " --set " + number));
      }
    }
  }

  private static void writeHistory(Planned one, Path file, Findings findings) throws IOException {
    try (BufferedWriter writer = Files.newBufferedWriter(file)) {
      @Nullable Difference difference =
          MetamorphicRig.check(one.list, one.run, line -> write(writer, line), findings);
      if (difference != null) {
        writer.write("DIFFERENT " + difference + "\n");
        findings.violation(
            new Violation("metamorphic", one.repeat, "" + difference, difference.cause()));
      }
    }
  }

  private static void write(BufferedWriter writer, String line) {
    try {
      writer.write(line);
      writer.newLine();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
