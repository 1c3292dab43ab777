package dev.varve.bench;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;

/// What the samples of a row come to.
///
/// @threads immutable
final class Figures {
  /// All samples of one metric of one subject.
  ///
  /// @param subject whose
  /// @param metric which
  /// @param unit what the values count
  /// @param byRound the values of each round
  record Figure(String subject, String metric, Unit unit, Map<Integer, List<Double>> byRound) {
    List<Double> values() {
      List<Double> all = new ArrayList<>();
      byRound.values().forEach(all::addAll);
      return all;
    }

    /// The value in the middle.
    double median() {
      return quantile(values(), 0.5);
    }

    /// The value that a quarter of the samples reach or surpass: what the subject does when the
    /// machine leaves it alone.
    double bestQuarter() {
      return quantile(values(), unit.moreIsBetter() ? 0.75 : 0.25);
    }
  }

  private final List<Figure> figures;

  private Figures(List<Figure> figures) {
    this.figures = figures;
  }

  /// Groups samples by subject and metric, in the order of their first appearance.
  static Figures of(List<Sample> samples) {
    Map<String, Figure> byName = new LinkedHashMap<>();
    for (Sample sample : samples) {
      Figure figure =
          byName.computeIfAbsent(
              sample.subject() + "\t" + sample.metric(),
              _ -> new Figure(sample.subject(), sample.metric(), sample.unit(), new TreeMap<>()));
      figure.byRound.computeIfAbsent(sample.round(), _ -> new ArrayList<>()).add(sample.value());
    }
    return new Figures(List.copyOf(byName.values()));
  }

  List<Figure> all() {
    return figures;
  }

  /// The figure of this subject and metric.
  Optional<Figure> find(String subject, String metric) {
    return figures.stream()
        .filter(f -> f.subject.equals(subject) && f.metric.equals(metric))
        .findFirst();
  }

  /// A figure divided by another subject's figure of the same metric: the median of the rounds'
  /// ratios. Empty when there is none to compare with.
  OptionalDouble ratio(Figure figure, String to) {
    Optional<Figure> other = find(to, figure.metric);
    if (other.isEmpty()) {
      return OptionalDouble.empty();
    }
    List<Double> ratios = new ArrayList<>();
    figure.byRound.forEach(
        (round, values) -> {
          List<Double> others = other.get().byRound.getOrDefault(round, List.of());
          double divisor = others.isEmpty() ? 0 : quantile(others, 0.5);
          if (divisor != 0) {
            ratios.add(quantile(values, 0.5) / divisor);
          }
        });
    return ratios.isEmpty() ? OptionalDouble.empty() : OptionalDouble.of(quantile(ratios, 0.5));
  }

  /// The best of the figures that these subjects have of a metric, by their medians.
  Optional<Figure> best(String metric, List<String> subjects) {
    Comparator<Figure> byMedian = Comparator.comparingDouble(Figure::median);
    return figures.stream()
        .filter(f -> f.metric.equals(metric) && subjects.contains(f.subject))
        .min((a, b) -> a.unit.moreIsBetter() ? byMedian.compare(b, a) : byMedian.compare(a, b));
  }

  /// How a target was met.
  enum Verdict {
    /// The median meets it.
    MET("met"),
    /// A quarter of the samples meets it.
    MET_BY_BEST_QUARTER("met by the best quarter"),
    /// Neither.
    MISSED("missed"),
    /// There is no such figure in this run.
    UNKNOWN("not measured");

    private final String text;

    Verdict(String text) {
      this.text = text;
    }

    String text() {
      return text;
    }
  }

  /// Compares a figure with what is aimed at. A ratio has no best quarter.
  Verdict verdict(Target target) {
    Optional<Figure> found = find(target.subject(), target.metric());
    if (found.isEmpty()) {
      return Verdict.UNKNOWN;
    }
    Figure figure = found.get();
    if (!target.relativeTo().isEmpty()) {
      Optional<Figure> best = best(target.metric(), target.relativeTo());
      OptionalDouble ratio =
          best.isEmpty() ? OptionalDouble.empty() : ratio(figure, best.get().subject);
      if (ratio.isEmpty()) {
        return Verdict.UNKNOWN;
      }
      return meets(figure, ratio.getAsDouble(), target) ? Verdict.MET : Verdict.MISSED;
    }
    if (meets(figure, figure.median(), target)) {
      return Verdict.MET;
    }
    return meets(figure, figure.bestQuarter(), target)
        ? Verdict.MET_BY_BEST_QUARTER
        : Verdict.MISSED;
  }

  private static boolean meets(Figure figure, double value, Target target) {
    return figure.unit.moreIsBetter() ? value >= target.limit() : value <= target.limit();
  }

  /// The value below which this share of `values`, of which there is one at least, lies.
  static double quantile(List<Double> values, double share) {
    List<Double> sorted = new ArrayList<>(values);
    Collections.sort(sorted);
    double at = share * (sorted.size() - 1);
    int below = (int) at;
    int above = Math.min(below + 1, sorted.size() - 1);
    return sorted.get(below) + (at - below) * (sorted.get(above) - sorted.get(below));
  }
}
