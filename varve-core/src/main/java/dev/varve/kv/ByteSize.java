package dev.varve.kv;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A number of bytes.
///
/// Its text form is a number with an optional unit: `64MiB`, `256KiB`, `1GiB`, `512`. `K`, `M` and
/// `G` mean the same powers of 1024.
///
/// @param bytes not negative
public record ByteSize(long bytes) implements Comparable<ByteSize> {
  private static final Pattern TEXT =
      Pattern.compile("(\\d+)\\s*(|B|K|KB|KIB|M|MB|MIB|G|GB|GIB|T|TB|TIB)");

  public ByteSize {
    if (bytes < 0) {
      throw new UsageException("a size is not negative: " + bytes);
    }
  }

  /// So many bytes.
  public static ByteSize ofBytes(long bytes) {
    return new ByteSize(bytes);
  }

  /// So many times 1,024 bytes.
  public static ByteSize ofKibibytes(long kibibytes) {
    return new ByteSize(Math.multiplyExact(kibibytes, 1L << 10));
  }

  /// So many times 1,048,576 bytes.
  public static ByteSize ofMebibytes(long mebibytes) {
    return new ByteSize(Math.multiplyExact(mebibytes, 1L << 20));
  }

  /// So many times 1,073,741,824 bytes.
  public static ByteSize ofGibibytes(long gibibytes) {
    return new ByteSize(Math.multiplyExact(gibibytes, 1L << 30));
  }

  /// Reads the text form.
  ///
  /// @throws UsageException when it is none
  public static ByteSize parse(String text) {
    Matcher matcher = TEXT.matcher(text.strip().toUpperCase(Locale.ROOT));
    if (!matcher.matches()) {
      throw new UsageException("'" + text + "' is no size; write it like 64MiB or 256KiB");
    }
    String unit = matcher.group(2);
    int shift =
        switch (unit.isEmpty() ? 'B' : unit.charAt(0)) {
          case 'K' -> 10;
          case 'M' -> 20;
          case 'G' -> 30;
          case 'T' -> 40;
          default -> 0;
        };
    try {
      return new ByteSize(Math.multiplyExact(Long.parseLong(matcher.group(1)), 1L << shift));
    } catch (ArithmeticException | NumberFormatException tooLarge) {
      throw new UsageException("'" + text + "' is more bytes than there are", tooLarge);
    }
  }

  @Override
  public int compareTo(ByteSize other) {
    return Long.compare(bytes, other.bytes);
  }

  /// The text form, in the largest unit that gives a whole number.
  @Override
  public String toString() {
    String[] units = {"B", "KiB", "MiB", "GiB", "TiB"};
    long value = bytes;
    int unit = 0;
    while (value != 0 && (value & 1023) == 0 && unit < units.length - 1) {
      value >>= 10;
      unit++;
    }
    return value + units[unit];
  }

  /// The size for people, rounded to three digits: `1.25 MiB`.
  public String rounded() {
    String[] units = {"B", "KiB", "MiB", "GiB", "TiB"};
    double value = bytes;
    int unit = 0;
    while (value >= 1000 && unit < units.length - 1) {
      value /= 1024;
      unit++;
    }
    if (unit == 0) {
      return bytes + " B";
    }
    int digits = value < 10 ? 2 : value < 100 ? 1 : 0;
    return String.format(Locale.ROOT, "%." + digits + "f %s", value, units[unit]);
  }
}
