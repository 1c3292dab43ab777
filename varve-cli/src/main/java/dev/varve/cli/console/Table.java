package dev.varve.cli.console;

import java.util.ArrayList;
import java.util.List;

/// Rows in aligned columns.
public final class Table {
  private static final String GAP = "  ";

  private final String indent;
  private final boolean[] right;
  private final List<List<String>> rows = new ArrayList<>();

  /// @param alignment a letter for each column: `l` for left, `r` for right
  public Table(String indent, String alignment) {
    this.indent = indent;
    this.right = new boolean[alignment.length()];
    for (int i = 0; i < right.length; i++) {
      right[i] = alignment.charAt(i) == 'r';
    }
  }

  /// Adds a row.
  public Table row(String... cells) {
    rows.add(List.of(cells));
    return this;
  }

  /// Whether there is no row.
  public boolean isEmpty() {
    return rows.isEmpty();
  }

  /// The lines, without trailing blanks.
  public List<String> lines() {
    int[] widths = new int[right.length];
    for (List<String> row : rows) {
      for (int i = 0; i < row.size(); i++) {
        widths[i] = Math.max(widths[i], width(row.get(i)));
      }
    }
    List<String> lines = new ArrayList<>();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder(indent);
      for (int i = 0; i < row.size(); i++) {
        String cell = row.get(i);
        String blanks = " ".repeat(widths[i] - width(cell));
        line.append(i == 0 ? "" : GAP).append(right[i] ? blanks + cell : cell + blanks);
      }
      lines.add(line.toString().stripTrailing());
    }
    return lines;
  }

  private static int width(String cell) {
    return cell.codePointCount(0, cell.length());
  }
}
