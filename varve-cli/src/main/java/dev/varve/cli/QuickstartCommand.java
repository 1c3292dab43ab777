package dev.varve.cli;

import dev.varve.cli.console.TemporaryDirectory;
import dev.varve.cli.quickstart.Quickstart;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/// The quick start.
@Command(
    name = "quickstart",
    header = "Load real data, kill a writer, recover, verify: the first five minutes.",
    description =
        "Load real data, read it, kill a writer, recover, verify: in a temporary store, or in the"
            + " one of -d DIR, which then stays. Exit code 3 when anything is not as it should be.")
final class QuickstartCommand implements Callable<Integer> {
  private final VarveCommand root;

  QuickstartCommand(VarveCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() throws IOException {
    Path directory = root.directory();
    if (directory != null) {
      return run(directory, true);
    }
    try (TemporaryDirectory temporary = TemporaryDirectory.make("varve-quickstart")) {
      return run(temporary.path(), false);
    }
  }

  private int run(Path directory, boolean isKept) throws IOException {
    return new Quickstart(root.console(), directory, isKept).run()
        ? ExitCode.DONE
        : ExitCode.FAILED;
  }
}
