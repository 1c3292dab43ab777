package dev.varve.cli;

import dev.varve.Varve;
import dev.varve.cli.console.Console;
import dev.varve.cli.console.Meter;
import dev.varve.kv.ExportReport;
import dev.varve.kv.ImportMode;
import dev.varve.kv.Progress;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.UsageException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Takes an export into a store.
@Command(
    name = "import",
    header = "Take an export into a store.",
    description =
        "Take in what export wrote: keyspaces that are missing are made as they were, others keep"
            + " their engines and must be empty. A file is checked to its end before anything is"
            + " changed; from standard input (-) entries are taken as they come, and taken out"
            + " again should it turn out damaged. The entries of each keyspace are counted at the"
            + " end.")
final class ImportCommand implements Callable<Integer> {
  private static final int BUFFER_BYTES = 1 << 18;

  private final VarveCommand root;

  @Option(
      names = "--overwrite",
      description = "Clear the keyspaces of the export that have entries. Not from -.")
  private boolean overwrite;

  @Parameters(index = "0", paramLabel = "FILE", description = "The export; - is standard input.")
  private String file = "";

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "STORE",
      description = "The store's directory, if -d does not name it; made when there is none.")
  private @Nullable Path store;

  ImportCommand(VarveCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() throws IOException {
    boolean standard = file.equals(ExportCommand.STANDARD_STREAM);
    if (standard && overwrite) {
      throw new UsageException(
          "--overwrite needs a file, which is checked to its end before anything is cleared");
    }
    if (standard && root.isPrompt()) {
      throw new UsageException("standard input is this prompt's; give a file");
    }
    StoreAccess access = root.access(store);
    Console console = root.console();
    ExportReport report;
    try (Meter meter = console.meter()) {
      report =
          standard
              ? take(access, console.streams().in(), Path.of("standard input"), meter)
              : fromFile(access, Path.of(file), meter);
    } catch (CancellationException e) {
      console.note("nothing was imported");
      throw e;
    }
    if (console.isJson()) {
      console.json(ExportCommand.json(report));
    } else {
      console.line("imported " + ExportCommand.summary(report));
    }
    return ExitCode.DONE;
  }

  private ExportReport fromFile(StoreAccess access, Path path, Meter meter) throws IOException {
    if (Files.isDirectory(path)) {
      throw new UsageException(path + " is a directory; give a file that export wrote");
    }
    if (!Files.exists(path)) {
      throw new NoSuchFileException(path.toString());
    }
    ProgressListener listener = ofFile(meter, Files.size(path));
    try (InputStream in = open(path)) {
      ExportReport _ = Varve.checkExport(in, path, listener);
    }
    try (InputStream in = open(path)) {
      return take(access, in, path, listener);
    }
  }

  private static InputStream open(Path path) throws IOException {
    return new BufferedInputStream(Files.newInputStream(path), BUFFER_BYTES);
  }

  /** Of a file it is known how many bytes there are. */
  private static ProgressListener ofFile(Meter meter, long bytes) {
    return progress ->
        meter.onProgress(
            new Progress(
                progress.task(), progress.unit(), progress.done(), bytes, progress.elapsed()));
  }

  private ExportReport take(
      StoreAccess access, InputStream in, Path name, ProgressListener listener) {
    try (StoreAccess.Lease lease = access.existingOrNew()) {
      ImportMode mode = overwrite ? ImportMode.OVERWRITE : ImportMode.INTO_EMPTY;
      return lease.store().importFrom(in, name, mode, listener);
    }
  }
}
