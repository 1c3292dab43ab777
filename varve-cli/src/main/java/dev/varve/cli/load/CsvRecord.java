package dev.varve.cli.load;

import dev.varve.cli.text.Escapes;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Takes one record apart, line by line, strictly as RFC 4180 has it: a quote begins a field or is
/// doubled within a quoted one; a quoted field may go on over lines.
///
/// @threads one at a time
final class CsvRecord {
  private static final byte QUOTE = '"';

  private final byte separator;
  private final boolean hasQuotes;
  private final ByteArrayOutputStream field = new ByteArrayOutputStream();
  private List<String> fields = new ArrayList<>();
  private boolean isOpen;
  private @Nullable String problem;

  /// @param hasQuotes whether fields may be quoted; where not, a quote is a letter like others
  CsvRecord(byte separator, boolean hasQuotes) {
    this.separator = separator;
    this.hasQuotes = hasQuotes;
  }

  /// Begins a new record.
  void begin() {
    fields = new ArrayList<>();
    field.reset();
    isOpen = false;
    problem = null;
  }

  /// Whether a quoted field goes on in the next line.
  boolean isOpen() {
    return isOpen;
  }

  /// What is wrong, or null.
  @Nullable String problem() {
    return problem;
  }

  /// The fields, once the record is neither open nor wrong.
  List<String> fields() {
    return fields;
  }

  /// Takes a line.
  void feed(byte[] line) {
    int i = 0;
    if (isOpen) {
      field.write('\n');
      i = quoted(line, 0);
      if (isOpen || problem != null) {
        return;
      }
    }
    while (problem == null) {
      if (i < line.length && line[i] == QUOTE && hasQuotes && field.size() == 0) {
        i = quoted(line, i + 1);
        if (isOpen || problem != null) {
          return;
        }
      } else {
        i = plain(line, i);
      }
      endField();
      if (i >= line.length) {
        return;
      }
      i++;
    }
  }

  /** Reads a field that is not quoted; answers where it ends. */
  private int plain(byte[] line, int from) {
    int i = from;
    while (i < line.length && line[i] != separator) {
      if (line[i] == QUOTE && hasQuotes) {
        problem = "unbalanced quotes: there is a quote in a field that is not quoted";
        return line.length;
      }
      i++;
    }
    field.write(line, from, i - from);
    return i;
  }

  /** Reads on in a quoted field; answers the place behind its closing quote. */
  private int quoted(byte[] line, int from) {
    isOpen = true;
    for (int i = from; i < line.length; i++) {
      if (line[i] != QUOTE) {
        field.write(line[i]);
      } else if (i + 1 < line.length && line[i + 1] == QUOTE) {
        field.write(QUOTE);
        i++;
      } else {
        isOpen = false;
        if (i + 1 < line.length && line[i + 1] != separator) {
          problem = "unbalanced quotes: a closing quote is followed by more text";
        }
        return i + 1;
      }
    }
    return line.length;
  }

  private void endField() {
    String text = Escapes.utf8(field.toByteArray());
    field.reset();
    if (text == null) {
      problem = "it is not UTF-8";
    } else {
      fields.add(text);
    }
  }
}
