package dev.varve.cli.text;

import dev.varve.kv.ByteSize;
import java.time.Duration;
import java.util.Locale;

/// Writes amounts for people, the same in every locale.
public final class Amounts {
  private Amounts() {}

  /// A count: `48,184`.
  public static String count(long count) {
    return String.format(Locale.ROOT, "%,d", count);
  }

  /// A count with its noun, which gets an `s` unless there is just one.
  public static String count(long count, String noun) {
    return count(count) + " " + noun + (count == 1 ? "" : "s");
  }

  /// A number of bytes: `4.51 MiB`.
  public static String bytes(long bytes) {
    return ByteSize.ofBytes(bytes).rounded();
  }

  /// A time, in the unit that suits it: `1.24 s`, `38.1 ms`, `950 ns`.
  public static String time(Duration time) {
    return nanos((double) time.toNanos());
  }

  /// As [#time], in nanoseconds.
  public static String nanos(long nanos) {
    return nanos((double) nanos);
  }

  /// As [#time], in nanoseconds.
  public static String nanos(double nanos) {
    if (nanos < 1e3) {
      return String.format(Locale.ROOT, "%.0f ns", nanos);
    }
    if (nanos < 1e6) {
      return three(nanos / 1e3) + " us";
    }
    if (nanos < 1e9) {
      return three(nanos / 1e6) + " ms";
    }
    if (nanos < 120e9) {
      return three(nanos / 1e9) + " s";
    }
    long seconds = Math.round(nanos / 1e9);
    return seconds < 7200
        ? seconds / 60 + " min " + seconds % 60 + " s"
        : seconds / 3600 + " h " + seconds / 60 % 60 + " min";
  }

  /// So many a second: `1.52 M/s`.
  public static String rate(double perSecond) {
    if (perSecond < 10_000) {
      return count(Math.round(perSecond)) + "/s";
    }
    return perSecond < 1e6 ? three(perSecond / 1e3) + " k/s" : three(perSecond / 1e6) + " M/s";
  }

  private static String three(double value) {
    int digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    return String.format(Locale.ROOT, "%." + digits + "f", value);
  }
}
