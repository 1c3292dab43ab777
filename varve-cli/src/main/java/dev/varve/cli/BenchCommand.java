package dev.varve.cli;

import dev.varve.cli.bench.Bench;
import dev.varve.cli.bench.Workload;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.StoreOptions;
import dev.varve.kv.UsageException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Measures.
@Command(
    name = "bench",
    header = "Measure puts, gets, walks and batches on this machine.",
    description = {
      "Measure stores in temporary directories, in this process. In a store of its own each:",
      "  sequential  puts of new keys in their order",
      "  batch       commits of 1,000 puts of new keys in random order",
      "  sync        puts that are on the device when they return",
      "Then in one store:",
      "  put         puts of new keys in random order",
      "  get         gets of keys that are there",
      "  missing     gets of keys that are not",
      "  forward, backward   steps of a walk over everything",
      "  seek        seeks of a random key with 10 further steps",
      "  overwrite   puts of keys that are there",
      "  half        puts and gets of keys that are there, in turns",
      "  disk        what it takes when everything is in files",
      "  reopen      an opening, to the first get",
      "Of a value half can be compressed.%n"
    })
final class BenchCommand implements Callable<Integer> {
  private final VarveCommand root;

  @Parameters(
      arity = "0..*",
      paramLabel = "WORKLOAD",
      description = "What to measure. Default: all.")
  private List<String> workloads = new ArrayList<>();

  @Option(
      names = "--engine",
      paramLabel = "KIND",
      description = "The engine (default: ${DEFAULT-VALUE}).")
  private String engine = "rbtree";

  @Option(
      names = "--entries",
      paramLabel = "N",
      description = "How many entries, and operations of each workload (${DEFAULT-VALUE}).")
  private int entries = 200_000;

  @Option(
      names = "--durability",
      paramLabel = "LEVEL",
      description = "When writes are acknowledged (default: ${DEFAULT-VALUE}).")
  private String durability = "none";

  @Option(
      names = "--value-size",
      paramLabel = "BYTES",
      description = "Bytes of a value (default: ${DEFAULT-VALUE}); keys have 16.")
  private int valueSize = 100;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "How many threads share the work (default: ${DEFAULT-VALUE}).")
  private int threads = 1;

  @Option(
      names = "--seconds",
      paramLabel = "S",
      description = "End a workload after so many seconds at the latest (${DEFAULT-VALUE}).")
  private int seconds = 10;

  BenchCommand(VarveCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() throws IOException {
    if (root.directory() != null) {
      throw new UsageException("bench makes a temporary store of its own; leave -d away");
    }
    if (entries < 1 || threads < 1 || threads > 256 || seconds < 1 || valueSize < 0) {
      throw new UsageException(
          "--entries and --seconds are 1 or more, --threads 1 to 256, --value-size 0 or more");
    }
    List<Workload> chosen =
        workloads.isEmpty()
            ? List.of(Workload.values())
            : workloads.stream().map(Workload::named).distinct().sorted().toList();
    Bench.Settings settings =
        new Bench.Settings(
            KeyspaceOptions.engineKind(engine),
            StoreOptions.durabilityOf(durability),
            entries,
            valueSize,
            threads,
            seconds);
    new Bench(root.console(), settings).run(chosen);
    return ExitCode.DONE;
  }
}
