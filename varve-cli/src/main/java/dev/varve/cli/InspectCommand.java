package dev.varve.cli;

import dev.varve.Varve;
import dev.varve.cli.console.Console;
import dev.varve.cli.console.JsonLine;
import dev.varve.cli.console.Table;
import dev.varve.cli.text.Amounts;
import dev.varve.kv.FileInspection;
import dev.varve.kv.UsageException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Describes one file of a store.
@Command(
    name = "inspect",
    header = "Describe one file of a store.",
    description = "The store is not opened. Exit code 3 when the file is damaged.")
final class InspectCommand implements Callable<Integer> {
  private final VarveCommand root;

  @Option(
      names = "--limit",
      paramLabel = "N",
      description = "List at most N parts of the file (default: ${DEFAULT-VALUE}).")
  private int limit = 20;

  @Parameters(
      paramLabel = "FILE",
      description = "The file, by its path or by its name in the store's directory.")
  private @Nullable Path file;

  InspectCommand(VarveCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    if (file == null || limit < 0) {
      throw new UsageException("--limit is 0 or more, not " + limit);
    }
    Console console = root.console();
    FileInspection found = Varve.inspect(resolved(file), limit);
    if (console.isJson()) {
      console.json(
          new JsonLine()
              .put("kind", found.kind())
              .put("properties", found.properties())
              .put("problems", found.problems()));
      for (FileInspection.Item item : found.items()) {
        console.json(
            new JsonLine()
                .put("offset", item.offset())
                .put("length", item.length())
                .put("what", item.what())
                .put("detail", item.detail()));
      }
    } else {
      show(console, found);
    }
    return found.problems().isEmpty() ? ExitCode.DONE : ExitCode.FAILED;
  }

  private Path resolved(Path given) {
    Path directory = root.directory();
    return directory == null || Files.exists(given) ? given : directory.resolve(given);
  }

  private static void show(Console console, FileInspection found) {
    Table head = new Table("", "ll").row("kind", found.kind());
    found.properties().forEach(head::row);
    console.table(head);
    if (!found.items().isEmpty()) {
      Table items = new Table("", "rrll").row("offset", "length", "part", "detail");
      for (FileInspection.Item item : found.items()) {
        items.row(
            Amounts.count(item.offset()), Amounts.count(item.length()), item.what(), item.detail());
      }
      console.line("");
      console.table(items);
    }
    found.problems().forEach(problem -> console.line("problem: " + problem));
  }
}
