package dev.varve.model;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.SplittableRandom;

/// Bytes as words of a line, short also where they are many:
///
/// | word | stands for |
/// |---|---|
/// | `k17` | these letters, digits, `_` and `/` |
/// | `"a b\x00"` | these bytes, with `\xHH`, `\"` and `\\` |
/// | `ab*300` | 300 bytes: `ab` again and again; `"a b"*300` likewise |
/// | `#17*300` | 300 bytes: `#17 ` and then what a generator draws from 17 |
///
/// What is printed is read as the same bytes, whatever they are.
final class BytesText {
  /** Up to so many bytes are written out, and up to so many are looked at for a repetition. */
  private static final int WRITTEN_MAX = 40;

  private static final HexFormat HEX = HexFormat.of().withUpperCase();

  private BytesText() {}

  /// Bytes that no compression makes shorter, and that no other number gives.
  static byte[] random(int number, int length) {
    byte[] start = ("#" + number + " ").getBytes(StandardCharsets.US_ASCII);
    byte[] bytes = new byte[Math.max(length, start.length)];
    new SplittableRandom(number).nextBytes(bytes);
    System.arraycopy(start, 0, bytes, 0, start.length);
    return Arrays.copyOf(bytes, length);
  }

  /// The same bytes again and again.
  static byte[] repeated(byte[] unit, int length) {
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = unit[i % unit.length];
    }
    return bytes;
  }

  /// The word for some bytes.
  static String text(byte[] bytes) {
    if (bytes.length <= WRITTEN_MAX) {
      return written(bytes, bytes.length);
    }
    int period = period(bytes);
    if (period <= WRITTEN_MAX) {
      return written(bytes, period) + "*" + bytes.length;
    }
    int number = number(bytes);
    if (number >= 0 && Arrays.equals(random(number, bytes.length), bytes)) {
      return "#" + number + "*" + bytes.length;
    }
    return written(bytes, bytes.length);
  }

  private static boolean isPlain(int c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || c == '_'
        || c == '/';
  }

  /// The first `length` bytes, one by one.
  static String written(byte[] bytes, int length) {
    boolean plain = length > 0;
    for (int i = 0; i < length; i++) {
      plain &= isPlain(bytes[i]);
    }
    if (plain) {
      return new String(bytes, 0, length, StandardCharsets.US_ASCII);
    }
    StringBuilder text = new StringBuilder("\"");
    for (int i = 0; i < length; i++) {
      byte b = bytes[i];
      if (b == '"' || b == '\\') {
        text.append('\\').append((char) b);
      } else if (b >= ' ' && b < 0x7F) {
        text.append((char) b);
      } else {
        text.append("\\x").append(HEX.toHexDigits(b));
      }
    }
    return text.append('"').toString();
  }

  /** The least number of bytes that these repeat; more than is looked at when they do not. */
  private static int period(byte[] bytes) {
    for (int period = 1; period <= WRITTEN_MAX; period++) {
      if (Arrays.equals(bytes, period, bytes.length, bytes, 0, bytes.length - period)) {
        return period;
      }
    }
    return WRITTEN_MAX + 1;
  }

  /** The number that drawn bytes begin with, or -1. */
  private static int number(byte[] bytes) {
    int end = 1;
    long number = 0;
    while (end < bytes.length && end < 11 && bytes[end] >= '0' && bytes[end] <= '9') {
      number = 10 * number + bytes[end++] - '0';
    }
    boolean drawn = bytes[0] == '#' && end > 1 && end < bytes.length && bytes[end] == ' ';
    return drawn && number <= Integer.MAX_VALUE ? (int) number : -1;
  }

  /// The bytes that a word stands for.
  ///
  /// @throws IllegalArgumentException when it is none
  static byte[] parse(String word) {
    int star = word.lastIndexOf('*');
    boolean repeated = star > 0 && star > word.lastIndexOf('"');
    String unit = repeated ? word.substring(0, star) : word;
    if (!repeated) {
      return parseWritten(unit);
    }
    int length = length(word.substring(star + 1), word);
    if (unit.startsWith("#")) {
      return random(length(unit.substring(1), word), length);
    }
    byte[] bytes = parseWritten(unit);
    if (bytes.length == 0) {
      throw new IllegalArgumentException("nothing cannot be repeated: " + word);
    }
    return repeated(bytes, length);
  }

  private static int length(String digits, String word) {
    try {
      return Integer.parseUnsignedInt(digits);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("no number in " + word, e);
    }
  }

  private static byte[] parseWritten(String text) {
    if (!text.startsWith("\"")) {
      if (text.isEmpty() || !text.chars().allMatch(BytesText::isPlain)) {
        throw new IllegalArgumentException("no bytes: " + text + "; quote what is not plain");
      }
      return text.getBytes(StandardCharsets.US_ASCII);
    }
    byte[] bytes = new byte[text.length()];
    int count = 0;
    int at = 1;
    while (at < text.length() - 1) {
      char c = text.charAt(at++);
      if (c != '\\') {
        bytes[count++] = (byte) c;
      } else if (text.charAt(at) == 'x' && at + 3 < text.length()) {
        bytes[count++] = (byte) HexFormat.fromHexDigits(text, at + 1, at + 3);
        at += 3;
      } else {
        bytes[count++] = (byte) text.charAt(at++);
      }
    }
    if (at != text.length() - 1 || text.charAt(at) != '"') {
      throw new IllegalArgumentException("a quotation mark is missing: " + text);
    }
    return Arrays.copyOf(bytes, count);
  }
}
