package dev.varve.cli.load;

import dev.varve.kv.Limits;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// Reads rows one after the other. A malformed row is a value; reading goes on after it.
///
/// @threads one at a time
interface RowReader {
  /// What joins the values of several key columns.
  String KEY_SEPARATOR = "/";

  /// The next row, or null at the end.
  @Nullable Row next() throws IOException;

  /// A row to load if key and value are within the limits.
  static Row checked(long line, byte[] key, byte[] value) {
    if (key.length == 0) {
      return new Row.Malformed(line, "the key is empty");
    }
    if (key.length > Limits.KEY_BYTES_MAX) {
      return new Row.Malformed(
          line,
          "the key has " + key.length + " bytes, more than the limit of " + Limits.KEY_BYTES_MAX);
    }
    if (value.length > Limits.VALUE_BYTES_MAX) {
      return new Row.Malformed(
          line,
          "the value has "
              + value.length
              + " bytes, more than the limit of "
              + Limits.VALUE_BYTES_MAX);
    }
    return new Row.Loadable(line, key, value);
  }

  /// What to say of a line that is too long to be read.
  static Row tooLong(long line) {
    return new Row.Malformed(line, "the line is longer than a value may be");
  }
}
