package dev.varve.cli;

import dev.varve.cli.console.Console;
import dev.varve.cli.console.JsonLine;
import dev.varve.cli.console.Table;
import dev.varve.cli.text.Amounts;
import dev.varve.cli.text.ByteText;
import dev.varve.cli.text.EntryCount;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceStats;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/// Lists the keyspaces.
@Command(
    name = "keyspaces",
    header = "List the keyspaces.",
    description = "With their engines, entries and sizes.")
final class KeyspacesCommand implements Callable<Integer> {
  private final VarveCommand root;

  KeyspacesCommand(VarveCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    Console console = root.console();
    try (StoreAccess.Lease lease = root.access().existing()) {
      Table table =
          new Table("", "lrrrr").row("keyspace", "engine", "entries", "keys+values", "memory");
      for (Keyspace keyspace : lease.store().keyspaces()) {
        KeyspaceStats stats = keyspace.stats();
        if (console.isJson()) {
          console.json(json(keyspace, stats));
        } else {
          table.row(
              ByteText.TEXT.line(stats.name().getBytes(StandardCharsets.UTF_8)),
              engine(stats),
              EntryCount.of(keyspace, stats).toString(),
              Amounts.bytes(stats.keyBytes() + stats.valueBytes()),
              Amounts.bytes(stats.memoryBytes()));
        }
      }
      if (!console.isJson()) {
        console.table(table);
      }
    }
    return ExitCode.DONE;
  }

  static String engine(KeyspaceStats stats) {
    return stats.engine().name().toLowerCase(Locale.ROOT);
  }

  static JsonLine json(Keyspace keyspace, KeyspaceStats stats) {
    EntryCount count = EntryCount.of(keyspace, stats);
    return new JsonLine()
        .put("keyspace", stats.name())
        .put("id", stats.id())
        .put("engine", engine(stats))
        .put("entries", count.entries())
        .put("entriesExact", count.exact())
        .put("keyBytes", stats.keyBytes())
        .put("valueBytes", stats.valueBytes())
        .put("memoryBytes", stats.memoryBytes())
        .put("revisions", stats.revisions())
        .put("flushedThrough", stats.flushedThrough())
        .put("fileBytes", stats.fileBytes());
  }
}
