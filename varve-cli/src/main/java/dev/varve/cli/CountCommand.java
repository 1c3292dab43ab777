package dev.varve.cli;

import dev.varve.cli.console.Console;
import dev.varve.cli.console.JsonLine;
import dev.varve.kv.Keyspace;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// Counts entries.
@Command(name = "count", header = "Count entries.")
final class CountCommand implements Callable<Integer> {
  private final VarveCommand root;
  @Mixin private KeyspaceChoice keyspace = new KeyspaceChoice();
  @Mixin private FormChoice choice = new FormChoice();
  @Mixin private RangeChoice range = new RangeChoice();

  CountCommand(VarveCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    Console console = root.console();
    try (StoreAccess.Lease lease = root.access().existing()) {
      Keyspace existing = keyspace.existing(lease.store());
      long count = existing.count(range.range(existing, choice.form(root.console())));
      if (console.isJson()) {
        console.json(new JsonLine().put("keyspace", keyspace.name()).put("count", count));
      } else {
        console.line(Long.toString(count));
      }
    }
    return ExitCode.DONE;
  }
}
