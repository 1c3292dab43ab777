package dev.varve.cli;

import dev.varve.cli.console.Console;
import dev.varve.cli.console.JsonLine;
import dev.varve.cli.text.ByteText;
import dev.varve.kv.Cursor;
import dev.varve.kv.KeyRange;
import dev.varve.kv.Keyspace;
import dev.varve.kv.UsageException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Shows entries.
@Command(
    name = "scan",
    header = "Show entries, in order, by prefix or range.",
    description =
        "Show the entries, one a line: the key, a tab, the value; in order where the"
            + " engine keeps one.")
final class ScanCommand implements Callable<Integer> {
  private final VarveCommand root;
  @Mixin private KeyspaceChoice keyspace = new KeyspaceChoice();
  @Mixin private FormChoice choice = new FormChoice();
  @Mixin private RangeChoice range = new RangeChoice();

  @Option(names = "--limit", paramLabel = "N", description = "At most N entries.")
  private long limit = Long.MAX_VALUE;

  @Option(names = "--reverse", description = "From the greatest key to the least.")
  private boolean reverse;

  @Option(names = "--keys-only", description = "Show the keys alone.")
  private boolean keysOnly;

  ScanCommand(VarveCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    Console console = root.console();
    ByteText form = choice.form(console);
    if (limit < 0) {
      throw new UsageException("--limit is 0 or more, not " + limit);
    }
    try (StoreAccess.Lease lease = root.access().existing()) {
      Keyspace existing = keyspace.existing(lease.store());
      KeyRange wanted = range.range(existing, form);
      if (reverse) {
        RangeChoice.requireOrder(existing, "--reverse needs");
      }
      long shown = 0;
      try (Cursor cursor = existing.cursor(wanted)) {
        boolean valid = limit > 0 && (reverse ? cursor.seekToLast() : cursor.seekToFirst());
        while (valid && shown < limit && !console.isOutputGone()) {
          console.interruption().check();
          show(form, cursor.key(), keysOnly ? null : cursor.value());
          shown++;
          valid = reverse ? cursor.previous() : cursor.next();
        }
      }
    }
    return ExitCode.DONE;
  }

  private void show(ByteText form, byte[] key, byte @Nullable [] value) {
    Console console = root.console();
    if (console.isJson()) {
      JsonLine line = new JsonLine().put("key", key, form);
      console.json(value == null ? line : line.put("value", value, form));
    } else if (form == ByteText.RAW) {
      console.bytes(key);
      if (value != null) {
        console.bytes("\t".getBytes(StandardCharsets.US_ASCII));
        console.bytes(value);
      }
      console.line("");
    } else {
      console.line(value == null ? form.line(key) : form.line(key) + "\t" + form.line(value));
    }
  }
}
