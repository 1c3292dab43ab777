package dev.varve.cli;

import dev.varve.cli.console.Console;
import dev.varve.cli.console.JsonLine;
import dev.varve.cli.console.Meter;
import dev.varve.cli.text.Amounts;
import dev.varve.kv.ExportReport;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.Store;
import dev.varve.kv.UsageException;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/// Writes a whole store to a file or to standard output.
@Command(
    name = "export",
    header = "Write a whole store, as of one moment, to a file or -.",
    description =
        "Write all keyspaces, their options and all entries as of one moment to a file that must"
            + " not be there yet, or to standard output (-). Any store takes it in with import. The"
            + " file gets its name when it is whole and on disk.")
final class ExportCommand implements Callable<Integer> {
  static final String STANDARD_STREAM = "-";

  private final VarveCommand root;

  @Parameters(
      paramLabel = "[STORE] FILE",
      arity = "1..2",
      hideParamSyntax = true,
      description = "The store's directory, if -d does not name it, and the file; or - for output.")
  private List<String> arguments = new ArrayList<>();

  ExportCommand(VarveCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() throws IOException {
    Console console = root.console();
    String file = arguments.getLast();
    @Nullable Path store = arguments.size() == 1 ? null : Path.of(arguments.getFirst());
    boolean standard = file.equals(STANDARD_STREAM);
    if (standard && console.streams().outIsTerminal()) {
      throw new UsageException("an export is not for reading; give a file, or pipe it");
    }
    ExportReport report;
    try (StoreAccess.Lease lease = root.access(store).existing();
        Meter meter = console.meter()) {
      console.flush();
      report =
          standard
              ? lease.store().exportTo(console.streams().out(), meter)
              : toFile(lease.store(), Path.of(file), meter);
    }
    String said =
        "exported " + summary(report) + ", as of commit " + Amounts.count(report.sequenceNumber());
    if (standard) {
      console.note(said);
    } else if (console.isJson()) {
      console.json(json(report));
    } else {
      console.line(said);
    }
    return ExitCode.DONE;
  }

  private static ExportReport toFile(Store store, Path file, ProgressListener listener)
      throws IOException {
    if (Files.exists(file)) {
      throw new UsageException(file + " is there already; remove it, or choose another name");
    }
    Path part = file.resolveSibling(file.getFileName() + ".part");
    try {
      ExportReport report;
      try (FileChannel channel =
              FileChannel.open(
                  part,
                  StandardOpenOption.CREATE,
                  StandardOpenOption.TRUNCATE_EXISTING,
                  StandardOpenOption.WRITE);
          OutputStream out = new BufferedOutputStream(Channels.newOutputStream(channel), 1 << 18)) {
        report = store.exportTo(out, listener);
        channel.force(true);
      }
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
      return report;
    } finally {
      boolean _ = Files.deleteIfExists(part);
    }
  }

  /// What an export holds, for people.
  static String summary(ExportReport report) {
    return Amounts.count(report.entries())
        + (report.entries() == 1 ? " entry" : " entries")
        + " of "
        + Amounts.count(report.keyspaces().size(), "keyspace")
        + ", "
        + Amounts.bytes(report.bytes())
        + ", in "
        + Amounts.time(report.elapsed());
  }

  /// What an export holds, as JSON.
  static JsonLine json(ExportReport report) {
    return new JsonLine()
        .put("sequence", report.sequenceNumber())
        .put("keyspaces", report.keyspaces().size())
        .put("entries", report.entries())
        .put("bytes", report.bytes())
        .put("nanos", report.elapsed().toNanos());
  }
}
