package dev.varve.cli;

import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/// A prompt on one open store.
@Command(
    name = "shell",
    header = "A prompt on one open store.",
    description =
        "A prompt on one open store: every command without -d, `use KEYSPACE` to leave -k away,"
            + " `exit` to leave. Reads commands from standard input when that is no terminal.")
final class ShellCommand implements Callable<Integer> {
  private final VarveCommand root;

  ShellCommand(VarveCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() throws IOException {
    try (StoreAccess.Lease lease = root.access().existingOrNew()) {
      Shell shell = new Shell(root.console(), new SharedAccess(lease.store()));
      boolean prompt =
          root.console().streams().inIsTerminal() && root.console().streams().outIsTerminal();
      return prompt ? ShellPrompt.run(shell, root.console()) : shell.runLines();
    }
  }
}
