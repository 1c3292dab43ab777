package dev.varve.cli;

import dev.varve.cli.text.Nearest;
import dev.varve.kv.UsageException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/// Explains a command, or lists all.
@Command(name = "help", header = "Explain a command.")
final class HelpCommand implements Callable<Integer> {
  private final VarveCommand root;

  @Parameters(arity = "0..1", paramLabel = "COMMAND", description = "The command.")
  private @Nullable String command;

  HelpCommand(VarveCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    CommandLine all = Main.commandLine(root);
    String topic = command;
    CommandLine explained = topic == null ? all : all.getSubcommands().get(topic);
    if (topic != null && explained == null) {
      throw new UsageException(
          "there is no command '" + topic + "'; " + Nearest.hint(topic, names(all)));
    }
    root.console().line((explained == null ? all : explained).getUsageMessage().stripTrailing());
    return ExitCode.DONE;
  }

  /// The names of the commands that are shown.
  static List<String> names(CommandLine line) {
    return line.getSubcommands().entrySet().stream()
        .filter(entry -> !entry.getValue().getCommandSpec().usageMessage().hidden())
        .map(Map.Entry::getKey)
        .toList();
  }
}
