package dev.varve.cli;

import dev.varve.cli.console.Console;
import dev.varve.cli.console.JsonLine;
import dev.varve.cli.console.Meter;
import dev.varve.cli.load.LoadFormat;
import dev.varve.cli.load.LoadJob;
import dev.varve.cli.load.LoadReport;
import dev.varve.cli.load.LoadSource;
import dev.varve.cli.load.Row;
import dev.varve.cli.text.Amounts;
import dev.varve.kv.Store;
import dev.varve.kv.UsageException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Loads rows from a file.
@Command(
    name = "load",
    header = "Load rows from csv, tsv, jsonl or kv; goes on after an interruption.",
    description =
        "Load rows from a file. A row of csv, tsv or jsonl is kept as a JSON object under the key"
            + " column's value; of equal keys the last wins. An interrupted load goes on where it"
            + " stopped when the same command is run again. A file of 16 MiB or more that is loaded"
            + " into an empty keyspace of the engine LSM comes in one commit, all or nothing. Exit"
            + " code 1 when rows were rejected.")
final class LoadCommand implements Callable<Integer> {
  private static final int SHOWN_MAX = 20;
  private static final String STANDARD_INPUT = "-";

  private final VarveCommand root;
  @Mixin private KeyspaceChoice keyspace = new KeyspaceChoice();
  @Mixin private KeyspaceChoice.Writing writing = new KeyspaceChoice.Writing();

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      description = "csv, tsv, jsonl or kv. Default: what the file's name says.")
  private @Nullable String format;

  @Option(
      names = "--key",
      paramLabel = "COLUMN",
      description =
          "The column whose value is the key, or several with commas between, whose values are"
              + " joined with slashes. Default: the first.")
  private @Nullable String key;

  @Option(
      names = "--batch",
      paramLabel = "N",
      description = "At most N rows in a commit (default: ${DEFAULT-VALUE}).")
  private int batchRows = 1000;

  @Option(names = "--strict", description = "Stop at the first malformed row.")
  private boolean strict;

  @Parameters(
      paramLabel = "FILE",
      description = "The file; it is unpacked if its name ends with .gz. - is standard input.")
  private String file = "";

  private long rejectedShown;

  LoadCommand(VarveCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() throws IOException {
    if (batchRows < 1 || batchRows > 1_000_000) {
      throw new UsageException("--batch is 1 to 1,000,000, not " + batchRows);
    }
    if (keyspace.name().equals(LoadJob.POSITIONS)) {
      throw new UsageException(
          "the keyspace "
              + LoadJob.POSITIONS
              + " is where loads keep their positions; choose another");
    }
    writing.check();
    LoadFormat chosen = format();
    Console console = root.console();
    try (LoadSource source = source(chosen);
        StoreAccess.Lease lease = root.access().existingOrNew();
        Meter meter = console.meter()) {
      LoadReport report = run(lease.store(), source, meter);
      meter.wipe();
      show(report, source);
      return report.rejected() == 0 ? ExitCode.DONE : ExitCode.DIFFERS;
    }
  }

  private LoadFormat format() {
    if (format != null) {
      return LoadFormat.named(format);
    }
    if (file.equals(STANDARD_INPUT)) {
      throw new UsageException("standard input has no name; give --format csv, tsv, jsonl or kv");
    }
    return LoadFormat.ofFileName(file);
  }

  private LoadSource source(LoadFormat chosen) throws IOException {
    return file.equals(STANDARD_INPUT)
        ? LoadSource.of("standard input", root.console().streams().in(), chosen, key)
        : LoadSource.of(Path.of(file), chosen, key);
  }

  private LoadReport run(Store store, LoadSource source, Meter meter) throws IOException {
    LoadJob job =
        new LoadJob(
            store,
            writing.existingOrNew(store, keyspace.name()),
            new LoadJob.Settings(batchRows, strict, writing.durability(store)),
            new LoadJob.Listener(meter, this::found, row -> rejected(row, meter)));
    boolean bulk = job.isBulk(source);
    try {
      return job.run(source);
    } catch (CancellationException e) {
      meter.wipe();
      root.console()
          .note(
              bulk
                  ? "nothing was loaded; run the same command again to begin anew"
                  : "run the same command again to go on from here");
      throw e;
    }
  }

  private void found(long rows, boolean same) {
    root.console()
        .note(
            same
                ? "going on after the "
                    + Amounts.count(rows)
                    + " rows that an interrupted load had read"
                : "an interrupted load had read "
                    + Amounts.count(rows)
                    + " rows, but the file or the way to load it is another now: loading anew");
  }

  private void rejected(Row.Malformed row, Meter meter) {
    rejectedShown++;
    if (rejectedShown <= SHOWN_MAX) {
      meter.wipe();
      root.console().note("line " + row.line() + " rejected: " + row.reason());
    } else if (rejectedShown == SHOWN_MAX + 1) {
      root.console().note("more rejected lines are counted, not shown");
    }
  }

  private void show(LoadReport report, LoadSource source) {
    Console console = root.console();
    if (console.isJson()) {
      console.json(
          new JsonLine()
              .put("keyspace", keyspace.name())
              .put("loaded", report.loaded())
              .put("replaced", report.replaced())
              .put("rejected", report.rejected())
              .put("resumedAfter", report.resumedAfter())
              .put("complete", report.isComplete())
              .put("bytes", report.bytes())
              .put("nanos", report.elapsed().toNanos()));
      return;
    }
    console.line(
        "loaded "
            + Amounts.count(report.loaded(), "row")
            + " into "
            + keyspace.name()
            + (report.replaced() == 0
                ? ""
                : " (" + Amounts.count(report.replaced()) + " replaced an earlier value)")
            + ", rejected "
            + Amounts.count(report.rejected())
            + ", in "
            + Amounts.time(report.elapsed()));
    if (!report.isComplete()) {
      console.line("stopped at the first malformed row of " + source.name() + ", as --strict says");
    }
  }
}
