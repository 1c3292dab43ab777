package dev.varve.cli;

import dev.varve.cli.console.Console;
import dev.varve.cli.console.JsonLine;
import dev.varve.cli.text.ByteText;
import dev.varve.kv.Durability;
import dev.varve.kv.Limits;
import dev.varve.kv.UsageException;
import java.io.IOException;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Sets the value of a key.
@Command(
    name = "put",
    header = "Set the value of a key.",
    description = "Makes the store and the keyspace when they are missing.")
final class PutCommand implements Callable<Integer> {
  private final VarveCommand root;
  @Mixin private KeyspaceChoice keyspace = new KeyspaceChoice();
  @Mixin private FormChoice choice = new FormChoice();
  @Mixin private KeyspaceChoice.Writing writing = new KeyspaceChoice.Writing();

  @Parameters(index = "0", paramLabel = "KEY", description = "The key.")
  private String key = "";

  @Parameters(index = "1", arity = "0..1", paramLabel = "VALUE", description = "The value.")
  private @Nullable String value;

  @Option(names = "--stdin", description = "Read the value, as it is, from standard input.")
  private boolean stdin;

  PutCommand(VarveCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() throws IOException {
    Console console = root.console();
    ByteText form = choice.form(root.console());
    writing.check();
    byte[] wanted = form.parse("the key", key);
    Limits.checkKey(wanted);
    byte[] content = value(form);
    Limits.checkValue(content);
    try (StoreAccess.Lease lease = root.access().existingOrNew()) {
      Durability durability = writing.durability(lease.store());
      writing.existingOrNew(lease.store(), keyspace.name()).put(wanted, content, durability);
      if (console.isJson()) {
        console.json(
            new JsonLine()
                .put("key", wanted, form)
                .put("valueBytes", content.length)
                .put("durability", durability.name().toLowerCase(Locale.ROOT))
                .put("sequence", lease.store().stats().visibleThrough()));
      }
    }
    return ExitCode.DONE;
  }

  private byte[] value(ByteText form) throws IOException {
    if (stdin == (value != null)) {
      throw new UsageException("give a value, or --stdin to read it from standard input");
    }
    return value == null
        ? root.console().streams().in().readNBytes(Limits.VALUE_BYTES_MAX + 1)
        : form.parse("the value", value);
  }
}
