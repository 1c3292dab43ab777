package dev.varve.engine.lsm.compaction;

import java.util.Arrays;

/// Divides the sequence numbers by the moments at which somebody may read. Of two revisions of a
/// key in the same stripe nobody can see the older one.
///
/// @threads immutable
final class Stripes {
  /* Stripe i holds the numbers above the moment i - 1 and up to the moment i. The last stripe holds
   * what is newer than all moments: a reader may yet begin between any two of its numbers, so nothing
   * in it hides anything. */

  private final long[] moments;

  /// @param moments ascending, at least one
  Stripes(long[] moments) {
    if (moments.length == 0) {
      throw new IllegalArgumentException("somebody may always read");
    }
    for (int i = 1; i < moments.length; i++) {
      if (moments[i - 1] > moments[i]) {
        throw new IllegalArgumentException("the moments of readers are not in order");
      }
    }
    this.moments = moments.clone();
  }

  /// The stripe of a sequence number: 0 for what every reader sees.
  int of(long sequence) {
    int at = Arrays.binarySearch(moments, sequence);
    while (at > 0 && moments[at - 1] == sequence) {
      at--;
    }
    return at >= 0 ? at : -at - 1;
  }

  /// Whether in this stripe what is newer hides what is older for everybody.
  boolean isClosed(int stripe) {
    return stripe < moments.length;
  }
}
