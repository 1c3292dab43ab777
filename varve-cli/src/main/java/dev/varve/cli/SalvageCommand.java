package dev.varve.cli;

import dev.varve.Varve;
import dev.varve.cli.console.Console;
import dev.varve.cli.console.JsonLine;
import dev.varve.cli.console.Meter;
import dev.varve.cli.text.Amounts;
import dev.varve.kv.SalvageReport;
import dev.varve.kv.UsageException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/// Makes a new store of what is sound of a damaged one.
@Command(
    name = "salvage",
    header = "Make a new store of what is sound of a damaged one.",
    description = "The damaged store is only read. Exit code 1 when something could not be saved.")
final class SalvageCommand implements Callable<Integer> {
  private final VarveCommand root;

  @Parameters(paramLabel = "TO", description = "The new store's directory, empty or missing.")
  private @Nullable Path to;

  SalvageCommand(VarveCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    Console console = root.console();
    Path from = root.directory();
    if (from == null || to == null) {
      throw new UsageException("which store? Give its directory with -d DIR");
    }
    DirectoryAccess.requireSomething(from);
    SalvageReport report;
    try (Meter meter = console.meter()) {
      report = Varve.salvage(from, to, meter);
    }
    if (console.isJson()) {
      console.json(
          new JsonLine()
              .put("keyspaces", report.keyspaces())
              .put("entries", report.entries())
              .put("commits", report.commits())
              .put("losses", report.losses())
              .put("nanos", report.elapsed().toNanos()));
    } else {
      report.losses().forEach(loss -> console.line("lost: " + loss));
      console.line(
          "saved "
              + Amounts.count(report.entries())
              + " entries in "
              + Amounts.count(report.keyspaces(), "keyspace")
              + " ("
              + Amounts.count(report.commits(), "commit")
              + " of the log) in "
              + Amounts.time(report.elapsed())
              + (report.losses().isEmpty() ? "; nothing was lost" : ""));
    }
    return report.losses().isEmpty() ? ExitCode.DONE : ExitCode.DIFFERS;
  }
}
