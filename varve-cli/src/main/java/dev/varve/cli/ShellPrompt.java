package dev.varve.cli;

import dev.varve.cli.console.Console;
import dev.varve.cli.text.Amounts;
import java.io.IOException;
import java.nio.file.Path;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.reader.impl.DefaultParser;
import org.jline.terminal.Terminal;
import org.jline.terminal.Terminal.Signal;
import org.jline.terminal.TerminalBuilder;

/// The prompt on a terminal: lines that can be edited, a history, completion, and how long each
/// command took.
final class ShellPrompt {
  private ShellPrompt() {}

  static int run(Shell shell, Console console) throws IOException {
    try (Terminal terminal = TerminalBuilder.builder().name("varve").system(true).build()) {
      terminal.handle(Signal.INT, _ -> console.interruption().ask());
      DefaultParser parser = new DefaultParser();
      parser.setEscapeChars(null);
      LineReader reader =
          LineReaderBuilder.builder()
              .terminal(terminal)
              .appName("varve")
              .parser(parser)
              .completer(new ShellCompleter(shell, console))
              .variable(LineReader.HISTORY_FILE, history(console))
              .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
              .build();
      console.note("Tab completes, help lists commands, exit leaves.");
      int code = ExitCode.DONE;
      while (!shell.isEnded()) {
        String line;
        try {
          String keyspace = shell.current();
          line = reader.readLine(keyspace == null ? "varve> " : "varve " + keyspace + "> ");
        } catch (UserInterruptException e) {
          continue;
        } catch (EndOfFileException e) {
          break;
        }
        console.interruption().clear();
        long begun = System.nanoTime();
        code = shell.run(line);
        if (!line.isBlank() && !shell.isEnded()) {
          console.note("(" + Amounts.nanos(System.nanoTime() - begun) + ")");
        }
      }
      return shell.isEnded() ? ExitCode.DONE : code;
    }
  }

  /** The file of the history: `VARVE_HISTORY`, or one in the home directory. */
  private static Path history(Console console) {
    String given = console.streams().environment().get("VARVE_HISTORY");
    return given == null
        ? Path.of(System.getProperty("user.home", "."), ".varve_history")
        : Path.of(given);
  }
}
