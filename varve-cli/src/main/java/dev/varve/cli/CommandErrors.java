package dev.varve.cli;

import dev.varve.cli.text.Nearest;
import dev.varve.kv.VarveException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import picocli.CommandLine;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/// Turns what went wrong into one sentence and an exit code.
final class CommandErrors {
  private final VarveCommand root;

  CommandErrors(VarveCommand root) {
    this.root = root;
  }

  /// A command line that cannot be read.
  int onParameters(ParameterException failure) {
    CommandLine line = failure.getCommandLine();
    String sentence = sentence(failure, line);
    root.console()
        .error(
            sentence
                + (sentence.endsWith("?") ? " See: " : ". See: ")
                + line.getCommandSpec().qualifiedName()
                + " --help");
    trace(failure);
    return ExitCode.USAGE;
  }

  private static String sentence(ParameterException failure, CommandLine line) {
    if (failure instanceof UnmatchedArgumentException unmatched
        && !unmatched.getUnmatched().isEmpty()) {
      String given = unmatched.getUnmatched().getFirst();
      if (given.startsWith("-") && given.length() > 1) {
        List<String> options = new ArrayList<>(line.getCommandSpec().optionsMap().keySet());
        options.removeIf(name -> !name.startsWith("--"));
        int equals = given.indexOf('=');
        String name = equals < 0 ? given : given.substring(0, equals);
        return "there is no option '" + name + "'; " + Nearest.hint(name, options);
      }
      if (line.getParent() == null) {
        List<String> commands =
            line.getSubcommands().entrySet().stream()
                .filter(entry -> !entry.getValue().getCommandSpec().usageMessage().hidden())
                .map(java.util.Map.Entry::getKey)
                .toList();
        return "there is no command '" + given + "'; " + Nearest.hint(given, commands);
      }
      return "'" + given + "' is one argument too many (quote a value that has blanks)";
    }
    if (failure instanceof MissingParameterException) {
      return firstLine(failure).replaceFirst("^Missing required", "missing");
    }
    String message = firstLine(failure);
    return message.endsWith(".") ? message.substring(0, message.length() - 1) : message;
  }

  /// A command that failed.
  int onFailure(Throwable failure) {
    int code =
        switch (failure) {
          case VarveException e -> said(e, ExitCode.of(e));
          case AbsentException e -> said(e, ExitCode.DIFFERS);
          case CancellationException e -> {
            root.console().error("interrupted; what was acknowledged is kept");
            yield ExitCode.INTERRUPTED;
          }
          case NoSuchFileException e -> {
            root.console().error("there is no file " + e.getFile() + "; check the path");
            yield ExitCode.USAGE;
          }
          case AccessDeniedException e -> {
            root.console().error("the file " + e.getFile() + " may not be read; check permissions");
            yield ExitCode.USAGE;
          }
          case IOException e -> said(e, ExitCode.FAILED);
          case OutOfMemoryError e -> {
            root.console()
                .error(
                    "Java's memory is used up; give it more with JAVA_TOOL_OPTIONS=-Xmx4g or load"
                        + " less");
            yield ExitCode.FAILED;
          }
          default -> {
            root.console()
                .error("a bug in varve: " + failure + "; --verbose shows where, please report it");
            yield ExitCode.FAILED;
          }
        };
    trace(failure);
    return code;
  }

  private int said(Throwable failure, int code) {
    String message = failure.getMessage();
    root.console().error(message == null ? failure.toString() : message);
    return code;
  }

  private void trace(Throwable failure) {
    if (root.isVerbose()) {
      root.console().trace(failure);
    }
  }

  private static String firstLine(Throwable failure) {
    String message = String.valueOf(failure.getMessage()).strip();
    int end = message.indexOf('\n');
    return end < 0 ? message : message.substring(0, end).strip();
  }
}
