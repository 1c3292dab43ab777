package dev.varve.bench;

import dev.varve.bench.Launched.Order;
import dev.varve.kv.ByteSize;
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
      description = "What the stores of the LSM rows may use, such as 256MiB (their usual).")
  private Optional<String> memory = Optional.empty();

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
    System.exit(new CommandLine(new Bench()).execute(args));
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
      for (Row row : rows) {
        report.add(row, measure(row, directory.resolve(row.name())));
        out.print(report.lastTable());
        out.flush();
      }
      out.println("load at the end: " + Machine.load());
      if (json.isPresent()) {
        Path _ = Files.writeString(json.get(), report.toJson() + "\n");
      }
    } finally {
      Run.remove(directory);
    }
    return 0;
  }

  private long memoryBytes() {
    try {
      return memory.map(ByteSize::parse).map(ByteSize::bytes).orElse(0L);
    } catch (UsageException e) {
      throw new ParameterException(spec.commandLine(), "--memory: " + e.getMessage(), e);
    }
  }

  private List<Row> rows() {
    if (names.contains("all")) {
      return Rows.all();
    }
    List<Row> rows = new ArrayList<>();
    for (String name : names) {
      rows.add(
          Rows.find(name)
              .orElseThrow(
                  () ->
                      new ParameterException(
                          spec.commandLine(),
                          "there is no row '"
                              + name
                              + "'; the rows are "
                              + String.join(", ", Rows.all().stream().map(Row::name).toList()))));
    }
    return rows;
  }

  private List<Sample> measure(Row row, Path directory) throws IOException, InterruptedException {
    Path _ = Files.createDirectories(directory);
    List<String> jvmFlags = new ArrayList<>(row.jvmFlags());
    if (!flags.isBlank()) {
      jvmFlags.addAll(List.of(flags.strip().split("\\s+")));
    }
    List<Sample> samples = new ArrayList<>();
    List<String> processes = row.processes().stream().filter(p -> p.contains(only)).toList();
    Sizes sizes = new Sizes(entries, scale, memoryBytes(), seed);
    Path file = directory.resolve("samples");
    String classPath = System.getProperty("java.class.path");
    for (int round = 0; round < rounds; round++) {
      for (String process : processes) {
        Order order = new Order(row.name(), process, round, sizes, directory, file);
        samples.addAll(Launched.launch(order, classPath, jvmFlags));
        if (before.isPresent()) {
          String other = before.get() + File.pathSeparator + classPath;
          for (Sample sample : Launched.launch(order, other, jvmFlags)) {
            samples.add(sample.of(sample.subject() + Report.BEFORE));
          }
        }
      }
    }
    Run.remove(directory);
    return samples;
  }
}
