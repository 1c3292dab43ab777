package dev.varve.bench;

import dev.varve.bench.Launched.Order;
import dev.varve.kv.ByteSize;
import dev.varve.kv.EngineKind;
import dev.varve.kv.UsageException;
import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// The command that measures.
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    description = "Measures rows of workloads, each process of a row in a JVM of its own.",
    footer = {"", "Without ROW it lists the rows. 'all' stands for every one."})
public final class Bench implements Callable<Integer> {
  @Parameters(paramLabel = "ROW", description = "What to measure.")
  private List<String> names = List.of();

  @Option(
      names = "--entries",
      paramLabel = "N",
      description = "Entries of each keyspace; 0 for each row's usual number.")
  private long entries;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "5",
      description = "How often each process is run (default ${DEFAULT-VALUE}).")
  private int rounds;

  @Option(
      names = "--scale",
      paramLabel = "F",
      defaultValue = "1",
      description = "What every number of entries, writes and bytes is multiplied by.")
  private double scale;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "42",
      description = "Where keys and orders come from (default ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--memory",
      paramLabel = "SIZE",
      description = "What the stores of LSM rows and comparisons may use, such as 256MiB.")
  private Optional<String> memory = Optional.empty();

  @Option(
      names = "--engine",
      paramLabel = "KIND",
      split = ",",
      description = "Engines of Varve's in the rows 'peers' (usually all) and 'btree' (BTREE).")
  private List<EngineKind> engines = List.of();

  @Option(
      names = "--svg",
      paramLabel = "FILE",
      description = "Also draw what Varve's engines come to beside the best peer.")
  private Optional<Path> svg = Optional.empty();

  @Option(names = "--json", paramLabel = "FILE", description = "Also write the figures here.")
  private Optional<Path> json = Optional.empty();

  @Option(
      names = "--work",
      paramLabel = "DIR",
      description = "Where stores are made, and removed; the device of this directory is measured.")
  private Optional<Path> work = Optional.empty();

  @Option(
      names = "--flags",
      paramLabel = "FLAGS",
      defaultValue = "",
      description = "Further flags for each JVM, in one argument.")
  private String flags = "";

  @Option(
      names = "--only",
      paramLabel = "TEXT",
      defaultValue = "",
      description = "Only processes whose names contain this.")
  private String only = "";

  @Option(
      names = "--before",
      paramLabel = "CLASSPATH",
      description = "Other classes of Varve's, which take turns with these; ratios are to them.")
  private Optional<String> before = Optional.empty();

  @Spec private CommandSpec spec = CommandSpec.create();

  /// Made by [#main].
  Bench() {}

  /// Runs the command.
  public static void main(String[] args) {
    System.exit(commandLine().execute(args));
  }

  /// The command, which takes the names of engines in any case.
  static CommandLine commandLine() {
    return new CommandLine(new Bench()).setCaseInsensitiveEnumValuesAllowed(true);
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    if (names.isEmpty()) {
      Rows.all().forEach(row -> out.printf("%-14s %s%n", row.name(), row.about()));
      return 0;
    }
    List<Row> rows = rows();
    if (rounds < 1 || scale <= 0 || entries < 0) {
      throw new ParameterException(
          spec.commandLine(), "--rounds and --scale are positive, --entries is not negative");
    }
    Path directory =
        work.isPresent()
            ? Files.createTempDirectory(Files.createDirectories(work.get()), "varve-bench")
            : Files.createTempDirectory("varve-bench");
    try {
      Report report = new Report(Machine.describe(directory), before.isPresent());
      out.print(report.head());
      out.flush();
      boolean failed = false;
      for (Row row : rows) {
        List<String> failures = new ArrayList<>();
        report.add(row, measure(row, directory.resolve(row.name()), failures), failures);
        out.print(report.lastTable());
        out.flush();
        failed |= !failures.isEmpty();
      }
      out.println("load at the end: " + Machine.load());
      if (json.isPresent()) {
        Path _ = Files.writeString(json.get(), report.toJson() + "\n");
      }
      if (svg.isPresent() && report.toSvg().isPresent()) {
        Path _ = Files.writeString(svg.get(), report.toSvg().get());
      }
      return failed ? 1 : 0;
    } finally {
      Run.remove(directory);
    }
  }

  private long memoryBytes() {
    try {
      return memory.map(ByteSize::parse).map(ByteSize::bytes).orElse(0L);
    } catch (UsageException e) {
      throw new ParameterException(spec.commandLine(), "--memory: " + e.getMessage(), e);
    }
  }

  private List<Row> rows() {
    Rows.Selection selection = new Rows.Selection(engines, entries);
    if (names.contains("all")) {
      return Rows.all(selection);
    }
    List<Row> rows = new ArrayList<>();
    for (String name : names) {
      rows.add(
          Rows.find(name, selection)
              .orElseThrow(
                  () ->
                      new ParameterException(
                          spec.commandLine(),
                          "there is no row '"
                              + name
                              + "'; the rows are "
                              + String.join(
                                  ", ", Rows.all(selection).stream().map(Row::name).toList()))));
    }
    return rows;
  }

  private List<Sample> measure(Row row, Path directory, List<String> failures)
      throws IOException, InterruptedException {
    Path _ = Files.createDirectories(directory);
    List<Sample> samples = new ArrayList<>();
    List<String> processes = row.processes().stream().filter(p -> p.contains(only)).toList();
    Sizes sizes = new Sizes(entries, scale, memoryBytes(), seed);
    Path file = directory.resolve("samples");
    String classPath = System.getProperty("java.class.path");
    for (int round = 0; round < rounds; round++) {
      for (String process : processes) {
        Order order = new Order(row.name(), process, round, sizes, directory, file);
        try {
          samples.addAll(Launched.launch(order, classPath, jvmFlags(row, process)));
          if (before.isPresent()) {
            String other = before.get() + File.pathSeparator + classPath;
            for (Sample sample : Launched.launch(order, other, jvmFlags(row, process))) {
              samples.add(sample.of(sample.subject() + Report.BEFORE));
            }
          }
        } catch (IOException e) {
          // The others are worth having all the same; the table names it, and so does the status.
          failures.add(e.getMessage());
        }
      }
    }
    Run.remove(directory);
    return samples;
  }

  private List<String> jvmFlags(Row row, String process) {
    List<String> jvmFlags = new ArrayList<>(row.jvmFlags(process));
    if (!flags.isBlank()) {
      jvmFlags.addAll(List.of(flags.strip().split("\\s+")));
    }
    return jvmFlags;
  }
}
