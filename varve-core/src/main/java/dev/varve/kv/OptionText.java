package dev.varve.kv;

import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The text form of options: one `name=value` a line, names and values of any case. An unknown name
/// or value is an error that names the nearest known one.
final class OptionText {
  private static final Pattern DURATION = Pattern.compile("(\\d+)\\s*(ns|us|ms|s|m|h|d)?");

  private OptionText() {}

  static Map<String, String> parse(String text, Collection<String> known) {
    Map<String, String> values = new LinkedHashMap<>();
    for (String line : text.lines().map(String::strip).toList()) {
      if (line.isEmpty() || line.startsWith("#")) {
        continue;
      }
      int equals = line.indexOf('=');
      if (equals < 0) {
        throw new UsageException("'" + line + "' is no option; write name=value");
      }
      String name = line.substring(0, equals).strip().toLowerCase(Locale.ROOT);
      if (!known.contains(name)) {
        throw unknown("option", name, known);
      }
      if (values.put(name, line.substring(equals + 1).strip()) != null) {
        throw new UsageException("the option '" + name + "' is given twice");
      }
    }
    return values;
  }

  static UsageException unknown(String what, String given, Collection<String> known) {
    String nearest = "";
    int distance = Integer.MAX_VALUE;
    for (String candidate : known) {
      int d = editDistance(given.toLowerCase(Locale.ROOT), candidate);
      if (d < distance) {
        distance = d;
        nearest = candidate;
      }
    }
    return new UsageException(
        "there is no "
            + what
            + " '"
            + given
            + "'; "
            + (distance <= Math.max(2, given.length() / 3)
                ? "did you mean '" + nearest + "'?"
                : "there is " + String.join(", ", known)));
  }

  static <E extends Enum<E>> E enumValue(Class<E> type, String what, String text) {
    String wanted = text.strip().toUpperCase(Locale.ROOT).replace('-', '_');
    for (E constant : type.getEnumConstants()) {
      if (constant.name().equals(wanted)) {
        return constant;
      }
    }
    throw unknown(
        what,
        text,
        Arrays.stream(type.getEnumConstants())
            .map(c -> c.name().toLowerCase(Locale.ROOT))
            .toList());
  }

  static int integer(String name, String text) {
    try {
      return Integer.parseInt(text);
    } catch (NumberFormatException e) {
      throw new UsageException("'" + name + "' is a whole number, not '" + text + "'", e);
    }
  }

  static boolean bool(String name, String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "true" -> true;
      case "false" -> false;
      default -> throw new UsageException("'" + name + "' is true or false, not '" + text + "'");
    };
  }

  static Duration duration(String name, String text) {
    Matcher matcher = DURATION.matcher(text.toLowerCase(Locale.ROOT));
    if (!matcher.matches()) {
      throw new UsageException("'" + name + "' is a time like 50ms or 2s, not '" + text + "'");
    }
    long number = Long.parseLong(matcher.group(1));
    String unit = matcher.group(2);
    return switch (unit == null ? "ms" : unit) {
      case "ns" -> Duration.ofNanos(number);
      case "us" -> Duration.ofNanos(Math.multiplyExact(number, 1000L));
      case "s" -> Duration.ofSeconds(number);
      case "m" -> Duration.ofMinutes(number);
      case "h" -> Duration.ofHours(number);
      case "d" -> Duration.ofDays(number);
      default -> Duration.ofMillis(number);
    };
  }

  static String text(Duration duration) {
    long nanos = duration.toNanos();
    if (nanos % 1_000_000 == 0) {
      return nanos / 1_000_000 + "ms";
    }
    return nanos % 1000 == 0 ? nanos / 1000 + "us" : nanos + "ns";
  }

  /// The least number of insertions, removals and changes of a letter that make one of the other.
  private static int editDistance(String a, String b) {
    int[] row = new int[b.length() + 1];
    Arrays.setAll(row, i -> i);
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int change = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(change, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[b.length()];
  }
}
