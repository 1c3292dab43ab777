package dev.varve.cli.console;

import dev.varve.cli.text.Amounts;
import dev.varve.kv.Progress;
import dev.varve.kv.ProgressListener;
import java.time.Duration;
import java.util.Locale;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// Shows how far long work is: a bar on a terminal once it has taken half a second, a line every
/// five seconds elsewhere, nothing with JSON or where quiet was asked for.
///
/// @threads one at a time
public final class Meter implements ProgressListener, AutoCloseable {
  private static final long SILENT_NANOS = 500_000_000L;
  private static final long BAR_NANOS = 100_000_000L;
  private static final long LINE_NANOS = 5_000_000_000L;
  private static final int BAR_CELLS = 24;

  private final Console console;
  private final Interruption interruption;
  private final Kind kind;
  private final long begun = System.nanoTime();
  private long shown = begun;
  private int columnsShown;

  /** How progress is shown. */
  enum Kind {
    BAR,
    LINES,
    NONE
  }

  Meter(Console console, Interruption interruption, Kind kind) {
    this.console = console;
    this.interruption = interruption;
    this.kind = kind;
  }

  /// Takes notice, and answers false when an end was asked for.
  @Override
  public boolean onProgress(Progress progress) {
    long now = System.nanoTime();
    boolean due =
        switch (kind) {
          case BAR -> now - begun >= SILENT_NANOS && now - shown >= BAR_NANOS;
          case LINES -> now - shown >= LINE_NANOS;
          case NONE -> false;
        };
    if (due) {
      shown = now;
      show(progress);
    }
    return !interruption.isAsked();
  }

  /// As [#onProgress], for work that counts for itself.
  ///
  /// @throws java.util.concurrent.CancellationException when an end was asked for
  public void step(String task, String unit, long done, long total) {
    interruption.check();
    onProgress(new Progress(task, unit, done, total, Duration.ofNanos(System.nanoTime() - begun)));
  }

  private void show(Progress progress) {
    if (kind == Kind.LINES) {
      console.errorLine(text(progress, null));
      return;
    }
    String bar = null;
    if (progress.total() > 0) {
      int filled = (int) Math.min(BAR_CELLS, progress.done() * BAR_CELLS / progress.total());
      bar = "[" + "#".repeat(filled) + "-".repeat(BAR_CELLS - filled) + "]";
    }
    String line = text(progress, bar);
    int columns = Math.min(line.length(), Math.max(20, console.width() - 1));
    console.errorText(
        "\r" + line.substring(0, columns) + " ".repeat(Math.max(0, columnsShown - columns)));
    columnsShown = columns;
  }

  /// The progress as text of at most 79 columns.
  static String text(Progress progress, @Nullable String bar) {
    boolean bytes = progress.unit().equals("bytes");
    StringBuilder text = new StringBuilder(progress.task());
    if (bar != null) {
      text.append("  ").append(bar);
    }
    if (progress.total() > 0) {
      double percent = 100.0 * progress.done() / progress.total();
      text.append(String.format(Locale.ROOT, "  %3.0f %%", Math.min(100, percent)));
    }
    text.append("  ")
        .append(
            bytes
                ? Amounts.bytes(progress.done())
                : Amounts.count(progress.done()) + " " + progress.unit());
    double rate = progress.rate();
    if (rate > 0) {
      text.append("  ").append(bytes ? Amounts.bytes((long) rate) + "/s" : Amounts.rate(rate));
    }
    OptionalLong left = progress.millisLeft();
    if (left.isPresent()) {
      long seconds = (left.getAsLong() + 999) / 1000;
      text.append("  ").append(Amounts.nanos(seconds * 1e9).replace(".00", "")).append(" left");
    }
    return text.toString();
  }

  /// Wipes the bar away, so that something else can be written.
  public void wipe() {
    if (columnsShown > 0) {
      console.errorText("\r" + " ".repeat(columnsShown) + "\r");
      columnsShown = 0;
    }
  }

  @Override
  public void close() {
    wipe();
  }
}
