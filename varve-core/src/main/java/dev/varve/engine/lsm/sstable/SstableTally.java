package dev.varve.engine.lsm.sstable;

import dev.varve.base.Bytes;
import dev.varve.filter.KeyHash;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Counts what goes into an sstable.
///
/// @threads one at a time
final class SstableTally {
  private byte[] lastKey = new byte[64];
  private int lastLength;
  private long lastStamp;
  private byte @Nullable [] firstKey;
  private long entries;
  private long tombstones;
  private long keys;
  private long rangeTombstones;
  private long keyBytes;
  private long valueBytes;
  private long smallest = Long.MAX_VALUE;
  private long largest;
  private long content;
  private long blocks;
  private long blockBytes;
  private byte @Nullable [] tombstonesFrom;
  private byte @Nullable [] tombstonesTo;
  private boolean endless;

  /// How the last entry's key compares with this one; below 0 when there is none.
  int compareLast(byte[] key, int offset, int length) {
    return entries == 0 ? -1 : Bytes.compare(lastKey, 0, lastLength, key, offset, length);
  }

  /// How many bytes this key shares with the last entry's.
  int sharedWithLast(byte[] key, int offset, int length) {
    int shared = Arrays.mismatch(lastKey, 0, lastLength, key, offset, offset + length);
    return shared < 0 ? length : shared;
  }

  /// A copy of the last entry's key.
  byte[] lastKey() {
    return Arrays.copyOf(lastKey, lastLength);
  }

  long lastStamp() {
    return lastStamp;
  }

  long entries() {
    return entries;
  }

  void add(byte[] key, int offset, int length, long stamp, int valueLength, long hash) {
    if (entries == 0) {
      firstKey = Arrays.copyOfRange(key, offset, offset + length);
      keys = 1;
    } else if (lastLength != length
        || !Arrays.equals(lastKey, 0, lastLength, key, offset, offset + length)) {
      keys++;
    }
    if (lastKey.length < length) {
      lastKey = new byte[Math.max(length, 2 * lastKey.length)];
    }
    System.arraycopy(key, offset, lastKey, 0, length);
    lastLength = length;
    lastStamp = stamp;
    entries++;
    tombstones += Stamp.kind(stamp) == Stamp.TOMBSTONE ? 1 : 0;
    keyBytes += length;
    valueBytes += valueLength;
    smallest = Math.min(smallest, Stamp.sequence(stamp));
    largest = Math.max(largest, Stamp.sequence(stamp));
    content += hash;
  }

  /// Counts the entry that a cursor stands on.
  void add(SstableCursor cursor) {
    byte[] key = cursor.keyArray();
    int length = cursor.keyLength();
    long stamp = cursor.stamp();
    int valueLength = cursor.valueLength();
    long hash = hash(key, 0, length, stamp, cursor.valueArray(), cursor.valueOffset(), valueLength);
    add(key, 0, length, stamp, valueLength, hash);
  }

  /// Counts the entry that was read last of what there is.
  void add(SstableRemains remains) {
    byte[] key = remains.keyArray();
    int length = remains.keyLength();
    long stamp = remains.stamp();
    int valueLength = remains.valueLength();
    long hash =
        hash(key, 0, length, stamp, remains.valueArray(), remains.valueOffset(), valueLength);
    add(key, 0, length, stamp, valueLength, hash);
  }

  /// The hash of an entry, as properties sum it up.
  static long hash(
      byte[] key,
      int keyOffset,
      int keyLength,
      long stamp,
      byte[] value,
      int valueOffset,
      int valueLength) {
    long hash = KeyHash.of(stamp, key, keyOffset, keyLength);
    return KeyHash.of(hash, value, valueOffset, valueLength);
  }

  void add(RangeTombstone tombstone) {
    if (tombstonesFrom == null) {
      tombstonesFrom = tombstone.from();
    }
    byte[] to = tombstone.to();
    if (to == null) {
      endless = true;
    }
    byte[] reached = to == null ? tombstone.from() : to;
    byte[] before = tombstonesTo;
    if (before == null || Bytes.compare(reached, before) > 0) {
      tombstonesTo = reached;
    }
    rangeTombstones++;
    smallest = Math.min(smallest, tombstone.sequence());
    largest = Math.max(largest, tombstone.sequence());
  }

  void addBlock(int plainBytes) {
    blocks++;
    blockBytes += plainBytes;
  }

  /// All of it, of a file that has an entry or a range tombstone.
  SstableProperties properties(int filterLines, int filterProbes) {
    byte[] first = firstKey;
    byte[] from = tombstonesFrom;
    byte[] to = tombstonesTo;
    byte[] last = Arrays.copyOf(lastKey, lastLength);
    if (first == null) {
      first = from == null ? last : from;
      last = to == null ? last : to;
    }
    byte[] begin = from != null && Bytes.compare(from, first) < 0 ? from : first;
    SstableProperties.RangeEnd end = SstableProperties.RangeEnd.INCLUSIVE;
    if (endless) {
      end = SstableProperties.RangeEnd.NONE;
    } else if (to != null && (entries == 0 || Bytes.compare(to, last) > 0)) {
      end = SstableProperties.RangeEnd.EXCLUSIVE;
    }
    return new SstableProperties(
        entries,
        tombstones,
        keys,
        rangeTombstones,
        keyBytes,
        valueBytes,
        smallest,
        largest,
        content,
        blocks,
        blockBytes,
        filterLines,
        filterProbes,
        end,
        begin,
        to != null && Bytes.compare(to, last) > 0 ? to : last);
  }
}
