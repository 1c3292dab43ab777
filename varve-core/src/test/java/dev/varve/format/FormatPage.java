package dev.varve.format;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A page of `docs/format`: its tables and its worked examples.
///
/// A line of an example is an offset, at most 16 bytes in hex, and what they are.
final class FormatPage {
  static final Path DIRECTORY = Path.of("..", "docs", "format");

  /** Where the bytes begin and end in a line of an example. */
  static final int HEX_BEGIN = 6;

  static final int LINE_BYTES = 16;
  static final int HEX_END = HEX_BEGIN + 3 * LINE_BYTES - 1;

  private static final Pattern BLOCK = Pattern.compile("```hex (\\w+)\n(.*?)```", Pattern.DOTALL);

  private final Path file;
  private final String text;

  private FormatPage(Path file, String text) {
    this.file = file;
    this.text = text;
  }

  /// Reads the page of this name.
  static FormatPage read(String name) {
    Path file = DIRECTORY.resolve(name + ".md");
    try {
      return new FormatPage(file, Files.readString(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// The names of its examples.
  List<String> examples() {
    List<String> names = new ArrayList<>();
    for (Matcher block = BLOCK.matcher(text); block.find(); ) {
      names.add(block.group(1));
    }
    return names;
  }

  /// The text of an example.
  String example(String name) {
    for (Matcher block = BLOCK.matcher(text); block.find(); ) {
      if (block.group(1).equals(name)) {
        return block.group(2);
      }
    }
    throw new AssertionError(file + " has no example '" + name + "'");
  }

  /// The bytes of an example.
  byte[] bytes(String name) {
    StringBuilder hex = new StringBuilder();
    for (String line : example(name).lines().toList()) {
      int offset = Integer.parseInt(line.substring(0, HEX_BEGIN).strip());
      if (offset != hex.length() / 2) {
        throw new AssertionError(file + ": the line of offset " + offset + " is misplaced");
      }
      hex.append(line.substring(HEX_BEGIN, Math.min(HEX_END, line.length())).replace(" ", ""));
    }
    return HexFormat.of().parseHex(hex);
  }

  /// Puts another text in the place of an example.
  void rewrite(String name, String example) {
    try {
      Files.writeString(
          file,
          text.replace(
              "```hex " + name + "\n" + example(name) + "```",
              "```hex " + name + "\n" + example + "```"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// The sizes in the page's `index`-th table of offsets and sizes, from 0, whose rows must lie one
  /// behind the other. A row without a size ends it.
  List<Integer> sizes(int index) {
    List<String> lines = text.lines().toList();
    int seen = -1;
    for (int i = 0; i < lines.size(); i++) {
      if (lines.get(i).startsWith("| offset | size |") && ++seen == index) {
        return sizesFrom(lines, i + 2);
      }
    }
    throw new AssertionError(file + " has no table " + index);
  }

  private List<Integer> sizesFrom(List<String> lines, int first) {
    List<Integer> sizes = new ArrayList<>();
    int at = 0;
    for (int i = first; i < lines.size() && lines.get(i).startsWith("|"); i++) {
      String[] cells = lines.get(i).split("\\|", 4);
      if (Integer.parseInt(cells[1].strip()) != at) {
        throw new AssertionError(file + ": a row should begin at " + at + ": " + lines.get(i));
      }
      if (cells[2].isBlank()) {
        break;
      }
      int size = Integer.parseInt(cells[2].strip());
      sizes.add(size);
      at += size;
    }
    return sizes;
  }
}
