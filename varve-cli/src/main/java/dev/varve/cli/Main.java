package dev.varve.cli;

import dev.varve.cli.console.Console;
import dev.varve.cli.console.Interruption;
import dev.varve.cli.console.Streams;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.ParseResult;

/// Where the `varve` command begins.
public final class Main {
  /** Which of the standard streams are terminals, told by the launcher: any of 0, 1 and 2. */
  private static final String TERMINALS = "varve.terminals";

  private Main() {}

  /// Runs the command of this process.
  public static void main(String[] arguments) {
    Interruption interruption = new Interruption();
    interruption.listenToProcess();
    int code;
    try {
      code = run(List.of(arguments), processStreams(), interruption);
    } finally {
      interruption.ended();
    }
    System.exit(code);
  }

  /// Runs one command line and answers its exit code.
  public static int run(List<String> arguments, Streams streams, Interruption interruption) {
    Console console = new Console(streams, interruption);
    return run(arguments, console, null);
  }

  /// As [#run], on the open store of a prompt where there is one.
  static int run(List<String> arguments, Console console, @Nullable StoreAccess shared) {
    VarveCommand root = new VarveCommand(console, shared);
    CommandErrors errors = new CommandErrors(root);
    CommandLine line = commandLine(root);
    line.setParameterExceptionHandler((failure, _) -> errors.onParameters(failure));
    line.setExecutionExceptionHandler((failure, _, _) -> errors.onFailure(failure));
    line.setExecutionStrategy(
        parsed -> {
          root.configure();
          return execute(parsed);
        });
    int code;
    try {
      code = line.execute(arguments.toArray(String[]::new));
    } catch (StackOverflowError | OutOfMemoryError failure) {
      code = errors.onFailure(failure);
    }
    console.flush();
    IOException failure = console.outputFailure();
    if (failure != null) {
      console.error("the output could not be written: " + failure.getMessage());
      return ExitCode.FAILED;
    }
    return code;
  }

  private static int execute(ParseResult parsed) {
    return new CommandLine.RunLast().execute(parsed);
  }

  /// The command and its subcommands.
  static CommandLine commandLine(VarveCommand root) {
    CommandLine line = new CommandLine(root);
    line.addSubcommand(new QuickstartCommand(root));
    line.addSubcommand(new PutCommand(root));
    line.addSubcommand(new GetCommand(root));
    line.addSubcommand(new DeleteCommand(root));
    line.addSubcommand(new ScanCommand(root));
    line.addSubcommand(new CountCommand(root));
    line.addSubcommand(new LoadCommand(root));
    line.addSubcommand(new DumpCommand(root));
    line.addSubcommand(new ExportCommand(root));
    line.addSubcommand(new ImportCommand(root));
    line.addSubcommand(new KeyspacesCommand(root));
    line.addSubcommand(new StatsCommand(root));
    line.addSubcommand(new VerifyCommand(root));
    line.addSubcommand(new InspectCommand(root));
    line.addSubcommand(new SalvageCommand(root));
    line.addSubcommand(new ShellCommand(root));
    line.addSubcommand(new BenchCommand(root));
    line.addSubcommand(new WriterCommand(root));
    line.addSubcommand(new VersionCommand(root));
    line.addSubcommand(new HelpCommand(root));
    Ansi ansi = root.console().isColoured() ? Ansi.ON : Ansi.OFF;
    line.setColorScheme(CommandLine.Help.defaultColorScheme(ansi));
    line.setOut(new ConsoleWriter(root.console()));
    line.setUsageHelpWidth(80);
    line.setExpandAtFiles(false);
    line.setAbbreviatedOptionsAllowed(false);
    return line;
  }

  private static Streams processStreams() {
    String terminals = System.getProperty(TERMINALS, "");
    InputStream in = new FileInputStream(FileDescriptor.in);
    return new Streams(
        in,
        new FileOutputStream(FileDescriptor.out),
        new FileOutputStream(FileDescriptor.err),
        terminals.contains("0"),
        terminals.contains("1"),
        terminals.contains("2"),
        Streams.WIDTH,
        System.getenv());
  }
}
