package dev.varve.bench;

import java.util.Optional;

/// A figure that is aimed at. Whether it is a floor or a ceiling follows from the unit.
///
/// @param subject whose figure
/// @param metric which
/// @param relativeTo the subject whose figure of the same metric it is divided by, if any
/// @param limit the figure or ratio that is just good enough
/// @param text the aim in words
record Target(
    String subject, String metric, Optional<String> relativeTo, double limit, String text) {

  /// A figure of its own.
  static Target of(String subject, String metric, double limit, String text) {
    return new Target(subject, metric, Optional.empty(), limit, text);
  }

  /// A ratio to another subject of the same run.
  static Target ratio(String subject, String metric, String to, double limit, String text) {
    return new Target(subject, metric, Optional.of(to), limit, text);
  }
}
