package dev.varve.engine.btree;

import dev.varve.engine.Visibility;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/// Which revisions somebody may still read.
///
/// @threads immutable
final class Retention {
  /// Nobody reads the past.
  static final Retention NEWEST =
      new Retention(Long.MAX_VALUE - 1, new long[] {Long.MAX_VALUE - 1});

  private final long visible;

  /** Ascending. */
  private final long[] moments;

  private Retention(long visible, long[] moments) {
    this.visible = visible;
    this.moments = moments;
  }

  /// What may be read now, and later.
  static Retention of(Visibility visibility) {
    long visible = visibility.visibleThrough();
    VarHandle.fullFence();
    if (visibility.newestPinned() < 0) {
      return new Retention(visible, new long[] {visible});
    }
    long[] readable = visibility.readable();
    return new Retention(readable[readable.length - 1], readable);
  }

  /// What may be read of the state as of a commit that is visible: by those who read before it, and
  /// as the newest.
  Retention asOf(long cut) {
    int before = Arrays.binarySearch(moments, cut);
    int count = before < 0 ? -1 - before : before;
    long[] until = Arrays.copyOf(moments, count + 1);
    until[count] = cut;
    return new Retention(cut, until);
  }

  /// Whether a revision that commit `made` made, and commit `replaced` replaced, may be read.
  ///
  /// @param replaced [Long#MAX_VALUE] for the newest
  boolean needs(long made, long replaced) {
    if (replaced > visible) {
      // Readers come to it, or will once it is visible, unless its own commit replaced it.
      return made < replaced;
    }
    if (moments.length == 1) {
      return made <= moments[0] && moments[0] < replaced;
    }
    // The last moment before it was replaced.
    int at = Arrays.binarySearch(moments, replaced);
    int last = (at < 0 ? -1 - at : at) - 1;
    return last >= 0 && moments[last] >= made;
  }

  /// Whether nobody may read what a commit replaced.
  boolean needsNoneBefore(long replaced) {
    return replaced <= visible && moments[0] >= replaced;
  }

  /// Whether somebody may read a moment before a commit.
  boolean readsBefore(long sequence) {
    return moments[0] < sequence;
  }
}
