package dev.varve.cli.text;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/// Bytes as text of one line that reads back to the same bytes: UTF-8 as it is, a backslash as
/// `\\`, tab, line feed and carriage return as `\t`, `\n` and `\r`, and any other byte that cannot
/// be printed as `\xHH`. It is the form of a field in the kv format.
public final class Escapes {
  private static final HexFormat HEX = HexFormat.of();

  private Escapes() {}

  /// The bytes as UTF-8 text, or null when they are none.
  public static @Nullable String utf8(byte[] bytes) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException _) {
      return null;
    }
  }

  /// Whether a character can be shown without moving the cursor or turning the text around.
  public static boolean isPrintable(int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.CONTROL,
          Character.SURROGATE,
          Character.UNASSIGNED,
          Character.PRIVATE_USE,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      case Character.FORMAT ->
          !(codePoint >= 0x200E && codePoint <= 0x200F)
              && !(codePoint >= 0x202A && codePoint <= 0x202E)
              && !(codePoint >= 0x2066 && codePoint <= 0x2069);
      default -> true;
    };
  }

  /// The escaped form.
  public static String escape(byte[] bytes) {
    String text = utf8(bytes);
    StringBuilder escaped = new StringBuilder(bytes.length + 16);
    if (text != null) {
      text.codePoints().forEach(codePoint -> appendEscaped(escaped, codePoint));
    } else {
      for (byte b : bytes) {
        if (b < 0) {
          appendByte(escaped, b);
        } else {
          appendEscaped(escaped, b);
        }
      }
    }
    return escaped.toString();
  }

  private static void appendEscaped(StringBuilder escaped, int codePoint) {
    switch (codePoint) {
      case '\\' -> escaped.append("\\\\");
      case '\t' -> escaped.append("\\t");
      case '\n' -> escaped.append("\\n");
      case '\r' -> escaped.append("\\r");
      default -> {
        if (isPrintable(codePoint)) {
          escaped.appendCodePoint(codePoint);
        } else {
          ByteBuffer encoded =
              StandardCharsets.UTF_8.encode(CharBuffer.wrap(Character.toChars(codePoint)));
          while (encoded.hasRemaining()) {
            appendByte(escaped, encoded.get());
          }
        }
      }
    }
  }

  private static void appendByte(StringBuilder escaped, byte b) {
    escaped.append("\\x").append(HEX.toHexDigits(b));
  }

  /// Undoes [#escape]. Bytes that are not escaped stand for themselves.
  ///
  /// @throws IllegalArgumentException when a backslash is followed by what is no escape
  public static byte[] unescape(byte[] line, int from, int to) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(to - from);
    int i = from;
    while (i < to) {
      if (line[i] != '\\') {
        bytes.write(line[i]);
        i++;
      } else if (i + 1 == to) {
        throw new IllegalArgumentException("a backslash ends the key or the value");
      } else if (line[i + 1] == 'x') {
        if (i + 3 >= to || !isHex(line[i + 2]) || !isHex(line[i + 3])) {
          throw new IllegalArgumentException("\\x is not followed by two hexadecimal digits");
        }
        bytes.write(HexFormat.fromHexDigit(line[i + 2]) << 4 | HexFormat.fromHexDigit(line[i + 3]));
        i += 4;
      } else {
        bytes.write(escaped(line[i + 1]));
        i += 2;
      }
    }
    return bytes.toByteArray();
  }

  private static int escaped(byte letter) {
    return switch (letter) {
      case '\\' -> '\\';
      case 't' -> '\t';
      case 'n' -> '\n';
      case 'r' -> '\r';
      default ->
          throw new IllegalArgumentException("a backslash is followed by none of \\ t n r x");
    };
  }

  private static boolean isHex(byte b) {
    return b >= 0 && HexFormat.isHexDigit(b);
  }
}
