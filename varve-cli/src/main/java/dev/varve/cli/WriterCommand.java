package dev.varve.cli;

import dev.varve.cli.quickstart.DurableWriter;
import dev.varve.kv.UsageException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/// The process that the quick start kills: it writes until it is.
@Command(name = WriterCommand.NAME, hidden = true, description = "Write until killed.")
final class WriterCommand implements Callable<Integer> {
  static final String NAME = "quickstart-writer";

  private final VarveCommand root;

  WriterCommand(VarveCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    if (root.directory() == null) {
      throw new UsageException("which store? Give its directory with -d DIR");
    }
    try (StoreAccess.Lease lease = root.access().existing()) {
      new DurableWriter(lease.store(), root.console()).run();
    }
    return ExitCode.DONE;
  }
}
