package dev.varve.rigs;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/// What a process that was killed had acknowledged.
///
/// @threads one at a time
final class KillAnswers {
  private final Map<Integer, Long> commits = new HashMap<>();
  private final Set<Long> numbers = new HashSet<>();
  private long numberMax;
  private boolean anyTwice;

  /// Takes a whole line that it printed.
  void add(String line) {
    int space = line.indexOf(' ');
    int thread = Integer.parseInt(line.substring(0, space));
    long number = Long.parseLong(line.substring(space + 1));
    if (thread == KillWriter.SHARED) {
      anyTwice |= !numbers.add(number);
      numberMax = Math.max(numberMax, number);
    } else {
      commits.merge(thread, number, Math::max);
    }
  }

  /// Whether nothing was acknowledged.
  boolean isEmpty() {
    return commits.isEmpty();
  }

  /// The last commit of each thread, by its number.
  Map<Integer, Long> commits() {
    return commits;
  }

  /// How often the counter of all was incremented.
  int increments() {
    return numbers.size();
  }

  /// The greatest number of the counter of all, or 0.
  long numberMax() {
    return numberMax;
  }

  /// Whether two increments had the same number.
  boolean isAnyTwice() {
    return anyTwice;
  }
}
