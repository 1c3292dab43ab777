package dev.varve.cli.load;

import dev.varve.cli.load.LineSource.Line;
import dev.varve.cli.text.Escapes;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// Rows as `dump` writes them: the key, a tab, the value, both as [Escapes] has them.
///
/// @threads one at a time
final class KvRows implements RowReader {
  private final LineSource lines;

  KvRows(LineSource lines) {
    this.lines = lines;
  }

  @Override
  public @Nullable Row next() throws IOException {
    Line line = lines.next();
    while (line != null && !line.isTooLong() && line.bytes().length == 0) {
      line = lines.next();
    }
    if (line == null) {
      return null;
    }
    if (line.isTooLong()) {
      return RowReader.tooLong(line.number());
    }
    byte[] bytes = line.bytes();
    int tab = 0;
    while (tab < bytes.length && bytes[tab] != '\t') {
      tab++;
    }
    if (tab == bytes.length) {
      return new Row.Malformed(line.number(), "there is no tab between key and value");
    }
    try {
      return RowReader.checked(
          line.number(),
          Escapes.unescape(bytes, 0, tab),
          Escapes.unescape(bytes, tab + 1, bytes.length));
    } catch (IllegalArgumentException e) {
      return new Row.Malformed(line.number(), String.valueOf(e.getMessage()));
    }
  }
}
