package dev.varve.engine.lsm.sstable;

import dev.varve.base.Bytes;
import dev.varve.base.Varints;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Index entries in memory, ready to be searched: separators by their eight bytes behind what all
/// of them share, and where the blocks are.
///
/// @threads immutable once [Builder#finish] returned it
final class FlatIndex {
  private static final int ARRAY_BYTES = 16;
  private static final int TOP_STEP = 8;

  private final int count;

  /** What the separators, but for the first, share; they stand in {@link #keys} without it. */
  private final byte[] prefix;

  /** Of each separator eight bytes as a number whose signed order is theirs; the first has none. */
  private final long[] heads;

  /**
   * Every eighth of the heads: a search looks at a few lines of these, and at one of the others.
   */
  private final long[] tops;

  private final byte[] keys;
  private final int[] keyEnds;

  /** Absent where no key goes on from one block to the next. */
  private final long @Nullable [] stamps;

  /** Where each block begins, and the end of the last. */
  private final long[] offsets;

  private FlatIndex(Builder from) {
    count = from.count;
    int shared = count < 2 ? 0 : from.length(1);
    for (int i = 2; i < count && shared > 0; i++) {
      int difference =
          Arrays.mismatch(
              from.keys,
              from.begin(1),
              from.begin(1) + shared,
              from.keys,
              from.begin(i),
              from.keyEnds[i]);
      shared = difference < 0 ? shared : difference;
    }
    prefix =
        count < 2
            ? new byte[0]
            : Arrays.copyOfRange(from.keys, from.begin(1), from.begin(1) + shared);
    heads = new long[count];
    keyEnds = new int[count];
    int size = count < 2 ? 0 : from.keyEnds[count - 1] - from.keyEnds[0] - (count - 1) * shared;
    keys = new byte[size];
    for (int i = 1; i < count; i++) {
      int length = from.length(i) - shared;
      System.arraycopy(from.keys, from.begin(i) + shared, keys, keyEnds[i - 1], length);
      keyEnds[i] = keyEnds[i - 1] + length;
      heads[i] = Bytes.head(keys, keyEnds[i - 1], length) ^ Long.MIN_VALUE;
    }
    tops = new long[(count + TOP_STEP - 1) / TOP_STEP];
    for (int i = 0; i < tops.length; i++) {
      tops[i] = heads[i * TOP_STEP];
    }
    stamps = from.stamped ? Arrays.copyOf(from.stamps, count) : null;
    offsets = Arrays.copyOf(from.offsets, count + 1);
  }

  /// Gathers index entries in their order.
  static final class Builder {
    private int count;
    private byte[] keys = new byte[1024];
    private int[] keyEnds = new int[64];
    private long[] stamps = new long[64];
    private long[] offsets = new long[65];
    private boolean stamped;
    private byte[] key = new byte[64];

    /// @param begin where the first block must begin
    Builder(long begin) {
      offsets[0] = begin;
    }

    private int begin(int i) {
      return i == 0 ? 0 : keyEnds[i - 1];
    }

    private int length(int i) {
      return keyEnds[i] - begin(i);
    }

    /// Adds the entries of a block; answers what is wrong with them, or null.
    @Nullable String add(EntryBlock block) {
      for (int i = 0; i < block.count(); i++) {
        int length = block.keyLength(i);
        if (key.length < length) {
          key = new byte[2 * length];
        }
        block.copyKey(i, key);
        long stamp = block.stamp(i);
        if (count == 0) {
          if (length != 0) {
            return "a first separator that is not empty";
          }
        } else {
          int begin = begin(count - 1);
          int order = Bytes.compare(keys, begin, keyEnds[count - 1] - begin, key, 0, length);
          if (order > 0 || (order == 0 && stamps[count - 1] <= stamp)) {
            return "separators out of order";
          }
        }
        int at = block.valueOffset(i);
        int limit = at + block.valueLength(i);
        long offset = Varints.read(block.array(), at, limit);
        at += Varints.size(offset & Long.MAX_VALUE);
        long size = at < limit ? Varints.read(block.array(), at, limit) : Varints.MALFORMED;
        if (offset != offsets[count] || size <= BlockSeal.BYTES || size > Long.MAX_VALUE - offset) {
          return "a block that does not follow the one before";
        }
        append(length, stamp, offset + size);
      }
      return null;
    }

    private void append(int length, long stamp, long end) {
      if (count == keyEnds.length) {
        keyEnds = Arrays.copyOf(keyEnds, 2 * count);
        stamps = Arrays.copyOf(stamps, 2 * count);
        offsets = Arrays.copyOf(offsets, 2 * count + 1);
      }
      int begin = begin(count);
      keys = EntryBlockBuilder.ensure(keys, begin, length);
      System.arraycopy(key, 0, keys, begin, length);
      keyEnds[count] = begin + length;
      stamps[count] = stamp;
      stamped |= stamp != Stamp.MAX;
      count++;
      offsets[count] = end;
    }

    /// Where the last block ends.
    long end() {
      return offsets[count];
    }

    FlatIndex finish() {
      return new FlatIndex(this);
    }
  }

  int count() {
    return count;
  }

  /// What it takes in memory, headers of arrays included.
  long memoryBytes() {
    long bytes =
        8L * (heads.length + tops.length) + keys.length + prefix.length + 4L * keyEnds.length;
    bytes += 8L * offsets.length + 6 * ARRAY_BYTES + 56;
    long[] own = stamps;
    return own == null ? bytes : bytes + 8L * own.length + ARRAY_BYTES;
  }

  /// Where the block of an entry begins.
  long offset(int i) {
    return offsets[i];
  }

  /// How many bytes the block of an entry has.
  long size(int i) {
    return offsets[i + 1] - offsets[i];
  }

  /// Whether the first key of a block is the last of the block before.
  boolean continues(int i) {
    long[] own = stamps;
    return own != null && own[i] != Stamp.MAX;
  }

  /// The last entry at or before a key and stamp. The first one is before everything.
  int find(byte[] key, int offset, int length, long stamp) {
    int shared = prefix.length;
    if (shared > 0) {
      int order = Bytes.compare(key, offset, Math.min(length, shared), prefix, 0, shared);
      if (order != 0) {
        return order < 0 ? 0 : count - 1;
      }
    }
    int keyOffset = offset + shared;
    int keyLength = length - shared;
    long head = Bytes.head(key, keyOffset, keyLength) ^ Long.MIN_VALUE;
    int low = lastBelow(head);
    if (low + 1 == count || heads[low + 1] != head) {
      return low;
    }
    // I: everything up to `low` is at or before the key, everything from `high` on is behind it.
    int high = low + 2;
    for (int step = 1; high < count && heads[high] == head; step <<= 1) {
      high = Math.min(count, high + step);
    }
    while (high - low > 1) {
      int middle = (low + high) >>> 1;
      if (heads[middle] == head && !isBehind(middle, key, keyOffset, keyLength, stamp)) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** The last entry with a lesser head; the first one has less than any. */
  private int lastBelow(long head) {
    // Adding what a condition yields, rather than branching on it, spares a misprediction each
    // round.
    int top = 0;
    for (int rest = tops.length; rest > 1; ) {
      int half = rest >>> 1;
      top += tops[top + half] < head ? half : 0;
      rest -= half;
    }
    int first = top * TOP_STEP;
    int end = Math.min(first + TOP_STEP, count);
    int low = first;
    for (int i = first + 1; i < end; i++) {
      low += heads[i] < head ? 1 : 0;
    }
    return low;
  }

  /// Compares a separator with a key. The first one is empty.
  int compare(int i, byte[] key) {
    if (i == 0) {
      return key.length == 0 ? 0 : -1;
    }
    int shared = Math.min(prefix.length, key.length);
    int order = Bytes.compare(prefix, 0, prefix.length, key, 0, shared);
    if (order != 0) {
      return order;
    }
    int begin = keyEnds[i - 1];
    return Bytes.compare(keys, begin, keyEnds[i] - begin, key, shared, key.length - shared);
  }

  private boolean isBehind(int i, byte[] key, int offset, int length, long stamp) {
    int begin = keyEnds[i - 1];
    int order = Bytes.compare(keys, begin, keyEnds[i] - begin, key, offset, length);
    long[] own = stamps;
    return order > 0 || (order == 0 && (own == null ? Stamp.MAX : own[i]) < stamp);
  }
}
