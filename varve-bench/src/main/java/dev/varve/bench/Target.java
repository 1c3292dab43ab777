package dev.varve.bench;

import java.util.List;

/// A figure that is aimed at. Whether it is a floor or a ceiling follows from the unit.
///
/// @param subject whose figure
/// @param metric which
/// @param relativeTo the subjects the best of whose figures of the same metric it is divided by, if
///   any
/// @param limit the figure or ratio that is just good enough
/// @param text the aim in words
record Target(String subject, String metric, List<String> relativeTo, double limit, String text) {

  /// A figure of its own.
  static Target of(String subject, String metric, double limit, String text) {
    return new Target(subject, metric, List.of(), limit, text);
  }

  /// A ratio to another subject of the same run.
  static Target ratio(String subject, String metric, String to, double limit, String text) {
    return new Target(subject, metric, List.of(to), limit, text);
  }

  /// A time that is to be so many times shorter than the shortest of other subjects.
  static Target faster(String subject, String metric, List<String> than, double times) {
    String peers = than.size() == 1 ? than.getFirst() : "the best of " + String.join(", ", than);
    String text = times == 1 ? "not slower than " + peers : times + " times as fast as " + peers;
    return new Target(subject, metric, than, 1 / times, text);
  }
}
