package dev.varve.cli;

import dev.varve.cli.console.Console;
import dev.varve.cli.console.JsonLine;
import dev.varve.cli.console.Meter;
import dev.varve.cli.text.ByteText;
import dev.varve.cli.text.Escapes;
import dev.varve.kv.Cursor;
import dev.varve.kv.KeyRange;
import dev.varve.kv.Keyspace;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// Writes all entries in a form that can be loaded again.
@Command(
    name = "dump",
    header = "Write entries so that load reads them back.",
    description =
        "Write the entries in the kv format, which keeps every byte and which `load --format kv`"
            + " reads back: the key, a tab, the value, with \\t \\n \\r \\\\ and \\xHH for what"
            + " cannot be printed. With --json: base64.")
final class DumpCommand implements Callable<Integer> {
  private static final int ENTRIES_BETWEEN_STEPS = 1024;

  private final VarveCommand root;
  @Mixin private KeyspaceChoice keyspace = new KeyspaceChoice();
  @Mixin private RangeChoice range = new RangeChoice();

  DumpCommand(VarveCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    Console console = root.console();
    try (StoreAccess.Lease lease = root.access().existing();
        Meter meter = console.meter()) {
      Keyspace existing = keyspace.existing(lease.store());
      KeyRange wanted = range.range(existing, ByteText.TEXT);
      long total = wanted.isAll() ? existing.count() : -1;
      long done = 0;
      try (Cursor cursor = existing.cursor(wanted)) {
        boolean valid = cursor.seekToFirst();
        while (valid && !console.isOutputGone()) {
          if (console.isJson()) {
            console.json(
                new JsonLine()
                    .put("key", cursor.key(), ByteText.BASE64)
                    .put("value", cursor.value(), ByteText.BASE64));
          } else {
            console.line(Escapes.escape(cursor.key()) + "\t" + Escapes.escape(cursor.value()));
          }
          if (++done % ENTRIES_BETWEEN_STEPS == 0) {
            meter.step("dump", "entries", done, total);
          }
          valid = cursor.next();
        }
      }
    }
    return ExitCode.DONE;
  }
}
