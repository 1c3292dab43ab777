package dev.varve.cli;

import dev.varve.cli.console.Console;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.jline.reader.Candidate;
import org.jline.reader.Completer;
import org.jline.reader.LineReader;
import org.jline.reader.ParsedLine;
import picocli.CommandLine;

/// Offers what may stand at the cursor: commands, options, keyspaces, engines and levels.
final class ShellCompleter implements Completer {
  private final Shell shell;
  private final CommandLine commands;

  ShellCompleter(Shell shell, Console console) {
    this.shell = shell;
    this.commands = Main.commandLine(new VarveCommand(console, shell.access()));
  }

  @Override
  public void complete(LineReader reader, ParsedLine line, List<Candidate> candidates) {
    for (String word : words(line.words(), line.wordIndex())) {
      candidates.add(new Candidate(word));
    }
  }

  /** What may stand at a place among words. */
  List<String> words(List<String> words, int place) {
    if (place == 0) {
      return Stream.concat(
              HelpCommand.names(commands).stream().filter(name -> !Shell.ELSEWHERE.contains(name)),
              Stream.of("use", "exit"))
          .sorted()
          .toList();
    }
    return switch (words.get(place - 1)) {
      case "-k", "--keyspace", "use" -> shell.keyspaces();
      case "--engine" -> names(EngineKind.values());
      case "--durability" -> names(Durability.values());
      default -> {
        CommandLine command = commands.getSubcommands().get(words.getFirst());
        yield command == null
            ? List.of()
            : command.getCommandSpec().optionsMap().keySet().stream().sorted().toList();
      }
    };
  }

  private static List<String> names(Enum<?>[] constants) {
    return Arrays.stream(constants).map(c -> c.name().toLowerCase(Locale.ROOT)).toList();
  }
}
