package dev.varve.txn;

import dev.varve.base.Bytes;
import dev.varve.kv.KeyRange;
import dev.varve.kv.MutationWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What a transaction writes in one keyspace.
///
/// @threads one at a time
public final class KeyspaceWrites {
  /* What becomes of a key: its entry in the map says so, which is a value or DELETED. A key without
   * one that is in a deleted range is absent; to delete a range takes the entries in it out of the
   * map. So ranges come first when the commit is encoded, then keys. */

  /// Stands for the value of a key that is to be absent; known by identity.
  static final byte[] DELETED = {};

  private final NavigableMap<byte[], byte[]> keys = new TreeMap<>(Bytes::compare);
  private final List<KeyRange> ranges = new ArrayList<>(0);

  /** Grows with each change. */
  private long changes;

  /// Whether nothing is written.
  public boolean isEmpty() {
    return keys.isEmpty() && ranges.isEmpty();
  }

  /// Whether it only takes away.
  public boolean isOnlyDeletes() {
    for (byte[] value : keys.values()) {
      if (value != DELETED) {
        return false;
      }
    }
    return true;
  }

  /// The keys that are put or deleted one by one, in order.
  public Iterable<byte[]> sortedKeys() {
    return keys.keySet();
  }

  long changes() {
    return changes;
  }

  /** The value, [#DELETED], or null when nothing is written there. */
  byte @Nullable [] find(byte[] key) {
    byte @Nullable [] value = keys.get(key);
    return value != null || ranges.isEmpty() || !isInRange(key) ? value : DELETED;
  }

  private boolean isInRange(byte[] key) {
    for (int i = 0; i < ranges.size(); i++) {
      if (ranges.get(i).contains(key)) {
        return true;
      }
    }
    return false;
  }

  /** Sets what becomes of a key; answers what its entry was, or null. */
  byte @Nullable [] set(byte[] key, byte[] value) {
    changes++;
    return keys.put(key, value);
  }

  /** Makes a key's entry what it was before [#set]. */
  void unset(byte[] key, byte @Nullable [] before) {
    changes++;
    if (before == null) {
      keys.remove(key);
    } else {
      keys.put(key, before);
    }
  }

  /** Deletes a range; answers the entries that were in it. */
  NavigableMap<byte[], byte[]> setRange(KeyRange range) {
    changes++;
    NavigableMap<byte[], byte[]> within = within(range);
    NavigableMap<byte[], byte[]> before = new TreeMap<>(within);
    within.clear();
    ranges.add(range);
    return before;
  }

  /** Undoes the last [#setRange]. */
  void unsetRange(NavigableMap<byte[], byte[]> before) {
    changes++;
    ranges.removeLast();
    keys.putAll(before);
  }

  private NavigableMap<byte[], byte[]> within(KeyRange range) {
    byte @Nullable [] from = range.from();
    byte @Nullable [] to = range.to();
    if (from == null) {
      return to == null ? keys : keys.headMap(to, false);
    }
    return to == null ? keys.tailMap(from, true) : keys.subMap(from, true, to, false);
  }

  /** The first value put at `key` or behind, or behind alone. */
  Map.@Nullable Entry<byte[], byte[]> above(byte @Nullable [] key, boolean inclusive) {
    Map.Entry<byte[], byte[]> entry =
        key == null
            ? keys.firstEntry()
            : inclusive ? keys.ceilingEntry(key) : keys.higherEntry(key);
    while (entry != null && entry.getValue() == DELETED) {
      entry = keys.higherEntry(entry.getKey());
    }
    return entry;
  }

  /** The last value put at `key` or before, or before alone. */
  Map.@Nullable Entry<byte[], byte[]> below(byte @Nullable [] key, boolean inclusive) {
    Map.Entry<byte[], byte[]> entry =
        key == null ? keys.lastEntry() : inclusive ? keys.floorEntry(key) : keys.lowerEntry(key);
    while (entry != null && entry.getValue() == DELETED) {
      entry = keys.lowerEntry(entry.getKey());
    }
    return entry;
  }

  /// Encodes it for a commit.
  public void encode(int keyspace, MutationWriter writer) {
    for (KeyRange range : ranges) {
      writer.deleteRange(keyspace, range);
    }
    for (Map.Entry<byte[], byte[]> entry : keys.entrySet()) {
      if (entry.getValue() == DELETED) {
        writer.delete(keyspace, entry.getKey());
      } else {
        writer.put(keyspace, entry.getKey(), entry.getValue());
      }
    }
  }

  /** Whether a commit's write is of a key that this writes too. */
  boolean meets(CommittedWrite write) {
    byte @Nullable [] key = write.key();
    if (key != null) {
      return keys.containsKey(key) || isInRange(key);
    }
    KeyRange range = write.range();
    if (range == null || isEmpty()) {
      return false;
    }
    for (KeyRange own : ranges) {
      if (Spans.overlap(own, range)) {
        return true;
      }
    }
    return !within(range).isEmpty();
  }
}
