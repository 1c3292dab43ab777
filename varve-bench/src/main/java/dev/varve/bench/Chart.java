package dev.varve.bench;

import dev.varve.bench.Comparison.Standing;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Draws what Varve's engines come to beside the best peer: for each metric a bar for each engine,
/// from the line at 1, where both are alike, to the right when Varve is better. The scale is
/// logarithmic, so that twice as good and half as good are as far from the line. The number stands
/// across the line from its bar.
///
/// @threads immutable
final class Chart {
  private static final int LEFT = 250;
  private static final int PLOT = 620;
  private static final int RIGHT = 230;
  private static final int TOP = 76;
  private static final int BAR = 11;
  private static final int GAP = 8;
  private static final int BELOW = 30;

  /** One that people who see few colours can tell apart. */
  private static final List<String> COLORS =
      List.of("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00");

  /** The ratios at both ends of the scale; what is beyond is cut, with its number beside it. */
  private static final double RATIO_MAX = 32;

  /** One metric, and the engines that have it. */
  private record Group(String metric, List<Standing> standings) {}

  private final String title;
  private final Comparison comparison;
  private final List<Group> groups = new ArrayList<>();

  Chart(String title, Comparison comparison, Figures figures) {
    this.title = title;
    this.comparison = comparison;
    for (String metric : ComparisonTable.metrics(figures)) {
      if (isShown(metric)) {
        List<Standing> standings =
            comparison.engines().stream()
                .map(engine -> comparison.standing(figures, engine, metric))
                .flatMap(Optional::stream)
                .toList();
        if (!standings.isEmpty()) {
          groups.add(new Group(metric, standings));
        }
      }
    }
  }

  /** The detail of times is the table's. */
  private static boolean isShown(String metric) {
    return !metric.endsWith(Stopwatch.ON_PROCESSOR)
        && !metric.endsWith(Stopwatch.ON_ALL_PROCESSORS)
        && !metric.endsWith(Stopwatch.ALLOCATION)
        && !metric.endsWith(" p50")
        && !metric.endsWith(" p99");
  }

  private static double x(double ratio) {
    double share = Math.log(Math.clamp(ratio, 1 / RATIO_MAX, RATIO_MAX)) / Math.log(RATIO_MAX);
    return LEFT + PLOT * (1 + share) / 2;
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }

  private static String label(double x, double y, String anchor, String text) {
    return String.format(
        Locale.ROOT,
        "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>%n",
        x,
        y,
        anchor,
        escaped(text));
  }

  private String color(String engine) {
    return COLORS.get(Math.floorMod(comparison.engines().indexOf(engine), COLORS.size()));
  }

  /// The picture, as SVG.
  String toSvg() {
    int bars = groups.stream().mapToInt(group -> group.standings.size()).sum();
    int bottom = TOP + bars * BAR + groups.size() * GAP;
    int width = LEFT + PLOT + RIGHT;
    StringBuilder svg = new StringBuilder();
    svg.append(
        String.format(
            Locale.ROOT,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\""
                + " viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"11\">%n"
                + "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>%n"
                + "<text x=\"12\" y=\"22\" font-size=\"15\">%s</text>%n",
            width,
            bottom + BELOW,
            width,
            bottom + BELOW,
            escaped(title)));
    legend(svg);
    scale(svg, bottom);
    double y = TOP;
    for (Group group : groups) {
      y = group(svg, group, y);
    }
    return svg.append("</svg>\n").toString();
  }

  private void legend(StringBuilder svg) {
    double x = 12;
    for (String engine : comparison.engines()) {
      svg.append(
          String.format(
              Locale.ROOT,
              "<rect x=\"%.1f\" y=\"32\" width=\"10\" height=\"10\" fill=\"%s\"/>%n",
              x,
              color(engine)));
      svg.append(label(x + 14, 41, "start", engine));
      x += 120;
    }
  }

  private static void scale(StringBuilder svg, int bottom) {
    for (double ratio = 1 / RATIO_MAX; ratio <= RATIO_MAX; ratio *= 2) {
      svg.append(
          String.format(
              Locale.ROOT,
              "<line x1=\"%1$.1f\" y1=\"%2$d\" x2=\"%1$.1f\" y2=\"%3$d\" stroke=\"%4$s\"/>%n",
              x(ratio),
              TOP - 6,
              bottom,
              ratio == 1 ? "#333" : "#ddd"));
      String text =
          ratio < 1
              ? String.format(Locale.ROOT, "1/%.0f", 1 / ratio)
              : String.format(Locale.ROOT, "%.0f", ratio);
      svg.append(label(x(ratio), TOP - 12, "middle", text));
    }
    svg.append(label(LEFT + PLOT + 12, TOP - 12, "start", "the best peer"));
  }

  private double group(StringBuilder svg, Group group, double top) {
    double height = group.standings.size() * BAR;
    svg.append(label(LEFT - 8, top + height / 2 + 4, "end", group.metric));
    Standing first = group.standings.getFirst();
    svg.append(
        label(
            LEFT + PLOT + 12,
            top + height / 2 + 4,
            "start",
            first.best().subject()
                + ", "
                + Report.number(first.best().median())
                + " "
                + first.best().unit().symbol()));
    double y = top;
    for (Standing standing : group.standings) {
      double one = x(1);
      double end = x(standing.times());
      svg.append(
          String.format(
              Locale.ROOT,
              "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>%n",
              Math.min(one, end),
              y,
              Math.abs(end - one),
              BAR - 2,
              color(standing.engine().subject())));
      boolean better = standing.times() >= 1;
      svg.append(
          label(
              better ? one - 3 : one + 3,
              y + BAR - 3,
              better ? "end" : "start",
              String.format(Locale.ROOT, "%.2f", standing.times())));
      y += BAR;
    }
    return y + GAP;
  }
}
