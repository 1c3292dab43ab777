package dev.varve.cli.console;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a command writes, in UTF-8 whatever the locale: results on standard output, everything else
/// on standard error.
///
/// @threads one at a time
public final class Console {
  private static final byte[] LINE_END = {'\n'};

  private final Streams streams;
  private final Interruption interruption;
  private final TrackedOutput out;
  private final PrintStream err;
  private boolean json;
  private boolean quiet;

  /// A console on these streams.
  public Console(Streams streams, Interruption interruption) {
    this.streams = streams;
    this.interruption = interruption;
    this.out = new TrackedOutput(streams.out());
    this.err = new PrintStream(streams.err(), true, StandardCharsets.UTF_8);
  }

  /// Sets what the command line asked for.
  public void configure(boolean json, boolean quiet) {
    this.json = json;
    this.quiet = quiet;
  }

  /// Whether results are JSON.
  public boolean isJson() {
    return json;
  }

  /// The streams.
  public Streams streams() {
    return streams;
  }

  /// Whether somebody asked for an end.
  public Interruption interruption() {
    return interruption;
  }

  /// Columns of the terminal.
  public int width() {
    return streams.width();
  }

  /// Writes a line of a result.
  public void line(String line) {
    out.write(line.getBytes(StandardCharsets.UTF_8));
    out.write(LINE_END);
  }

  /// Writes the lines of a table.
  public void table(Table table) {
    table.lines().forEach(this::line);
  }

  /// Writes bytes of a result as they are.
  public void bytes(byte[] bytes) {
    out.write(bytes);
  }

  /// Writes a JSON object on a line of its own.
  public void json(JsonLine object) {
    line(object.end());
  }

  /// Hands on what was written so far.
  public void flush() {
    out.flush();
  }

  /// Whether nobody takes the output any more, so that more of it is in vain.
  public boolean isOutputGone() {
    return out.failure() != null;
  }

  /// Why the output was not taken, or null. A reader that left is no failure.
  public @Nullable IOException outputFailure() {
    IOException failure = out.failure();
    return failure == null || String.valueOf(failure.getMessage()).contains("Broken pipe")
        ? null
        : failure;
  }

  /// Tells something beside the result, unless it was asked to be quiet.
  public void note(String line) {
    if (!quiet) {
      errorLine(line);
    }
  }

  /// Tells of an error.
  public void error(String sentence) {
    errorLine("varve: " + sentence);
  }

  /// Tells where an error came from.
  public void trace(Throwable failure) {
    failure.printStackTrace(err);
  }

  void errorLine(String line) {
    // What was written before comes first, should both go to one place.
    flush();
    errorText(line + "\n");
  }

  void errorText(String text) {
    err.print(text);
    err.flush();
  }

  /// Shows how far long work is.
  public Meter meter() {
    return new Meter(this, interruption, meterKind());
  }

  private Meter.Kind meterKind() {
    if (json || quiet) {
      return Meter.Kind.NONE;
    }
    return streams.errIsTerminal() ? Meter.Kind.BAR : Meter.Kind.LINES;
  }

  /// Whether results may be coloured: on a terminal, unless `NO_COLOR` is set or it knows none.
  public boolean isColoured() {
    return streams.outIsTerminal()
        && streams.environment().getOrDefault("NO_COLOR", "").isEmpty()
        && !"dumb".equals(streams.environment().get("TERM"));
  }

  /// Writes several lines.
  public void lines(List<String> lines) {
    lines.forEach(this::line);
  }
}
