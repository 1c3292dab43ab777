package dev.varve.bench;

import dev.varve.bench.Figures.Figure;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/// Writes figures down, for people and for programs.
///
/// @threads one at a time
final class Report {
  /// What is added to the names of subjects that were measured with other classes.
  static final String BEFORE = ", before";

  private final Map<String, String> machine;
  private final boolean toBefore;
  private final List<Part> parts = new ArrayList<>();

  /// A row and what it came to.
  private record Part(Row row, Figures figures, List<String> failures) {}

  /// @param machine what was measured on
  /// @param toBefore whether ratios are to the same subject with other classes, rather than to the
  ///   row's yardstick
  Report(Map<String, String> machine, boolean toBefore) {
    this.machine = machine;
    this.toBefore = toBefore;
  }

  /// Adds a row.
  ///
  /// @param failures what went wrong, if anything
  void add(Row row, List<Sample> samples, List<String> failures) {
    parts.add(new Part(row, Figures.of(samples), failures));
  }

  /// The last comparison, as a picture; empty when there was none.
  Optional<String> toSvg() {
    return parts.reversed().stream()
        .flatMap(
            part ->
                part.row.comparison().stream()
                    .map(
                        comparison ->
                            new Chart(
                                    "Varve by the best peer, to the right is better: "
                                        + part.row.about(),
                                    comparison,
                                    part.figures)
                                .toSvg()))
        .findFirst();
  }

  /// What was measured on.
  String head() {
    StringBuilder text = new StringBuilder();
    machine.forEach((name, value) -> text.append(name).append(": ").append(value).append('\n'));
    return text.toString();
  }

  /// The row added last, as a table.
  String lastTable() {
    Part part = parts.getLast();
    StringBuilder text = new StringBuilder();
    Optional<Comparison> comparison = part.row.comparison();
    if (comparison.isPresent()) {
      text.append(
          String.format(
              Locale.ROOT,
              "%n%s: %s (%s)%n%s",
              part.row.name(),
              part.row.about(),
              String.join(" ", part.row.jvmFlags()),
              new ComparisonTable(comparison.get(), part.figures)));
    } else {
      text.append(list(part));
    }
    for (Target target : part.row.targets()) {
      text.append(
          String.format(
              Locale.ROOT,
              "  %s, %s: %s: %s%n",
              target.subject(),
              target.metric(),
              target.text(),
              part.figures.verdict(target).text()));
    }
    for (String failure : part.failures) {
      text.append("  failed: ").append(failure).append('\n');
    }
    return text.toString();
  }

  /** A line for each figure. */
  private String list(Part part) {
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "%n%s: %s (%s)%n%-26s %-34s %12s %12s %8s %4s%n",
            part.row.name(),
            part.row.about(),
            String.join(" ", part.row.jvmFlags()),
            "subject",
            "metric",
            "median",
            "best quarter",
            "ratio",
            "n"));
    for (Figure figure : part.figures.all()) {
      OptionalDouble ratio = ratio(part, figure);
      text.append(
          String.format(
              Locale.ROOT,
              "%-26s %-34s %12s %12s %8s %4d%n",
              figure.subject(),
              figure.metric(),
              number(figure.median()) + " " + figure.unit().symbol(),
              number(figure.bestQuarter()) + " " + figure.unit().symbol(),
              ratio.isEmpty() ? "" : String.format(Locale.ROOT, "%.2f", ratio.getAsDouble()),
              figure.values().size()));
    }
    return text.toString();
  }

  private OptionalDouble ratio(Part part, Figure figure) {
    String to =
        toBefore ? figure.subject() + BEFORE : part.row.yardstick().orElse(figure.subject());
    return figure.subject().equals(to) ? OptionalDouble.empty() : part.figures.ratio(figure, to);
  }

  /// A number for people.
  static String number(double value) {
    return String.format(Locale.ROOT, Math.abs(value) >= 100 ? "%,.0f" : "%,.2f", value);
  }

  /// Everything, as one JSON object.
  String toJson() {
    Json json = new Json();
    json.open('{').name("machine").open('{');
    machine.forEach((name, value) -> json.name(name).text(value));
    json.close('}').name("rows").open('[');
    for (Part part : parts) {
      writePart(json, part);
    }
    return json.close(']').close('}').toString();
  }

  private void writePart(Json json, Part part) {
    json.open('{').name("row").text(part.row.name());
    json.name("flags").text(String.join(" ", part.row.jvmFlags()));
    json.name("figures").open('[');
    for (Figure figure : part.figures.all()) {
      json.open('{').name("subject").text(figure.subject());
      json.name("metric").text(figure.metric()).name("unit").text(figure.unit().symbol());
      json.name("median").number(figure.median());
      json.name("bestQuarter").number(figure.bestQuarter());
      ratio(part, figure).ifPresent(ratio -> json.name("ratio").number(ratio));
      part.row
          .comparison()
          .filter(comparison -> comparison.engines().contains(figure.subject()))
          .flatMap(c -> c.standing(part.figures, figure.subject(), figure.metric()))
          .ifPresent(
              standing ->
                  json.name("bestPeer")
                      .text(standing.best().subject())
                      .name("timesAsGood")
                      .number(standing.times()));
      json.name("rounds").open('[');
      for (List<Double> round : figure.byRound().values()) {
        json.open('[');
        round.forEach(json::number);
        json.close(']');
      }
      json.close(']').close('}');
    }
    json.close(']').name("targets").open('[');
    for (Target target : part.row.targets()) {
      json.open('{').name("subject").text(target.subject()).name("metric").text(target.metric());
      json.name("aim").text(target.text());
      json.name("verdict").text(part.figures.verdict(target).text()).close('}');
    }
    json.close(']').name("failures").open('[');
    part.failures.forEach(json::text);
    json.close(']').name("subjects").open('[');
    for (Product product : part.row.comparison().map(Comparison::products).orElse(List.of())) {
      json.open('{').name("subject").text(product.name()).name("about").text(product.about());
      json.name("flags").text(String.join(" ", product.jvmFlags())).close('}');
    }
    json.close(']').close('}');
  }
}
