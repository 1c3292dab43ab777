package dev.varve.engine.btree;

import dev.varve.base.Bytes;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/// What the entries of a leaf are searched with, in an array of words.
///
/// @threads one writer; readers call what says so, and never wait
final class LeafWords {
  /* Structure.
   *
   *   0         control: version << 16 | count
   *   1         shape: where the slots begin << 32 | the unit's exponent << 24 | the length of the
   *             prefix. It never changes
   *   2         the prefix's first eight bytes, filled up with zeros
   *   3 ..      the writer's
   *   order ..  two bytes for each rank, the slot of the key with that rank
   *   slots ..  of each key: its head, and in the last two bytes where its newest record is, in units
   *             of which there are fewer than 65,536. The head is what is behind the prefix, as far
   *             as six bytes hold it, filled up with zeros, with the sign turned so that the order
   *             of signed longs is the order of the bytes
   *
   * The rules that readers and the writer keep are LeafEntries'.
   *
   * The writer fills the next slot, makes the version odd, opens a gap in the order, and releases the
   * control word with an even version and the new count. */

  static final int PLACE_BITS = 16;
  static final int PLACE_MASK = 0xFFFF;

  private static final int CONTROL = 0;
  private static final int SHAPE = 1;
  private static final int PREFIX = 2;

  // The writer's words.
  private static final int EPOCH = 3;
  private static final int END = 4;
  private static final int NEWEST_SEQUENCE = 5;
  private static final int LARGE_COUNT = 6;
  private static final int LIVE = 7;
  private static final int LIVE_KEY_BYTES = 8;
  private static final int LIVE_VALUE_BYTES = 9;

  private static final int ORDER = 10;
  private static final int COUNT_MASK = 0xFFFF;
  private static final long VERSION_ONE = 1L << 16;
  private static final int ATTEMPTS = 3;
  private static final VarHandle WORDS = MethodHandles.arrayElementVarHandle(long[].class);

  private LeafWords() {}

  /// Words of no entries.
  ///
  /// @param capacity how many keys there is room for
  /// @param unitShift what records are placed at multiples of, as an exponent
  static long[] of(byte[] prefix, int capacity, int unitShift) {
    int slots = ORDER + ((capacity + 3) >> 2);
    long[] words = new long[slots + capacity];
    words[SHAPE] = (long) slots << 32 | (long) unitShift << 24 | prefix.length;
    words[PREFIX] = Bytes.head(prefix, 0, prefix.length);
    words[END] = 1L << unitShift;
    return words;
  }

  // What there is to know of the shape; for readers.

  /// Where the slots begin.
  static int slots(long[] words) {
    return (int) (words[SHAPE] >>> 32);
  }

  /// What records are placed at multiples of, as an exponent.
  static int unitShift(long[] words) {
    return (int) words[SHAPE] >>> 24;
  }

  /// How long the prefix is.
  static int skip(long[] words) {
    return (int) words[SHAPE] & 0xFF_FFFF;
  }

  /// The prefix's first eight bytes, filled up with zeros.
  static long prefixHead(long[] words) {
    return words[PREFIX];
  }

  // Slots; for readers.

  /// How many keys there are. What the slots below hold may then be read.
  static int count(long[] words) {
    return (int) (long) WORDS.getAcquire(words, CONTROL) & COUNT_MASK;
  }

  /// Where the newest record of the key at a word is.
  static int newestAt(long[] words, int at, int unitShift) {
    return newest((long) WORDS.getAcquire(words, at), unitShift);
  }

  /// Where the newest record of the key with a slot's word is.
  static int newest(long word, int unitShift) {
    return ((int) word & PLACE_MASK) << unitShift;
  }

  /// The head in a slot's word, in its place.
  static long headIn(long word) {
    return word & -1L << PLACE_BITS;
  }

  /// The head of a key that has the prefix, in its place.
  static long head(long[] words, byte[] key, int offset, int length) {
    int skip = skip(words);
    return headOf(key, offset + skip, length - skip);
  }

  /// The head of what is behind the prefix, in its place.
  static long headOf(byte[] key, int suffix, int suffixLength) {
    return headIn(Bytes.signedHead(key, suffix, suffixLength));
  }

  /// Copies the order into `slots`, which has room; answers how many there are, or -1 where the
  /// writer was in the way again and again.
  static int copyOrder(long[] words, short[] slots) {
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      long control = (long) WORDS.getAcquire(words, CONTROL);
      int count = (int) control & COUNT_MASK;
      for (int rank = 0; rank < count; rank++) {
        slots[rank] = (short) slotAt(words, rank);
      }
      VarHandle.loadLoadFence();
      if ((control & VERSION_ONE) == 0 && (long) WORDS.getOpaque(words, CONTROL) == control) {
        return count;
      }
    }
    return -1;
  }

  // The order; for the writer.

  /// Which slot has the key of a rank.
  static int slotAt(long[] words, int rank) {
    return (int) (words[ORDER + (rank >> 2)] >>> ((rank & 3) << 4)) & 0xFFFF;
  }

  /// How many keys have a head less than one.
  static int countLess(long[] words, long head) {
    // There is no branch to be mispredicted, loads do not wait for each other, and as the
    // difference
    // does not overflow its sign can be added up, of several at a time.
    int from = slots(words);
    int to = from + countPlain(words);
    long wanted = head >> PLACE_BITS;
    long less = 0;
    for (int i = from; i < to; i++) {
      less += ((words[i] >> PLACE_BITS) - wanted) >>> (Long.SIZE - 1);
    }
    return (int) less;
  }

  /// The rank behind the keys with a head that begin at a rank.
  static int endOfEqual(long[] words, long head, int rank) {
    int slots = slots(words);
    int count = countPlain(words);
    int end = rank;
    while (end < count && headIn(words[slots + slotAt(words, end)]) == head) {
      end++;
    }
    return end;
  }

  /// How many keys there are.
  static int countPlain(long[] words) {
    return (int) words[CONTROL] & COUNT_MASK;
  }

  // What the writer changes.

  /// Has the key in a slot begin with another record.
  static void setNewest(long[] words, int slot, int record) {
    int at = slots(words) + slot;
    WORDS.setRelease(words, at, headIn(words[at]) | record >>> unitShift(words));
  }

  /// Adds a key, of which `record` is the only revision, at a rank. There is a slot.
  static void insert(long[] words, int rank, long head, int record) {
    long control = words[CONTROL];
    int slot = (int) control & COUNT_MASK;
    WORDS.setOpaque(words, slots(words) + slot, head | record >>> unitShift(words));
    WORDS.setOpaque(words, CONTROL, control + VERSION_ONE);
    VarHandle.storeStoreFence();
    int at = ORDER + (rank >> 2);
    int last = ORDER + (slot >> 2);
    long word = words[at];
    int shift = (rank & 3) << 4;
    long below = word & ~(-1L << shift);
    words[at] = below | (long) slot << shift | (word & -1L << shift) << 16;
    long carry = word >>> 48;
    while (at < last) {
      at++;
      word = words[at];
      words[at] = word << 16 | carry;
      carry = word >>> 48;
    }
    WORDS.setRelease(words, CONTROL, control + 2 * VERSION_ONE + 1);
  }

  /// Adds a key behind all others, before anybody else sees these words.
  static void addLast(long[] words, long head, int record) {
    int slot = countPlain(words);
    words[ORDER + (slot >> 2)] |= (long) slot << ((slot & 3) << 4);
    words[slots(words) + slot] = head | record >>> unitShift(words);
    words[CONTROL]++;
  }

  /// The epoch in which their leaf became dirty last, as far as they are its entries' still.
  static long epoch(long[] words) {
    return words[EPOCH];
  }

  static void setEpoch(long[] words, long epoch) {
    words[EPOCH] = epoch;
  }

  /// Where the next record begins.
  static int end(long[] words) {
    return (int) words[END];
  }

  /// Takes note of a record that ends before `recordEnd`.
  static void appended(long[] words, int recordEnd, long sequence) {
    int unit = 1 << unitShift(words);
    words[END] = (recordEnd + unit - 1L) & -unit;
    words[NEWEST_SEQUENCE] = Math.max(words[NEWEST_SEQUENCE], sequence);
  }

  /// The greatest number of a commit that made a record.
  static long newestSequence(long[] words) {
    return words[NEWEST_SEQUENCE];
  }

  /// How many large values there are.
  static int largeCount(long[] words) {
    return (int) words[LARGE_COUNT];
  }

  /// Takes note of one large value more.
  static void addLarge(long[] words) {
    words[LARGE_COUNT]++;
  }

  /// Counts an entry, which has a value, in or out.
  ///
  /// @param change 1 or -1
  static void count(long[] words, int change, long keyBytes, long valueBytes) {
    words[LIVE] += change;
    words[LIVE_KEY_BYTES] += change * keyBytes;
    words[LIVE_VALUE_BYTES] += change * valueBytes;
  }

  /// Counts every entry out.
  static void countNone(long[] words) {
    words[LIVE] = 0;
    words[LIVE_KEY_BYTES] = 0;
    words[LIVE_VALUE_BYTES] = 0;
  }

  /// How many keys have a value, as the newest.
  static int live(long[] words) {
    return (int) words[LIVE];
  }

  /// The bytes of the keys that have a value.
  static long liveKeyBytes(long[] words) {
    return words[LIVE_KEY_BYTES];
  }

  /// The bytes of the values that there are as the newest.
  static long liveValueBytes(long[] words) {
    return words[LIVE_VALUE_BYTES];
  }
}
