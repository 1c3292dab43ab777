package dev.varve.cli.load;

import dev.varve.cli.console.JsonLine;
import dev.varve.cli.load.LineSource.Line;
import dev.varve.cli.text.Amounts;
import dev.varve.cli.text.Nearest;
import dev.varve.kv.UsageException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/// Rows of comma- or tab-separated values. The first line names the columns. A row becomes a JSON
/// object of column and value, under the key column's value, or the values of several with slashes
/// between.
///
/// @threads one at a time
final class CsvRows implements RowReader {
  /** A quote that is not closed within so many lines or bytes is one that nobody meant. */
  private static final int QUOTED_LINES_MAX = 1000;

  private static final int QUOTED_BYTES_MAX = 16 << 20;

  private final LineSource lines;
  private final CsvRecord record;
  private final List<String> columns;
  private final int[] key;

  /// @throws UsageException when the first line names no columns or not the key column
  CsvRows(LineSource lines, byte separator, boolean hasQuotes, @Nullable String keyColumn)
      throws IOException {
    this.lines = lines;
    this.record = new CsvRecord(separator, hasQuotes);
    this.columns = header();
    this.key = keyColumn == null ? new int[1] : columnsOf(keyColumn);
  }

  private int[] columnsOf(String names) {
    // One column may have a comma in its name.
    String[] parts = columns.contains(names) ? new String[] {names} : names.split(",", -1);
    int[] found = new int[parts.length];
    for (int i = 0; i < parts.length; i++) {
      found[i] = columns.indexOf(parts[i].strip());
      if (found[i] < 0) {
        throw new UsageException(
            "there is no column '" + parts[i] + "'; " + Nearest.hint(parts[i], columns));
      }
    }
    return found;
  }

  private List<String> header() throws IOException {
    Line line = lines.next();
    if (line == null) {
      throw new UsageException("the file is empty; its first line must name the columns");
    }
    record.begin();
    record.feed(line.bytes());
    if (record.isOpen() || record.problem() != null || line.isTooLong()) {
      throw new UsageException(
          "the first line must name the columns, but "
              + (record.problem() == null ? "a quote is not closed" : record.problem()));
    }
    List<String> names = record.fields();
    if (names.contains("") || new HashSet<>(names).size() < names.size()) {
      throw new UsageException(
          "the first line must name the columns, each by a name of its own, none empty");
    }
    return names;
  }

  @Override
  public @Nullable Row next() throws IOException {
    Line first = lines.next();
    while (first != null && first.isBlank()) {
      first = lines.next();
    }
    if (first == null) {
      return null;
    }
    if (first.isTooLong()) {
      return RowReader.tooLong(first.number());
    }
    String problem = read(first);
    if (problem != null) {
      return new Row.Malformed(first.number(), problem);
    }
    List<String> fields = record.fields();
    if (fields.size() != columns.size()) {
      return new Row.Malformed(
          first.number(), Amounts.count(fields.size(), "column") + " instead of " + columns.size());
    }
    JsonLine json = new JsonLine();
    for (int i = 0; i < columns.size(); i++) {
      json.put(columns.get(i), fields.get(i));
    }
    return RowReader.checked(
        first.number(),
        keyOf(fields).getBytes(StandardCharsets.UTF_8),
        json.end().getBytes(StandardCharsets.UTF_8));
  }

  private String keyOf(List<String> fields) {
    if (key.length == 1) {
      return fields.get(key[0]);
    }
    StringJoiner joined = new StringJoiner(RowReader.KEY_SEPARATOR);
    for (int column : key) {
      if (fields.get(column).isEmpty()) {
        return "";
      }
      joined.add(fields.get(column));
    }
    return joined.toString();
  }

  /**
   * Reads the record that begins with a line; answers what is wrong with it, or null. When a quote
   * is, only the first line is used up: the others are rows of their own.
   */
  private @Nullable String read(Line first) throws IOException {
    record.begin();
    record.feed(first.bytes());
    if (!record.isOpen()) {
      return record.problem();
    }
    List<Line> more = new ArrayList<>();
    long bytes = first.bytes().length;
    while (record.isOpen()) {
      Line line = lines.next();
      if (line != null) {
        more.add(line);
        bytes += line.bytes().length;
      }
      if (line == null
          || line.isTooLong()
          || more.size() > QUOTED_LINES_MAX
          || bytes > QUOTED_BYTES_MAX) {
        lines.giveBack(more);
        return "unbalanced quotes: a quote is never closed";
      }
      record.feed(line.bytes());
    }
    if (record.problem() != null) {
      lines.giveBack(more);
      return "unbalanced quotes: a quote is not closed where its field ends";
    }
    return null;
  }
}
