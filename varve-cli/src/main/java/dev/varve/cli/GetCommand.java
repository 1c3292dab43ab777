package dev.varve.cli;

import dev.varve.cli.console.Console;
import dev.varve.cli.console.JsonLine;
import dev.varve.cli.text.ByteText;
import dev.varve.kv.Limits;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// Shows the value of a key.
@Command(
    name = "get",
    header = "Show the value of a key.",
    description = "Exit code 1 when there is none.")
final class GetCommand implements Callable<Integer> {
  private final VarveCommand root;
  @Mixin private KeyspaceChoice keyspace = new KeyspaceChoice();
  @Mixin private FormChoice choice = new FormChoice();

  @Parameters(paramLabel = "KEY", description = "The key.")
  private String key = "";

  GetCommand(VarveCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    Console console = root.console();
    ByteText form = choice.form(root.console());
    byte[] wanted = form.parse("the key", key);
    Limits.checkKey(wanted);
    try (StoreAccess.Lease lease = root.access().existing()) {
      byte[] value = keyspace.existing(lease.store()).get(wanted);
      if (console.isJson()) {
        console.json(
            new JsonLine()
                .put("key", wanted, form)
                .put("found", value != null)
                .put("value", value, form));
      } else if (value == null) {
        console.note("not found");
      } else if (form == ByteText.RAW) {
        console.bytes(value);
      } else {
        console.line(form.block(value));
      }
      return value == null ? ExitCode.DIFFERS : ExitCode.DONE;
    }
  }
}
