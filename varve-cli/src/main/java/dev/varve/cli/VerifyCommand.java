package dev.varve.cli;

import dev.varve.cli.console.Console;
import dev.varve.cli.console.JsonLine;
import dev.varve.cli.console.Meter;
import dev.varve.cli.text.Amounts;
import dev.varve.kv.VerifyReport;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Checks the store's files.
@Command(
    name = "verify",
    header = "Check every file and every checksum.",
    description = "Exit code 3 when something is wrong.")
final class VerifyCommand implements Callable<Integer> {
  private final VarveCommand root;

  @Option(
      names = "--deep",
      description = "Also build the state anew from the files and compare every entry.")
  private boolean deep;

  VerifyCommand(VarveCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    Console console = root.console();
    try (StoreAccess.Lease lease = root.access().existing();
        Meter meter = console.meter()) {
      VerifyReport report = lease.store().verify(deep, meter);
      meter.wipe();
      if (console.isJson()) {
        console.json(
            new JsonLine()
                .put("sound", report.isSound())
                .put("deep", deep)
                .put("files", report.files())
                .put("bytes", report.bytes())
                .put("entries", report.entries())
                .put("problems", report.problems())
                .put("notices", report.notices())
                .put("nanos", report.elapsed().toNanos()));
      } else {
        report.problems().forEach(problem -> console.line("problem: " + problem));
        report.notices().forEach(notice -> console.line("notice: " + notice));
        console.line(text(report, deep));
      }
      return report.isSound() ? ExitCode.DONE : ExitCode.FAILED;
    }
  }

  /// The report in one line.
  static String text(VerifyReport report, boolean deep) {
    return (report.isSound() ? "sound: " : "NOT SOUND: ")
        + Amounts.count(report.files(), "file")
        + ", "
        + Amounts.bytes(report.bytes())
        + (deep
            ? ", " + Amounts.count(report.entries()) + " entries compared with the files"
            : ", every checksum")
        + ", "
        + Amounts.time(report.elapsed());
  }
}
