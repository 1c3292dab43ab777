package dev.varve.format;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.zip.CRC32C;

/// Walks through the bytes of an example field by field, as a page says, and writes it down.
///
/// It knows nothing of Varve's own code: that what it reads here is what that code wrote is the
/// point.
final class HexExample {
  private final byte[] bytes;
  private final ByteBuffer buffer;
  private final StringBuilder text = new StringBuilder();
  private final Map<String, Long> values = new LinkedHashMap<>();
  private String section = "";
  private int at;

  HexExample(byte[] bytes) {
    this.bytes = bytes.clone();
    this.buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /// Where the next field begins.
  int at() {
    return at;
  }

  /// Names what comes next.
  void section(String name) {
    section = name + ": ";
  }

  /// Takes fields with the sizes that a page's table has.
  void table(List<Integer> sizes, String... labels) {
    assertEquals(sizes.size(), labels.length, () -> "rows of the table for " + section);
    for (int i = 0; i < labels.length; i++) {
      if (labels[i].equals("checksum")) {
        line(sizes.get(i), "checksum");
      } else {
        number(labels[i], sizes.get(i));
      }
    }
  }

  /// Takes a number of 1, 2, 4 or 8 bytes; more bytes are shown as they are, or must be zero when
  /// the label is `0`.
  long number(String label, int size) {
    long value =
        switch (size) {
          case 1 -> buffer.get(at);
          case 2 -> buffer.getShort(at);
          case 4 -> buffer.getInt(at);
          case 8 -> buffer.getLong(at);
          default -> 0;
        };
    if (label.equals("0")) {
      for (int i = at; i < at + size; i++) {
        assertEquals(0, bytes[i], "byte " + i);
      }
      line(size, "0");
    } else if (size > 8 || label.equals("magic")) {
      line(size, label);
    } else {
      values.put(section + label, value);
      line(
          size,
          label.endsWith("checksum") || label.endsWith("checksums") ? label : label + " " + value);
    }
    return value;
  }

  /// Takes a varint.
  long varint(String label) {
    long value = 0;
    int size = 0;
    do {
      value |= (bytes[at + size] & 0x7FL) << (7 * size);
    } while (bytes[at + size++] < 0);
    values.put(section + label, value);
    line(size, label + " " + value);
    return value;
  }

  /// Takes bytes that are shown as they are.
  void raw(String label, int size) {
    line(size, label);
  }

  /// Takes text, a line of the example for each line of it.
  String text(String label, int size) {
    String all = new String(bytes, at, size, StandardCharsets.UTF_8);
    int end = at + size;
    String rest = all;
    while (at < end) {
      int newline = rest.indexOf('\n') + 1;
      String one = newline == 0 ? rest : rest.substring(0, newline);
      line(one.length(), label + " `" + one.strip() + "`");
      rest = rest.substring(one.length());
    }
    return all;
  }

  /// Takes a checksum: that of the bytes from `from` to here, XORed with `salt`.
  int checksum(String label, int from, int salt) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, from, at - from);
    int expected = (int) crc.getValue() ^ salt;
    assertEquals(hex(expected), hex(buffer.getInt(at)), () -> section + label);
    line(4, label);
    return expected;
  }

  /// The checksum of the bytes from `from` on and before `to`; takes nothing.
  int checksumOf(int from, int to) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, from, to - from);
    return (int) crc.getValue();
  }

  /// Takes zeros up to a multiple of 8.
  void padding() {
    int size = -at & 7;
    if (size > 0) {
      number("0", size);
    }
  }

  /// A number read before.
  long value(String label) {
    assertTrue(values.containsKey(label), () -> label + " in " + values.keySet());
    return values.get(label);
  }

  private void line(int size, String comment) {
    for (int done = 0; done < size; done += FormatPage.LINE_BYTES) {
      int count = Math.min(FormatPage.LINE_BYTES, size - done);
      String hex = HexFormat.ofDelimiter(" ").formatHex(bytes, at + done, at + done + count);
      String said = done == 0 ? section + comment : "";
      text.append(
          String.format(Locale.ROOT, "%4d  %-47s  %s", at + done, hex, said).stripTrailing());
      text.append('\n');
    }
    at += size;
  }

  /// The example as a page shows it; every byte must have been taken.
  String written() {
    assertEquals(bytes.length, at, "bytes of the example that are described");
    return text.toString();
  }

  private static String hex(int checksum) {
    return String.format(Locale.ROOT, "%08x", checksum);
  }
}
