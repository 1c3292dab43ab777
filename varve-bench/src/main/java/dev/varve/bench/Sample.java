package dev.varve.bench;

/// One measured value.
///
/// @param round the round that it comes from, from 0
/// @param subject what was measured
/// @param metric what of it
/// @param unit what the value counts
/// @param value the value
record Sample(int round, String subject, String metric, Unit unit, double value) {
  private static final String SEPARATOR = "\t";

  /// The same of another subject.
  Sample of(String otherSubject) {
    return new Sample(round, otherSubject, metric, unit, value);
  }

  /// One line of text.
  String toLine() {
    return String.join(
        SEPARATOR, String.valueOf(round), subject, metric, unit.name(), String.valueOf(value));
  }

  /// Reads what [#toLine] wrote.
  ///
  /// @throws IllegalArgumentException when it is something else
  static Sample parse(String line) {
    String[] parts = line.split(SEPARATOR, -1);
    if (parts.length != 5) {
      throw new IllegalArgumentException("not a sample: " + line);
    }
    return new Sample(
        Integer.parseInt(parts[0]),
        parts[1],
        parts[2],
        Unit.valueOf(parts[3]),
        Double.parseDouble(parts[4]));
  }
}
