package dev.varve.engine.lsm.sstable;

import dev.varve.base.Bytes;
import dev.varve.base.Varints;
import java.util.Arrays;

/// Gathers entries, which come in order, and lays them out as a block of entries;
/// `docs/format/sstable.md` has the bytes.
///
/// @threads one at a time
final class EntryBlockBuilder {
  private static final int GROUP = 1 << EntryBlock.GROUP_SHIFT;
  private static final int HEADER_BYTES_MAX = 3 * 5 + 9 + 1;

  /** Arrays grow by doubling up to this many bytes at a time. */
  private static final int GROWTH_MAX = 64 << 20;

  private int count;

  /** What is stored of the keys of full groups. */
  private byte[] keys = new byte[4096];

  private int keyBytes;

  /** The keys of the group that is not full yet, whole, from {@link #keyBytes} on. */
  private int pendingBytes;

  private int[] keyLengths = new int[256];
  private int[] valueEnds = new int[256];
  private long[] stamps = new long[256];
  private int[] groupOffsets = new int[16];
  private int[] prefixes = new int[16];
  private byte[] values = new byte[4096];
  private int valueBytes;
  private long stampMin;
  private long stampMax;
  private boolean sameKeyLength;
  private boolean sameValueLength;

  EntryBlockBuilder() {
    clear();
  }

  void clear() {
    count = 0;
    keyBytes = 0;
    pendingBytes = 0;
    valueBytes = 0;
    stampMin = Long.MAX_VALUE;
    stampMax = 0;
    sameKeyLength = true;
    sameValueLength = true;
  }

  int count() {
    return count;
  }

  void add(
      byte[] key, int keyOffset, int keyLength, long stamp, byte[] value, int offset, int length) {
    if (count == stamps.length) {
      stamps = Arrays.copyOf(stamps, 2 * count);
      keyLengths = Arrays.copyOf(keyLengths, 2 * count);
      valueEnds = Arrays.copyOf(valueEnds, 2 * count);
    }
    if (count > 0) {
      sameKeyLength &= keyLength == keyLengths[0] && keyLength > 0;
      sameValueLength &= length == valueEnds[0];
    } else {
      sameKeyLength = keyLength > 0;
    }
    keys = ensure(keys, keyBytes + pendingBytes, keyLength);
    System.arraycopy(key, keyOffset, keys, keyBytes + pendingBytes, keyLength);
    pendingBytes += keyLength;
    values = ensure(values, valueBytes, length);
    System.arraycopy(value, offset, values, valueBytes, length);
    valueBytes += length;
    keyLengths[count] = keyLength;
    valueEnds[count] = valueBytes;
    stamps[count] = stamp;
    stampMin = Math.min(stampMin, stamp);
    stampMax = Math.max(stampMax, stamp);
    count++;
    if ((count & (GROUP - 1)) == 0) {
      closeGroup();
    }
  }

  static byte[] ensure(byte[] array, int used, int more) {
    int needed = Math.addExact(used, more);
    if (needed <= array.length) {
      return array;
    }
    long grown = Math.min(2L * array.length, (long) array.length + GROWTH_MAX);
    return Arrays.copyOf(array, (int) Math.min(Math.max(needed, grown), Integer.MAX_VALUE - 16));
  }

  /** Takes from the keys of the last group what they share: what its first and last share. */
  private void closeGroup() {
    int first = (count - 1) & -GROUP;
    int group = first >>> EntryBlock.GROUP_SHIFT;
    if (group == groupOffsets.length) {
      groupOffsets = Arrays.copyOf(groupOffsets, 2 * group);
      prefixes = Arrays.copyOf(prefixes, 2 * group);
    }
    int end = keyBytes + pendingBytes;
    int lastBegin = end - keyLengths[count - 1];
    int shared =
        count - 1 == first
            ? 0
            : Arrays.mismatch(keys, keyBytes, keyBytes + keyLengths[first], keys, lastBegin, end);
    int prefix = Math.min(shared < 0 ? keyLengths[first] : shared, EntryBlock.PREFIX_MAX);
    groupOffsets[group] = keyBytes;
    prefixes[group] = prefix;
    int from = keyBytes + keyLengths[first];
    int to = from;
    for (int i = first + 1; i < count; i++) {
      int rest = keyLengths[i] - prefix;
      System.arraycopy(keys, from + prefix, keys, to, rest);
      from += keyLengths[i];
      to += rest;
    }
    keyBytes = to;
    pendingBytes = 0;
  }

  /// How many bytes the block takes, or a few more while the last group is not full.
  int size() {
    return sizeWith(
        count,
        (long) keyBytes + pendingBytes,
        valueBytes,
        sameKeyLength,
        sameValueLength,
        stampMin,
        stampMax);
  }

  /// How many bytes it would take with one entry more.
  long sizeWith(int keyLength, long stamp, int valueLength) {
    return sizeWith(
        count + 1,
        (long) keyBytes + pendingBytes + keyLength,
        (long) valueBytes + valueLength,
        sameKeyLength && count > 0 && keyLength == keyLengths[0],
        sameValueLength && count > 0 && valueLength == valueEnds[0],
        Math.min(stamp, stampMin),
        Math.max(stamp, stampMax));
  }

  private static int sizeWith(
      int count,
      long keyBytes,
      long valueBytes,
      boolean sameKeyLength,
      boolean sameValueLength,
      long stampMin,
      long stampMax) {
    int offsetWidth = Math.max(keyBytes, valueBytes) > 0xFFFF ? 4 : 2;
    int columns = stampWidth(stampMin, stampMax);
    columns += sameKeyLength ? 0 : offsetWidth;
    columns += sameValueLength ? 0 : offsetWidth;
    long groups = (count + GROUP - 1L) >>> EntryBlock.GROUP_SHIFT;
    long size =
        HEADER_BYTES_MAX
            + groups * (offsetWidth + 2)
            + keyBytes
            + valueBytes
            + (long) count * columns;
    return (int) Math.min(size, Integer.MAX_VALUE);
  }

  private static int stampWidth(long min, long max) {
    return max <= min ? 0 : (71 - Long.numberOfLeadingZeros(max - min)) >>> 3;
  }

  /// Writes the block to `target`, which has room for [#size], and answers the offset behind it.
  int write(byte[] target, int begin) {
    if ((count & (GROUP - 1)) != 0) {
      closeGroup();
    }
    boolean wide = Math.max(keyBytes, valueBytes) > 0xFFFF;
    int stampWidth = stampWidth(stampMin, stampMax);
    int at = Varints.write(target, begin, count);
    at = Varints.write(target, at, keyBytes);
    at = Varints.write(target, at, sameKeyLength ? keyLengths[0] : 0);
    at = Varints.write(target, at, stampMin);
    target[at++] =
        (byte)
            (stampWidth
                | (wide ? EntryBlock.WIDE : 0)
                | (sameValueLength ? EntryBlock.SAME_VALUE_LENGTH : 0));
    for (int group = 0; group << EntryBlock.GROUP_SHIFT < count; group++) {
      at = writeOffset(target, at, groupOffsets[group], wide);
      Bytes.putShort(target, at, prefixes[group]);
      at += 2;
    }
    if (!sameKeyLength) {
      at = writeKeyEnds(target, at, wide);
    }
    System.arraycopy(keys, 0, target, at, keyBytes);
    at += keyBytes;
    for (int i = 0; i < count; i++) {
      long delta = stamps[i] - stampMin;
      for (int b = 0; b < stampWidth; b++) {
        target[at++] = (byte) (delta >>> (b << 3));
      }
    }
    if (!sameValueLength) {
      for (int i = 0; i < count; i++) {
        at = writeOffset(target, at, valueEnds[i], wide);
      }
    }
    System.arraycopy(values, 0, target, at, valueBytes);
    return at + valueBytes;
  }

  private int writeKeyEnds(byte[] target, int begin, boolean wide) {
    int at = begin;
    int end = 0;
    for (int i = 0; i < count; i++) {
      boolean first = (i & (GROUP - 1)) == 0;
      end += keyLengths[i] - (first ? 0 : prefixes[i >>> EntryBlock.GROUP_SHIFT]);
      at = writeOffset(target, at, end, wide);
    }
    return at;
  }

  private static int writeOffset(byte[] target, int at, int offset, boolean wide) {
    if (wide) {
      Bytes.putInt(target, at, offset);
      return at + 4;
    }
    Bytes.putShort(target, at, offset);
    return at + 2;
  }
}
