package dev.varve.cli;

import dev.varve.cli.console.Console;
import dev.varve.kv.Keyspace;
import dev.varve.kv.UsageException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/// Runs command lines on one open store.
///
/// @threads one at a time
final class Shell {
  /** Commands that need no prompt or another store. */
  static final List<String> ELSEWHERE =
      List.of("shell", "quickstart", "bench", "salvage", WriterCommand.NAME);

  private final Console console;
  private final SharedAccess access;
  private @Nullable String current;
  private boolean ended;

  Shell(Console console, SharedAccess access) {
    this.console = console;
    this.access = access;
  }

  /// Runs the lines of standard input; answers the highest exit code among them.
  int runLines() throws IOException {
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(console.streams().in(), StandardCharsets.UTF_8));
    int highest = 0;
    while (!ended) {
      String line = lines.readLine();
      if (line == null) {
        break;
      }
      console.interruption().check();
      highest = Math.max(highest, run(line));
    }
    return highest;
  }

  /// Whether `exit` was given.
  boolean isEnded() {
    return ended;
  }

  /// The keyspace of `use`, or null.
  @Nullable String current() {
    return current;
  }

  /// The store.
  SharedAccess access() {
    return access;
  }

  /// Runs one line; answers its exit code.
  int run(String line) {
    List<String> words;
    try {
      words = words(line);
      if (words.isEmpty() || words.getFirst().startsWith("#")) {
        return ExitCode.DONE;
      }
      switch (words.getFirst()) {
        case "exit", "quit" -> {
          ended = true;
          return ExitCode.DONE;
        }
        case "use" -> {
          use(words);
          return ExitCode.DONE;
        }
        default -> {}
      }
      if (ELSEWHERE.contains(words.getFirst())) {
        throw new UsageException(
            "'" + words.getFirst() + "' does not work at this prompt; leave it with exit first");
      }
    } catch (UsageException e) {
      console.error(String.valueOf(e.getMessage()));
      return ExitCode.USAGE;
    } catch (AbsentException e) {
      console.error(String.valueOf(e.getMessage()));
      return ExitCode.DIFFERS;
    }
    return Main.run(withKeyspace(words), console, access);
  }

  private void use(List<String> words) {
    if (words.size() != 2) {
      throw new UsageException("which keyspace? Write: use KEYSPACE");
    }
    current = KeyspaceChoice.find(access.store(), words.get(1)).name();
  }

  private List<String> withKeyspace(List<String> words) {
    CommandLine command =
        Main.commandLine(new VarveCommand(console, access)).getSubcommands().get(words.getFirst());
    boolean given = words.stream().anyMatch(w -> w.startsWith("-k") || w.startsWith("--keyspace"));
    if (current == null
        || given
        || command == null
        || !command.getCommandSpec().optionsMap().containsKey("-k")) {
      return words;
    }
    List<String> all = new ArrayList<>(words);
    all.addAll(1, List.of("-k", current));
    return all;
  }

  /// The names of all keyspaces.
  List<String> keyspaces() {
    return access.store().keyspaces().stream().map(Keyspace::name).toList();
  }

  /// Takes a line apart at blanks, except between quotes. In double quotes a backslash takes the
  /// next letter as it is.
  ///
  /// @throws UsageException when a quote is not closed
  static List<String> words(String line) {
    List<String> words = new ArrayList<>();
    StringBuilder word = new StringBuilder();
    boolean started = false;
    char quote = 0;
    for (int i = 0; i < line.length(); i++) {
      char c = line.charAt(i);
      if (quote == '"' && c == '\\' && i + 1 < line.length()) {
        word.append(line.charAt(++i));
      } else if (quote != 0) {
        if (c == quote) {
          quote = 0;
        } else {
          word.append(c);
        }
      } else if (c == '"' || c == '\'') {
        quote = c;
        started = true;
      } else if (c == ' ' || c == '\t') {
        if (started) {
          words.add(word.toString());
        }
        word.setLength(0);
        started = false;
      } else {
        word.append(c);
        started = true;
      }
    }
    if (quote != 0) {
      throw new UsageException("a quote is not closed");
    }
    if (started) {
      words.add(word.toString());
    }
    return words;
  }
}
