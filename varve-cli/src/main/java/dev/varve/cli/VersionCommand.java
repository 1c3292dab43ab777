package dev.varve.cli;

import dev.varve.cli.console.JsonLine;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/// Shows the version.
@Command(name = "version", header = "Show the version.")
final class VersionCommand implements Callable<Integer> {
  private final VarveCommand root;

  VersionCommand(VarveCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    if (root.console().isJson()) {
      root.console()
          .json(new JsonLine().put("varve", VersionText.version()).put("java", VersionText.java()));
    } else {
      root.console().line(new VersionText().getVersion()[0]);
    }
    return ExitCode.DONE;
  }
}
