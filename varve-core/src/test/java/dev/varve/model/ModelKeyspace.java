package dev.varve.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A keyspace of a [ModelStore]: of each key all revisions that it ever had.
///
/// @threads one at a time
final class ModelKeyspace {
  /** What a key was from a commit on; null for absent. */
  private record Revision(long since, byte @Nullable [] value) {}

  /// Is not dropped.
  static final long NEVER = Long.MAX_VALUE;

  private final String name;
  private final boolean ordered;
  private final long createdAt;
  private long droppedAt = NEVER;
  private final NavigableMap<byte[], List<Revision>> revisions =
      new TreeMap<>(Arrays::compareUnsigned);

  /// @param ordered whether its engine takes calls that need order
  /// @param createdAt the commit that made it
  ModelKeyspace(String name, boolean ordered, long createdAt) {
    this.name = name;
    this.ordered = ordered;
    this.createdAt = createdAt;
  }

  String name() {
    return name;
  }

  boolean isOrdered() {
    return ordered;
  }

  long createdAt() {
    return createdAt;
  }

  boolean existsAt(long moment) {
    return createdAt <= moment && moment < droppedAt;
  }

  boolean isDropped() {
    return droppedAt != NEVER;
  }

  void drop(long moment) {
    droppedAt = moment;
  }

  /// Takes back everything behind a moment at which it was there.
  void rollBack(long moment) {
    if (droppedAt > moment) {
      droppedAt = NEVER;
    }
    revisions.values().forEach(all -> all.removeIf(revision -> revision.since > moment));
    revisions.values().removeIf(List::isEmpty);
  }

  /// Sets what a key is from a moment on, which is the latest of all.
  void set(byte[] key, byte @Nullable [] value, long moment) {
    List<Revision> all = revisions.computeIfAbsent(key, k -> new ArrayList<>());
    if (!all.isEmpty() && all.getLast().since == moment) {
      all.removeLast();
    }
    all.add(new Revision(moment, value));
  }

  /// Makes every key of a range absent, from a moment on.
  void clear(byte @Nullable [] from, byte @Nullable [] to, long moment) {
    for (byte[] key : revisions.keySet()) {
      if ((from == null || Arrays.compareUnsigned(key, from) >= 0)
          && (to == null || Arrays.compareUnsigned(key, to) < 0)
          && get(key, moment) != null) {
        set(key, null, moment);
      }
    }
  }

  /// The value of a key at a moment.
  byte @Nullable [] get(byte[] key, long moment) {
    List<Revision> all = revisions.get(key);
    return all == null ? null : visible(all, moment);
  }

  private static byte @Nullable [] visible(List<Revision> all, long moment) {
    for (int i = all.size() - 1; i >= 0; i--) {
      if (all.get(i).since <= moment) {
        return all.get(i).value;
      }
    }
    return null;
  }

  /// The first key of a span at `key` or behind, or strictly behind; with null the span's first.
  byte @Nullable [] keyFrom(byte @Nullable [] key, boolean strictly, Span span, long moment) {
    byte[] least = key == null || span.isBelow(key) ? span.first() : key;
    boolean skipsLeast = strictly && least == key;
    for (Map.Entry<byte[], List<Revision>> one : revisions.tailMap(least, !skipsLeast).entrySet()) {
      if (span.isAbove(one.getKey())) {
        return null;
      }
      if (!span.isBelow(one.getKey()) && visible(one.getValue(), moment) != null) {
        return one.getKey();
      }
    }
    return null;
  }

  /// The last key of a span at `key` or before, or strictly before; with null the span's last.
  byte @Nullable [] keyTo(byte @Nullable [] key, boolean strictly, Span span, long moment) {
    NavigableMap<byte[], List<Revision>> below =
        key == null ? revisions : revisions.headMap(key, !strictly);
    for (Map.Entry<byte[], List<Revision>> one : below.descendingMap().entrySet()) {
      if (span.isBelow(one.getKey())) {
        return null;
      }
      if (!span.isAbove(one.getKey()) && visible(one.getValue(), moment) != null) {
        return one.getKey();
      }
    }
    return null;
  }

  /// The entries of a span at a moment.
  SortedMap<byte[], byte[]> entries(Span span, long moment) {
    SortedMap<byte[], byte[]> entries = new TreeMap<>(Arrays::compareUnsigned);
    revisions.forEach(
        (key, all) -> {
          byte @Nullable [] value = span.contains(key) ? visible(all, moment) : null;
          if (value != null) {
            entries.put(key, value);
          }
        });
    return entries;
  }
}
