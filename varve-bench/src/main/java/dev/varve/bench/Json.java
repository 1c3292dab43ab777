package dev.varve.bench;

/// Writes JSON.
///
/// @threads one at a time
final class Json {
  private final StringBuilder text = new StringBuilder();
  private boolean comma;

  private void separate() {
    if (comma) {
      text.append(',');
    }
    comma = true;
  }

  /// Begins an object or an array, given as its bracket.
  Json open(char bracket) {
    separate();
    text.append(bracket);
    comma = false;
    return this;
  }

  /// Ends it.
  Json close(char bracket) {
    text.append(bracket);
    comma = true;
    return this;
  }

  /// Names the member that comes next.
  Json name(String name) {
    Json _ = text(name);
    text.append(':');
    comma = false;
    return this;
  }

  /// Adds a string.
  Json text(String value) {
    separate();
    text.append('"');
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c == '"' || c == '\\') {
        text.append('\\').append(c);
      } else if (c < ' ') {
        text.append(String.format("\\u%04x", (int) c));
      } else {
        text.append(c);
      }
    }
    text.append('"');
    return this;
  }

  /// Adds a number; JSON has none for what is not finite.
  Json number(double value) {
    separate();
    text.append(Double.isFinite(value) ? String.valueOf(value) : "null");
    return this;
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
