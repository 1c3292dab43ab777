package dev.varve.rigs;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a rig counted and found. Violations past the first few are only counted: they tend to have
/// one cause.
///
/// @threads safe
final class Findings {
  private static final int KEPT_MAX = 5;

  private final Map<String, Long> counts = new LinkedHashMap<>();
  private final List<Violation> violations = new ArrayList<>();
  private long violationCount;

  synchronized void count(String what, long more) {
    counts.merge(what, more, Long::sum);
  }

  synchronized void violation(Violation violation) {
    violationCount++;
    if (violations.size() < KEPT_MAX) {
      violations.add(violation);
    }
  }

  synchronized long violationCount() {
    return violationCount;
  }

  synchronized long counted(String what) {
    return counts.getOrDefault(what, 0L);
  }

  synchronized List<Violation> violations() {
    return List.copyOf(violations);
  }

  synchronized @Nullable Violation first() {
    return violations.isEmpty() ? null : violations.getFirst();
  }

  synchronized void add(Findings other) {
    other.counts.forEach(this::count);
    violationCount += other.violationCount;
    for (Violation violation : other.violations) {
      if (violations.size() < KEPT_MAX) {
        violations.add(violation);
      }
    }
  }

  /// Prints the violations kept, and one line of figures.
  synchronized void print(String rig, PrintStream out) {
    violations.forEach(out::println);
    out.println(rig + ": " + this);
  }

  @Override
  public synchronized String toString() {
    StringBuilder text = new StringBuilder();
    counts.forEach((what, count) -> text.append(String.format("%,d %s, ", count, what)));
    return text.append(String.format("%,d violations", violationCount)).toString();
  }
}
