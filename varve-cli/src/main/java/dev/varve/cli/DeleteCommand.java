package dev.varve.cli;

import dev.varve.cli.console.Console;
import dev.varve.cli.console.JsonLine;
import dev.varve.cli.text.ByteText;
import dev.varve.kv.Keyspace;
import dev.varve.kv.Limits;
import dev.varve.kv.StoreOptions;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Makes a key absent.
@Command(
    name = "delete",
    header = "Delete a key.",
    description = "Exit code 1 when it was not there.")
final class DeleteCommand implements Callable<Integer> {
  private final VarveCommand root;
  @Mixin private KeyspaceChoice keyspace = new KeyspaceChoice();
  @Mixin private FormChoice choice = new FormChoice();

  @Option(
      names = "--durability",
      paramLabel = "LEVEL",
      description = "When it is acknowledged: sync, group, periodic or none. Default: the store's.")
  private @Nullable String durability;

  @Parameters(paramLabel = "KEY", description = "The key.")
  private String key = "";

  DeleteCommand(VarveCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    Console console = root.console();
    ByteText form = choice.form(root.console());
    byte[] wanted = form.parse("the key", key);
    Limits.checkKey(wanted);
    var level = durability == null ? null : StoreOptions.durabilityOf(durability);
    try (StoreAccess.Lease lease = root.access().existing()) {
      Keyspace existing = keyspace.existing(lease.store());
      boolean found = existing.contains(wanted);
      if (found) {
        existing.delete(wanted, level == null ? lease.store().options().durability() : level);
      }
      if (console.isJson()) {
        console.json(new JsonLine().put("key", wanted, form).put("found", found));
      } else if (!found) {
        console.note("not found");
      }
      return found ? ExitCode.DONE : ExitCode.DIFFERS;
    }
  }
}
