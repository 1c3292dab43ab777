package dev.varve.cli.text;

import dev.varve.kv.UsageException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HexFormat;

/// How keys and values are given and shown.
public enum ByteText {
  /// UTF-8; what cannot be printed is shown escaped.
  TEXT,
  /// Two hexadecimal digits a byte.
  HEX,
  /// Base64 with padding.
  BASE64,
  /// Given as UTF-8, shown as the bytes themselves.
  RAW;

  private static final char NOT_DECODED = '\uFFFD';

  /// The bytes that an argument stands for.
  ///
  /// @param what names the argument in an error
  /// @throws UsageException when the argument has another form
  public byte[] parse(String what, String argument) {
    return switch (this) {
      case TEXT, RAW -> {
        if (argument.indexOf(NOT_DECODED) >= 0) {
          throw new UsageException(
              what + " is not UTF-8; give it with --hex or --base64, or set a UTF-8 locale");
        }
        yield argument.getBytes(StandardCharsets.UTF_8);
      }
      case HEX -> {
        try {
          yield HexFormat.of().parseHex(argument);
        } catch (IllegalArgumentException e) {
          throw new UsageException(
              what + " is not hexadecimal; write two digits for each byte, like 00ff", e);
        }
      }
      case BASE64 -> {
        try {
          yield Base64.getDecoder().decode(argument);
        } catch (IllegalArgumentException e) {
          throw new UsageException(what + " is not base64", e);
        }
      }
    };
  }

  /// The bytes as text of one line.
  public String line(byte[] bytes) {
    return switch (this) {
      case TEXT -> {
        String text = Escapes.utf8(bytes);
        yield text != null && text.codePoints().allMatch(Escapes::isPrintable)
            ? text
            : Escapes.escape(bytes);
      }
      case HEX -> HexFormat.of().formatHex(bytes);
      case BASE64 -> Base64.getEncoder().encodeToString(bytes);
      case RAW -> new String(bytes, StandardCharsets.ISO_8859_1);
    };
  }

  /// As [#line], but text may have lines and tabs of its own.
  public String block(byte[] bytes) {
    if (this == TEXT) {
      String text = Escapes.utf8(bytes);
      if (text != null
          && text.codePoints().allMatch(c -> c == '\n' || c == '\t' || Escapes.isPrintable(c))) {
        return text;
      }
    }
    return line(bytes);
  }
}
