package dev.varve.cli.text;

import java.util.Arrays;
import java.util.Collection;
import java.util.Locale;

/// Finds what somebody may have meant.
public final class Nearest {
  private static final int LISTED_MAX = 12;

  private Nearest() {}

  /// A clause that helps on from an unknown name: the nearest known one where there is one near, or
  /// else what is known.
  public static String hint(String given, Collection<String> known) {
    String nearest = "";
    int distance = Integer.MAX_VALUE;
    for (String candidate : known) {
      int d = editDistance(given.toLowerCase(Locale.ROOT), candidate.toLowerCase(Locale.ROOT));
      if (d < distance) {
        distance = d;
        nearest = candidate;
      }
    }
    if (known.isEmpty()) {
      return "there is none yet";
    }
    if (distance <= Math.max(2, given.length() / 3)) {
      return "did you mean '" + nearest + "'?";
    }
    String list = String.join(", ", known.stream().limit(LISTED_MAX).toList());
    return "there is " + list + (known.size() > LISTED_MAX ? " and more" : "");
  }

  /// The least number of insertions, removals and changes of a letter that make one of the other.
  static int editDistance(String a, String b) {
    int[] row = new int[b.length() + 1];
    Arrays.setAll(row, i -> i);
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int change = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(change, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[b.length()];
  }
}
