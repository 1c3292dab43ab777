package dev.varve.cli;

import dev.varve.cli.console.Console;
import dev.varve.kv.UsageException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/// The command without a subcommand, and the options that all subcommands share.
@Command(
    name = "varve",
    description = "An embedded store: keyspaces of keys and values, one log, one order of commits.",
    versionProvider = VersionText.class,
    synopsisSubcommandLabel = "COMMAND",
    footer = {
      "",
      "Exit codes: 0 done, 1 not found or differs, 2 usage, 3 store failed or corrupt,",
      "4 locked. `varve help COMMAND` explains a command. New here? varve quickstart"
    })
final class VarveCommand implements Runnable {
  private final Console console;
  private final @Nullable StoreAccess shared;

  @Option(
      names = {"-d", "--dir"},
      paramLabel = "DIR",
      description = "The store's directory.",
      scope = ScopeType.INHERIT)
  private @Nullable Path directory;

  @Option(
      names = "--json",
      description = "Write one JSON object a line.",
      scope = ScopeType.INHERIT)
  private boolean json;

  @Option(
      names = {"-q", "--quiet"},
      description = "Write results and errors only.",
      scope = ScopeType.INHERIT)
  private boolean quiet;

  @Option(
      names = {"-v", "--verbose"},
      description = "Show where an error came from.",
      scope = ScopeType.INHERIT)
  private boolean verbose;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help.",
      scope = ScopeType.INHERIT)
  private boolean help;

  @Option(
      names = {"-V", "--version"},
      versionHelp = true,
      description = "Show the version.")
  private boolean version;

  @Spec private @Nullable CommandSpec spec;

  /// @param shared the open store of a prompt, or null to open the one that is named
  VarveCommand(Console console, @Nullable StoreAccess shared) {
    this.console = console;
    this.shared = shared;
  }

  @Override
  public void run() {
    if (spec != null && !help && !version) {
      console.line(spec.commandLine().getUsageMessage().stripTrailing());
    }
  }

  /// Takes over what the command line says about output. Called before a command runs.
  void configure() {
    if (shared != null && directory != null) {
      throw new UsageException("the store is open already; leave -d away here");
    }
    console.configure(json, quiet);
  }

  Console console() {
    return console;
  }

  @Nullable Path directory() {
    return directory;
  }

  boolean isVerbose() {
    return verbose || !console.streams().environment().getOrDefault("VARVE_DEBUG", "").isEmpty();
  }

  /// Whether the command was given at the prompt of an open store.
  boolean isPrompt() {
    return shared != null;
  }

  /// How the store is come by that a command's argument names, or `-d` where it names none.
  StoreAccess access(@Nullable Path named) {
    if (named == null) {
      return access();
    }
    if (shared != null || directory != null) {
      throw new UsageException(
          "the store is named already; leave the directory " + named + " away here");
    }
    return new DirectoryAccess(console, named);
  }

  /// How the store is come by.
  StoreAccess access() {
    return shared != null ? shared : new DirectoryAccess(console, directory);
  }
}
