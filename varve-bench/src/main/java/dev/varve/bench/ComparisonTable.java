package dev.varve.bench;

import dev.varve.bench.Comparison.Standing;
import dev.varve.bench.Figures.Figure;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/// Figures of many subjects side by side: a line for each metric and a column for each subject,
/// then what Varve's engines come to beside the best peer.
///
/// @threads immutable
final class ComparisonTable {
  private static final int NAME_WIDTH = 38;
  private static final int COLUMN_WIDTH = 13;
  private static final List<String> SECTIONS =
      List.of("", Stopwatch.ON_PROCESSOR, Stopwatch.ON_ALL_PROCESSORS, Stopwatch.ALLOCATION);

  private final Comparison comparison;
  private final Figures figures;

  ComparisonTable(Comparison comparison, Figures figures) {
    this.comparison = comparison;
    this.figures = figures;
  }

  /// The metrics, those of a kind together: by the clock and all that is no time, on a processor,
  /// of the whole process, allocation.
  static List<String> metrics(Figures figures) {
    Set<String> names = new LinkedHashSet<>();
    figures.all().forEach(figure -> names.add(figure.metric()));
    List<String> sorted = new ArrayList<>();
    for (String section : SECTIONS) {
      names.stream().filter(name -> section(name).equals(section)).forEach(sorted::add);
    }
    return sorted;
  }

  private static String section(String metric) {
    return SECTIONS.stream()
        .filter(section -> !section.isEmpty() && metric.endsWith(section))
        .findFirst()
        .orElse("");
  }

  private static String column(String text) {
    return String.format(Locale.ROOT, " %" + COLUMN_WIDTH + "s", text);
  }

  private static String shortened(String subject) {
    String own = subject.replace("varve ", "").replace("Concurrent", "");
    return own.length() <= COLUMN_WIDTH ? own : own.substring(0, COLUMN_WIDTH);
  }

  private List<String> subjects() {
    Set<String> measured = new LinkedHashSet<>();
    figures.all().forEach(figure -> measured.add(figure.subject()));
    return List.copyOf(measured);
  }

  /// The whole table.
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    for (Product product : comparison.products()) {
      text.append("  ").append(product.name()).append(": ").append(product.about()).append('\n');
    }
    for (String line : comparison.leftOut()) {
      text.append("  left out: ").append(line).append('\n');
    }
    List<String> subjects = subjects();
    text.append('\n').append(head("median of the rounds"));
    subjects.forEach(subject -> text.append(column(shortened(subject))));
    text.append('\n');
    String section = "";
    for (String metric : metrics(figures)) {
      if (!section(metric).equals(section)) {
        section = section(metric);
        text.append('\n');
      }
      text.append(line(metric, subjects)).append('\n');
    }
    return text.append(standings()).toString();
  }

  private static String head(String text) {
    return String.format(Locale.ROOT, "%-" + NAME_WIDTH + "s", text);
  }

  private String line(String metric, List<String> subjects) {
    StringBuilder line = new StringBuilder();
    String unit = "";
    for (String subject : subjects) {
      Optional<Figure> figure = figures.find(subject, metric);
      line.append(column(figure.map(f -> Report.number(f.median())).orElse("")));
      unit = figure.map(f -> f.unit().symbol()).orElse(unit);
    }
    return head(unit.isEmpty() ? metric : metric + " [" + unit + "]") + line;
  }

  private String standings() {
    StringBuilder text = new StringBuilder();
    for (String engine : comparison.engines()) {
      StringBuilder lines = new StringBuilder();
      for (String metric : metrics(figures)) {
        Optional<Standing> standing = comparison.standing(figures, engine, metric);
        standing.ifPresent(
            s ->
                lines.append(
                    String.format(
                        Locale.ROOT,
                        "%-" + NAME_WIDTH + "s %12s %8s   %s %s%n",
                        metric,
                        Report.number(s.engine().median()),
                        String.format(Locale.ROOT, "%.2f ×", s.times()),
                        s.best().subject(),
                        Report.number(s.best().median()))));
      }
      if (!lines.isEmpty()) {
        text.append('\n').append(engine).append(", times as good as the best peer:\n");
        text.append(lines);
      }
    }
    return text.toString();
  }
}
