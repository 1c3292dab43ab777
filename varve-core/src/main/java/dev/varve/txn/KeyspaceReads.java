package dev.varve.txn;

import dev.varve.base.Bytes;
import dev.varve.kv.KeyRange;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.NavigableSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// What a serializable transaction has read in one keyspace: keys, whether there was something or
/// not, and what its cursors went over.
///
/// @threads one at a time
public final class KeyspaceReads {
  /** Fewer ranges are faster looked at one by one. */
  private static final int RANGES_MIN = 8;

  private final NavigableSet<byte[]> keys = new TreeSet<>(Bytes::compare);
  private final List<RangeRead> ranges = new ArrayList<>(0);

  /** The ranges in order, those that touch made one; null until [#meets] needs it. */
  private @Nullable List<RangeRead> merged;

  private boolean everything;

  /** Takes note of a key; whether it was not known yet. What is handed in is kept. */
  boolean add(byte[] key) {
    return keys.add(key);
  }

  /** Takes note of what a cursor went over, and goes over further on. */
  void add(RangeRead range) {
    ranges.add(range);
    merged = null;
  }

  /** Takes note that all was read. */
  void addEverything() {
    everything = true;
  }

  /** To be called before [#meets] when cursors may have moved. */
  void settle() {
    merged = null;
  }

  /** Whether a commit's write is of a key that was read. */
  boolean meets(CommittedWrite write) {
    byte @Nullable [] key = write.key();
    KeyRange range = write.range();
    if (everything && (key != null || range != null)) {
      return true;
    }
    if (key != null) {
      return keys.contains(key) || isInRange(key);
    }
    if (range == null) {
      return false;
    }
    for (RangeRead read : ranges) {
      if (read.meets(range)) {
        return true;
      }
    }
    byte @Nullable [] from = range.from();
    byte[] first = from == null ? (keys.isEmpty() ? null : keys.first()) : keys.ceiling(from);
    return first != null && range.contains(first);
  }

  private boolean isInRange(byte[] key) {
    if (ranges.size() < RANGES_MIN) {
      for (int i = 0; i < ranges.size(); i++) {
        if (ranges.get(i).contains(key)) {
          return true;
        }
      }
      return false;
    }
    List<RangeRead> all = merged;
    if (all == null) {
      all = merge();
      merged = all;
    }
    int least = 0;
    int end = all.size();
    while (least < end) {
      int middle = (least + end) >>> 1;
      if (Bytes.compare(all.get(middle).low(), key) <= 0) {
        least = middle + 1;
      } else {
        end = middle;
      }
    }
    return least > 0 && all.get(least - 1).contains(key);
  }

  private List<RangeRead> merge() {
    List<RangeRead> sorted = new ArrayList<>(ranges);
    sorted.sort(Comparator.comparing(RangeRead::low, Bytes::compare));
    List<RangeRead> all = new ArrayList<>();
    for (RangeRead next : sorted) {
      if (!all.isEmpty() && all.getLast().reaches(next)) {
        all.getLast().extend(next);
      } else {
        all.add(next.copy());
      }
    }
    return all;
  }
}
