package dev.varve.engine.lsm.sstable;

import dev.varve.base.Bytes;
import dev.varve.base.Invariants;
import dev.varve.base.Varints;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// A look at the entries of a block, which may be data or index; `docs/format/sstable.md` has the
/// bytes.
///
/// The view is opened on one block after another. The bytes must have passed [#problem] once, when
/// they came from the device; after that nothing is checked again.
///
/// @threads one at a time
/// @lifetime a view of the bytes it was opened on, until it is opened on others
final class EntryBlock {
  /// How many entries share a prefix, as a power of two.
  static final int GROUP_SHIFT = 4;

  /// The greatest length of a prefix that is shared.
  static final int PREFIX_MAX = 0xFFFF;

  static final int STAMP_WIDTH_MASK = 15;
  static final int WIDE = 1 << 4;
  static final int SAME_VALUE_LENGTH = 1 << 5;
  private static final int GROUP_MASK = (1 << GROUP_SHIFT) - 1;
  private static final int PREFIX_BYTES = 2;
  private static final int FETCHED_BYTES = 768;
  private static final int LINE_BYTES = 64;
  private static final byte[] EMPTY = {};

  private byte[] array = EMPTY;
  private int size;
  private int count;

  /** The length of every key, 0 when they differ. */
  private int keyLength;

  /** The length of every value, -1 when they differ. */
  private int valueLength;

  private long baseStamp;
  private int stampWidth;
  private boolean wide;

  /** Of no meaning, but it has to be kept for the reads to be made. */
  @SuppressWarnings("UnusedVariable")
  private int fetched;

  /* Where the parts begin in the array. */
  private int groups;
  private int keyEnds;
  private int keys;
  private int stamps;
  private int valueEnds;
  private int values;

  /// As [#open], and has the processor fetch the front of the block, where everything that a search
  /// looks at stands, all at once; the search would fetch it line by line, each waiting for the one
  /// before.
  void openToSearch(byte[] block, int from, int to) {
    int sum = 0;
    int end = Math.min(to, from + FETCHED_BYTES);
    for (int at = from; at < end; at += LINE_BYTES) {
      sum += block[at];
    }
    fetched = sum;
    open(block, from, to);
  }

  /// Opens the view on a block that is known to be sound.
  void open(byte[] block, int from, int to) {
    boolean fits = parse(block, from, to);
    assert fits;
  }

  /** Finds the parts; false when they do not fit between `from` and `to`. */
  private boolean parse(byte[] block, int from, int to) {
    array = block;
    int at = from;
    long entries = Varints.read(block, at, to);
    at += Varints.size(entries & Long.MAX_VALUE);
    long keyBytes = at < to ? Varints.read(block, at, to) : -1;
    at += Varints.size(keyBytes & Long.MAX_VALUE);
    long sameKeyLength = at < to ? Varints.read(block, at, to) : -1;
    at += Varints.size(sameKeyLength & Long.MAX_VALUE);
    baseStamp = at < to ? Varints.read(block, at, to) : -1;
    at += Varints.size(baseStamp & Long.MAX_VALUE);
    if (entries < 1 || keyBytes < 0 || sameKeyLength < 0 || baseStamp < 0 || at >= to) {
      return false;
    }
    int flags = block[at++] & 0xFF;
    wide = (flags & WIDE) != 0;
    stampWidth = flags & STAMP_WIDTH_MASK;
    size = to - from;
    if (entries > 4L * size || keyBytes > size || sameKeyLength > size || stampWidth > 8) {
      return false;
    }
    count = (int) entries;
    keyLength = (int) sameKeyLength;
    long offsetWidth = wide ? 4 : 2;
    long position = at;
    groups = at;
    position += groupCount() * (offsetWidth + PREFIX_BYTES);
    keyEnds = (int) position;
    position += keyLength == 0 ? entries * offsetWidth : 0;
    keys = (int) position;
    position += keyBytes;
    stamps = (int) position;
    position += entries * stampWidth;
    valueEnds = (int) position;
    boolean sameValueLength = (flags & SAME_VALUE_LENGTH) != 0;
    position += sameValueLength ? 0 : entries * offsetWidth;
    values = (int) position;
    if (position > to || flags >>> 6 != 0) {
      return false;
    }
    int valueBytes = to - values;
    valueLength = sameValueLength ? valueBytes / count : -1;
    return sameValueLength ? valueBytes % count == 0 : valueEnd(count - 1) == valueBytes;
  }

  /// What is wrong with the bytes of a block, or null when they are sound. Total: any bytes give an
  /// answer, after which a view of sound ones never leaves them.
  ///
  /// @param keyBytesMin the least length of a key, 0 in an index
  @Nullable String problem(byte[] block, int from, int to, int keyBytesMin) {
    if (!parse(block, from, to)) {
      return "parts that do not fit it";
    }
    int at = 0;
    for (int i = 0; i < count; i++) {
      int group = i >>> GROUP_SHIFT;
      boolean first = (i & GROUP_MASK) == 0;
      if (first && groupOffset(group) != at) {
        return "group " + group + " elsewhere";
      }
      int prefix = first ? 0 : prefix(group);
      int end = end(rest(i));
      if (end < at || end > stamps - keys) {
        return "key " + i + " outside";
      }
      int length = end - at + prefix;
      if (length < keyBytesMin || length > dev.varve.kv.Limits.KEY_BYTES_MAX) {
        return "a key of " + length + " bytes";
      }
      if (first && prefix(group) > length) {
        return "a prefix longer than its key";
      }
      at = end;
      if (valueLength < 0 && (i == 0 ? 0 : valueEnd(i - 1)) > valueEnd(i)) {
        return "value " + i + " outside";
      }
    }
    if (at != stamps - keys) {
      return "bytes behind the last key";
    }
    return Invariants.ENABLED ? disorder() : null;
  }

  /** What is wrong with the order of the entries and with their stamps, if anything. */
  private @Nullable String disorder() {
    byte[] before = new byte[0];
    for (int i = 0; i < count; i++) {
      byte[] key = new byte[keyLength(i)];
      copyKey(i, key);
      int order = i == 0 ? -1 : Bytes.compare(before, key);
      if (order > 0 || (order == 0 && stamp(i - 1) <= stamp(i))) {
        return "entry " + i + " out of order";
      }
      if (stamp(i) < 0 || stamp(i) > Stamp.MAX) {
        return "entry " + i + " with stamp " + stamp(i);
      }
      before = key;
    }
    return null;
  }

  private int groupCount() {
    return (count + GROUP_MASK) >>> GROUP_SHIFT;
  }

  private int groupOffset(int group) {
    return wide
        ? Bytes.getInt(array, groups + group * 6)
        : Bytes.getUnsignedShort(array, groups + (group << 2));
  }

  private int prefix(int group) {
    return Bytes.getUnsignedShort(array, wide ? groups + group * 6 + 4 : groups + (group << 2) + 2);
  }

  private int offset(int base, int i) {
    return wide
        ? Bytes.getInt(array, base + (i << 2))
        : Bytes.getUnsignedShort(array, base + (i << 1));
  }

  /**
   * Where what is stored of a key lies among the keys' bytes: begin in the high half, end below.
   */
  private long rest(int i) {
    if (keyLength == 0) {
      return range(i == 0 ? 0 : offset(keyEnds, i - 1), offset(keyEnds, i));
    }
    int group = i >>> GROUP_SHIFT;
    int inGroup = i & GROUP_MASK;
    int begin = groupOffset(group);
    if (inGroup == 0) {
      return range(begin, begin + keyLength);
    }
    int stored = keyLength - prefix(group);
    begin += keyLength + (inGroup - 1) * stored;
    return range(begin, begin + stored);
  }

  private static long range(int begin, int end) {
    return (long) begin << 32 | end;
  }

  private static int begin(long range) {
    return (int) (range >>> 32);
  }

  private static int end(long range) {
    return (int) range;
  }

  private static int length(long range) {
    return end(range) - begin(range);
  }

  private int valueEnd(int i) {
    return valueLength >= 0 ? (i + 1) * valueLength : offset(valueEnds, i);
  }

  /// How many bytes the block has.
  int size() {
    return size;
  }

  /// How many entries there are; at least one.
  int count() {
    return count;
  }

  /// The stamp of an entry.
  long stamp(int i) {
    int at = stamps + i * stampWidth;
    // What is read too much stands in the block or is cut off: values or the trailer follow.
    if (at <= array.length - 8) {
      long bits = Bytes.getLong(array, at);
      return baseStamp + (stampWidth == 8 ? bits : bits & ((1L << (stampWidth << 3)) - 1));
    }
    long bits = 0;
    for (int b = 0; b < stampWidth; b++) {
      bits |= (array[at + b] & 0xFFL) << (b << 3);
    }
    return baseStamp + bits;
  }

  /// The array that keys and values stand in.
  byte[] array() {
    return array;
  }

  /// Where an entry's value begins in the array.
  int valueOffset(int i) {
    return values + (i == 0 ? 0 : valueEnd(i - 1));
  }

  /// How long an entry's value is.
  int valueLength(int i) {
    return valueLength >= 0 ? valueLength : valueEnd(i) - (i == 0 ? 0 : valueEnd(i - 1));
  }

  /// How long an entry's key is.
  int keyLength(int i) {
    if (keyLength != 0) {
      return keyLength;
    }
    int stored = length(rest(i));
    return (i & GROUP_MASK) == 0 ? stored : stored + prefix(i >>> GROUP_SHIFT);
  }

  /// Writes an entry's key to the begin of `target`, which has room for it.
  void copyKey(int i, byte[] target) {
    int prefix = 0;
    if ((i & GROUP_MASK) != 0) {
      int group = i >>> GROUP_SHIFT;
      prefix = prefix(group);
      System.arraycopy(array, keys + groupOffset(group), target, 0, prefix);
    }
    long rest = rest(i);
    System.arraycopy(array, keys + begin(rest), target, prefix, length(rest));
  }

  /// Writes to `target` what the key of an entry does not share with the entry before or behind it
  /// in the same group, whose key stands there; with another group as neighbour all of it.
  void copyKeyFrom(int neighbour, int i, byte[] target) {
    int group = i >>> GROUP_SHIFT;
    if (group != neighbour >>> GROUP_SHIFT) {
      copyKey(i, target);
      return;
    }
    int prefix = prefix(group);
    long own = ownPart(i, prefix);
    System.arraycopy(array, keys + begin(own), target, prefix, length(own));
  }

  /** Where what a key has behind the prefix of its group lies among the keys' bytes. */
  private long ownPart(int i, int prefix) {
    long rest = rest(i);
    return (i & GROUP_MASK) == 0 ? range(begin(rest) + prefix, end(rest)) : rest;
  }

  /// Whether an entry is in the group of the one before.
  static boolean isInGroupBefore(int i) {
    return (i & GROUP_MASK) != 0;
  }

  /// Whether an entry has the key of the one before, which is in its group.
  boolean repeatsKey(int i) {
    int prefix = prefix(i >>> GROUP_SHIFT);
    long own = rest(i);
    long before = ownPart(i - 1, prefix);
    int length = length(own);
    // Neighbours differ at their ends more often than at their begins.
    return length == length(before)
        && (length == 0
            || (array[keys + end(own) - 1] == array[keys + end(before) - 1]
                && Arrays.equals(
                    array,
                    keys + begin(own),
                    keys + end(own),
                    array,
                    keys + begin(before),
                    keys + end(before))));
  }

  /// Whether an entry has this key.
  boolean hasKey(int i, byte[] key, int offset, int length) {
    int group = i >>> GROUP_SHIFT;
    int prefix = (i & GROUP_MASK) == 0 ? 0 : prefix(group);
    long rest = rest(i);
    if (prefix + length(rest) != length) {
      return false;
    }
    int begin = keys + begin(rest);
    int end = keys + end(rest);
    // Neighbours differ at their ends more often than at their begins.
    if (end > begin && array[end - 1] != key[offset + length - 1]) {
      return false;
    }
    if (!Arrays.equals(array, begin, end, key, offset + prefix, offset + length)) {
      return false;
    }
    int shared = keys + groupOffset(group);
    return Arrays.equals(array, shared, shared + prefix, key, offset, offset + prefix);
  }

  /// Compares an entry's key with another.
  int compareKey(int i, byte[] key) {
    int prefix = 0;
    if ((i & GROUP_MASK) != 0) {
      int group = i >>> GROUP_SHIFT;
      prefix = prefix(group);
      int shared = Math.min(prefix, key.length);
      int order = Bytes.compare(array, keys + groupOffset(group), prefix, key, 0, shared);
      if (order != 0) {
        return order;
      }
    }
    long rest = rest(i);
    return Bytes.compare(array, keys + begin(rest), length(rest), key, prefix, key.length - prefix);
  }

  /// The first entry that does not come before this key and stamp; the count when all do.
  int find(byte[] key, int offset, int length, long stamp) {
    // The last group whose first entry comes before.
    int low = 0;
    int high = groupCount();
    while (low < high) {
      int middle = (low + high) >>> 1;
      int first = middle << GROUP_SHIFT;
      int order = compare(rest(first), key, offset, length);
      if (order < 0 || (order == 0 && stamp(first) > stamp)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    if (low == 0) {
      return 0;
    }
    return findInGroup(low - 1, key, offset, length, stamp);
  }

  /** As {@link #find}, in a group whose first entry comes before. */
  private int findInGroup(int group, byte[] key, int offset, int length, long stamp) {
    int low = (group << GROUP_SHIFT) + 1;
    int high = Math.min(low + GROUP_MASK, count);
    int prefix = prefix(group);
    int shared = keys + groupOffset(group);
    // The key is not below the prefix, since the first entry begins with it and comes before.
    if (length < prefix
        || !Arrays.equals(array, shared, shared + prefix, key, offset, offset + prefix)) {
      return high;
    }
    int restOffset = offset + prefix;
    int restLength = length - prefix;
    while (low < high) {
      int middle = (low + high) >>> 1;
      int order = compare(rest(middle), key, restOffset, restLength);
      if (order < 0 || (order == 0 && stamp(middle) > stamp)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  private int compare(long rest, byte[] key, int offset, int length) {
    int at = keys + begin(rest);
    int stored = length(rest);
    if (stored >= 8 && length >= 8) {
      long a = Bytes.getLongBigEndian(array, at);
      long b = Bytes.getLongBigEndian(key, offset);
      if (a != b) {
        return Long.compareUnsigned(a, b);
      }
    }
    return Bytes.compare(array, at, stored, key, offset, length);
  }
}
