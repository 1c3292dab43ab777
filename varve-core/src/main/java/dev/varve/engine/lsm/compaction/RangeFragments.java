package dev.varve.engine.lsm.compaction;

import dev.varve.base.Bytes;
import dev.varve.engine.lsm.sstable.RangeTombstone;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// Range tombstones, cut into pieces that do not overlap, of each the sequence numbers that matter
/// to somebody.
///
/// @threads one at a time
final class RangeFragments {
  /// A piece.
  ///
  /// @param sequences the newest of each stripe, and all of the open one; descending
  record Fragment(byte[] from, byte @Nullable [] to, long[] sequences) {}

  private final List<Fragment> fragments = new ArrayList<>();
  private final Stripes stripes;
  private int at;

  RangeFragments(List<RangeTombstone> tombstones, Stripes stripes) {
    this.stripes = stripes;
    List<RangeTombstone> byBegin = new ArrayList<>(tombstones);
    byBegin.sort((a, b) -> Bytes.compare(a.from(), b.from()));
    NavigableSet<byte[]> ends = new TreeSet<>(Bytes::compare);
    for (RangeTombstone tombstone : tombstones) {
      ends.add(tombstone.from());
      byte[] to = tombstone.to();
      if (to != null) {
        ends.add(to);
      }
    }
    sweep(byBegin, new ArrayList<>(ends));
  }

  private void sweep(List<RangeTombstone> byBegin, List<byte[]> ends) {
    NavigableMap<Long, Integer> active = new TreeMap<>(Collections.reverseOrder());
    NavigableMap<byte[], List<Long>> stopping = new TreeMap<>(Bytes::compare);
    int next = 0;
    for (int i = 0; i < ends.size(); i++) {
      byte[] from = ends.get(i);
      for (long sequence : stopping.getOrDefault(from, List.of())) {
        active.computeIfPresent(sequence, (_, count) -> count == 1 ? null : count - 1);
      }
      while (next < byBegin.size() && Bytes.compare(byBegin.get(next).from(), from) == 0) {
        RangeTombstone tombstone = byBegin.get(next++);
        var _ = active.merge(tombstone.sequence(), 1, Integer::sum);
        byte[] to = tombstone.to();
        if (to != null) {
          stopping.computeIfAbsent(to, _ -> new ArrayList<>()).add(tombstone.sequence());
        }
      }
      if (!active.isEmpty()) {
        add(from, i + 1 < ends.size() ? ends.get(i + 1) : null, needed(active));
      }
    }
  }

  private long[] needed(NavigableMap<Long, Integer> active) {
    long[] sequences = new long[active.size()];
    int count = 0;
    int last = -1;
    for (long sequence : active.keySet()) {
      int stripe = stripes.of(sequence);
      if (stripe != last || !stripes.isClosed(stripe)) {
        sequences[count++] = sequence;
      }
      last = stripe;
    }
    return Arrays.copyOf(sequences, count);
  }

  private void add(byte[] from, byte @Nullable [] to, long[] sequences) {
    if (!fragments.isEmpty()) {
      Fragment before = fragments.getLast();
      if (Arrays.equals(before.sequences, sequences) && Arrays.equals(before.to, from)) {
        fragments.set(fragments.size() - 1, new Fragment(before.from, to, sequences));
        return;
      }
    }
    fragments.add(new Fragment(from, to, sequences));
  }

  /// Moves on to a key, which is not less than the one before.
  void moveTo(byte[] key, int length) {
    while (at < fragments.size() && isBefore(fragments.get(at), key, length)) {
      at++;
    }
    begun =
        at < fragments.size()
            && Bytes.compare(
                    fragments.get(at).from, 0, fragments.get(at).from.length, key, 0, length)
                <= 0;
  }

  private boolean begun;

  private static boolean isBefore(Fragment fragment, byte[] key, int length) {
    byte[] to = fragment.to;
    return to != null && Bytes.compare(to, 0, to.length, key, 0, length) <= 0;
  }

  /// Whether an entry of the key that was moved to is hidden from everybody.
  boolean hides(int stripe, long sequence) {
    if (!begun || !stripes.isClosed(stripe)) {
      return false;
    }
    for (long own : fragments.get(at).sequences) {
      if (own > sequence && stripes.of(own) == stripe) {
        return true;
      }
    }
    return false;
  }

  /// The pieces of what lies from `from` on and before `to`; null stands for no end.
  List<Fragment> within(byte @Nullable [] from, byte @Nullable [] to) {
    List<Fragment> found = new ArrayList<>();
    for (int i = from == null ? 0 : firstNotBefore(from); i < fragments.size(); i++) {
      Fragment fragment = fragments.get(i);
      if (to != null && Bytes.compare(fragment.from, to) >= 0) {
        break;
      }
      byte[] begin = from != null && Bytes.compare(fragment.from, from) < 0 ? from : fragment.from;
      byte[] own = fragment.to;
      byte[] end = own == null || (to != null && Bytes.compare(to, own) < 0) ? to : own;
      found.add(new Fragment(begin, end, fragment.sequences));
    }
    return found;
  }

  private int firstNotBefore(byte[] key) {
    int low = 0;
    int high = fragments.size();
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (isBefore(fragments.get(middle), key, key.length)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
}
