package dev.varve.engine.btree;

import dev.varve.base.Bytes;
import dev.varve.base.HeapLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// The entries of a leaf in memory: of each key its revisions, newest first.
///
/// @threads one writer ([#append], [#setNewest], [#insert]); readers call the others and never wait
final class LeafEntries {
  /* Structure. Two arrays:
   *
   *   words     0         control: version << 16 | count
   *             1         shape: where the slots begin << 32 | the unit's exponent << 24 | the length
   *                       of the prefix. It never changes
   *             2         the prefix's first eight bytes, filled up with zeros
   *             3 ..      the writer's: see below
   *             order ..  two bytes for each rank, the slot of the key with that rank
   *             slots ..  of each key: its head, and in the last two bytes where its newest record is,
   *                       in units of which there are fewer than 65,536. The head is what is behind the
   *                       prefix, as far as six bytes hold it, filled up with zeros, with the sign
   *                       turned so that the order of signed longs is the order of the bytes
   *   records   each at a multiple of the unit, and none at 0; LeafRecord has the bytes
   *
   * L1: slots below the count hold keys that differ, and never another key than their first; only
   *     where a slot's newest record is changes, to a newer record of the same key.
   * L2: the order is a permutation of the slots below the count by key, while the version is even.
   * L3: the count never falls, records never change, and what a record links to was there before it.
   * L4: all keys begin with the prefix.
   *
   * When there is no room, or what nobody needs takes too much of it, the writer makes new entries and
   * puts them in the place of these, which do not change any more: whoever holds them reads what was
   * there when they were replaced.
   *
   * The writer fills the next slot, makes the version odd, opens a gap in the order, and releases the
   * control word with an even version and the new count. A reader that needs no order looks at the
   * slots below the count that it acquired: L1 makes that right at any time. A reader that needs the
   * order copies it between two looks at the control word; if that does not come out even in a few
   * attempts, it sorts the slots by itself. So every read ends after a bounded number of its own
   * steps, whatever the writer does.
   *
   * Whoever looks a key up waits for memory twice, whatever else he does: for the words, and for the
   * record. That is most of what a look-up takes. For it all that the slots are searched with is in the
   * words, and these are handed over by who knows them from elsewhere (Inner): so they need not wait for
   * this object, which comes meanwhile. */

  /** No entries, and room for none. */
  static final LeafEntries NONE = new LeafEntries(new byte[0], 0, 0);

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
  private static final int PLACE_BITS = 16;
  private static final int PLACE_MASK = 0xFFFF;
  private static final int UNIT_SHIFT_MIN = 3;
  private static final int ATTEMPTS = 3;
  private static final VarHandle WORDS = MethodHandles.arrayElementVarHandle(long[].class);
  static final LargeValue[] NO_LARGE_VALUES = {};

  private final byte[] prefix;
  private final long[] words;
  private final byte[] records;

  /** Values that are kept apart, by the number that records have for them. */
  private volatile LargeValue[] largeValues = NO_LARGE_VALUES;

  private final int slots;
  private final short capacity;
  private final byte unitShift;

  /** How often they were asked for since the cache looked last; a guess. */
  private byte uses;

  /**
   * Whether others are to be looked for: the leaf has others, or none, in memory, or all that is
   * here was deleted. Never false again.
   */
  private volatile boolean stale;

  /// Room for so many keys that begin with `prefix`, and so many bytes of records.
  ///
  /// @param recordBytes as [#roomFor] has it
  LeafEntries(byte[] prefix, int capacity, int recordBytes) {
    this.prefix = prefix;
    this.capacity = (short) capacity;
    this.slots = ORDER + ((capacity + 3) >> 2);
    this.words = new long[slots + capacity];
    this.unitShift = (byte) unitShift(recordBytes);
    this.records = new byte[(1 << unitShift) + recordBytes];
    words[SHAPE] = (long) slots << 32 | (long) unitShift << 24 | prefix.length;
    words[PREFIX] = Bytes.head(prefix, 0, prefix.length);
    words[END] = 1L << unitShift;
  }

  /** What records are placed at multiples of, as an exponent, where they take so many bytes. */
  private static int unitShift(long recordBytes) {
    int shift = UNIT_SHIFT_MIN;
    while (recordBytes >> shift >= PLACE_MASK) {
      shift++;
    }
    return shift;
  }

  /// How many bytes make room for so many records that take so many bytes.
  static long roomFor(long recordBytes, long recordCount) {
    long room = recordBytes + recordCount * ((1L << UNIT_SHIFT_MIN) - 1);
    for (int shift = UNIT_SHIFT_MIN; unitShift(room) > shift; shift++) {
      room = recordBytes + recordCount * ((2L << shift) - 1);
    }
    return room;
  }

  /// What all keys begin with; not to be changed.
  byte[] prefix() {
    return prefix;
  }

  /// Whether others are to be looked for: by the leaf.
  boolean isStale() {
    return stale;
  }

  /// Has whoever finds these look for others.
  void expire() {
    stale = true;
  }

  /// Notes that somebody asked for them.
  void used() {
    byte seen = uses;
    if (seen < LeafCache.USES_MAX) {
      uses = (byte) (seen + 1);
    }
  }

  byte uses() {
    return uses;
  }

  void setUses(int count) {
    uses = (byte) count;
  }

  /// The epoch in which their leaf became dirty last, as far as they are its entries still; for the
  /// writer.
  static long epoch(long[] words) {
    return words[EPOCH];
  }

  void setEpoch(long value) {
    words[EPOCH] = value;
  }

  /// How many keys there is room for.
  int capacity() {
    return capacity;
  }

  /// What the entries take in memory, without large values.
  long memoryBytes() {
    return HeapLayout.bytesOfObject(4, Integer.BYTES + Short.BYTES + 3)
        + (prefix.length == 0 ? 0 : HeapLayout.bytesOf(prefix))
        + HeapLayout.bytesOf(words)
        + HeapLayout.bytesOf(records)
        + (largeValues.length == 0 ? 0 : HeapLayout.bytesOf(largeValues));
  }

  /// The words, for what takes them from elsewhere.
  long[] words() {
    return words;
  }

  /// How long the prefix is.
  static int skip(long[] words) {
    return skip(words[SHAPE]);
  }

  /// How many keys there are. What the slots below hold may then be read.
  int count() {
    return count(words);
  }

  private static int count(long[] words) {
    return (int) (long) WORDS.getAcquire(words, CONTROL) & COUNT_MASK;
  }

  /// Where the newest record of the key in a slot is.
  int newestAt(int slot) {
    return newest((long) WORDS.getAcquire(words, slots + slot), unitShift);
  }

  private static int newest(long slot, int unitShift) {
    return ((int) slot & PLACE_MASK) << unitShift;
  }

  // What there is to know of a shape.

  private static int slots(long shape) {
    return (int) (shape >>> 32);
  }

  private static int unit(long shape) {
    return (int) shape >>> 24;
  }

  private static int skip(long shape) {
    return (int) shape & 0xFF_FFFF;
  }

  /// Which slot has the key of a rank. For the writer.
  int slotAt(int rank) {
    return (int) (words[ORDER + (rank >> 2)] >>> ((rank & 3) << 4)) & 0xFFFF;
  }

  /// Whether a key begins as all keys here do.
  boolean sharesPrefix(byte[] key, int offset, int length) {
    return sharesPrefix(words, key, offset, length);
  }

  /// As [#sharesPrefix], with the words from elsewhere.
  boolean sharesPrefix(long[] words, byte[] key, int offset, int length) {
    int skip = skip(words[SHAPE]);
    if (skip == 0) {
      return true;
    }
    return length >= skip
        && Bytes.head(key, offset, Math.min(skip, Long.BYTES)) == words[PREFIX]
        && (skip <= Long.BYTES || Arrays.equals(key, offset, offset + skip, prefix, 0, skip));
  }

  /** The head of a key, in its place in a slot. */
  private static long head(long shape, byte[] key, int offset, int length) {
    int skip = skip(shape);
    return headOf(key, offset + skip, length - skip);
  }

  private static long headOf(byte[] key, int suffix, int suffixLength) {
    return Bytes.signedHead(key, suffix, suffixLength) & -1L << PLACE_BITS;
  }

  /// The newest record of a key, or 0. For readers.
  int find(byte[] key, int offset, int length) {
    return find(words, key, offset, length);
  }

  /// As [#find], with the words from elsewhere.
  int find(long[] words, byte[] key, int offset, int length) {
    if (!sharesPrefix(words, key, offset, length)) {
      return 0;
    }
    long shape = words[SHAPE];
    long head = head(shape, key, offset, length);
    int from = slots(shape);
    int end = from + count(words);
    for (int at = from; at < end; at++) {
      if ((words[at] & -1L << PLACE_BITS) == head) {
        int record = newest((long) WORDS.getAcquire(words, at), unit(shape));
        if (hasKey(record, key, offset, length)) {
          return record;
        }
      }
    }
    return 0;
  }

  /// The newest record at or before a moment of those that `record` begins, or 0.
  int visible(int record, long moment) {
    int at = record;
    while (at != 0 && LeafRecord.sequence(records, at) > moment) {
      at = LeafRecord.older(records, at);
    }
    return at;
  }

  /// The array that holds the records; not to be changed.
  byte[] records() {
    return records;
  }

  /// The large value of a number that a record has.
  LargeValue largeValue(int number) {
    return largeValues[number];
  }

  /// Whether the key in a slot is this one.
  boolean hasKey(int slot, byte[] key) {
    return sharesPrefix(key, 0, key.length) && hasKey(newestAt(slot), key, 0, key.length);
  }

  private boolean hasKey(int record, byte[] key, int offset, int length) {
    int suffix = LeafRecord.suffix(records, record);
    int suffixLength = LeafRecord.suffixLength(records, record);
    int skip = prefix.length;
    return suffixLength == length - skip
        && Arrays.equals(
            records, suffix, suffix + suffixLength, key, offset + skip, offset + length);
  }

  /** Compares a key that has the prefix with that of a record. */
  private int compareKey(byte[] key, int offset, int length, int record) {
    int suffix = LeafRecord.suffix(records, record);
    int skip = prefix.length;
    return Arrays.compareUnsigned(
        key,
        offset + skip,
        offset + length,
        records,
        suffix,
        suffix + LeafRecord.suffixLength(records, record));
  }

  /// A copy of a record's key.
  byte[] key(int record) {
    int skip = prefix.length;
    int suffix = LeafRecord.suffix(records, record);
    int suffixLength = LeafRecord.suffixLength(records, record);
    if (skip == 0) {
      return Arrays.copyOfRange(records, suffix, suffix + suffixLength);
    }
    byte[] key = new byte[skip + suffixLength];
    System.arraycopy(prefix, 0, key, 0, skip);
    System.arraycopy(records, suffix, key, skip, suffixLength);
    return key;
  }

  /// Where a key is: its slot, or, when it is not there, -1 less the rank it would have. The key
  /// has the prefix. For the writer.
  int locate(byte[] key, int offset, int length) {
    return locate(words, key, offset, length);
  }

  /// As [#locate], with the words from elsewhere.
  int locate(long[] words, byte[] key, int offset, int length) {
    long shape = words[SHAPE];
    long head = head(shape, key, offset, length);
    int from = slots(shape);
    int count = (int) words[CONTROL] & COUNT_MASK;
    int low = countLess(words, from, from + count, head);
    int high = low == count ? low : endOfEqual(count, head, low);
    while (low < high) {
      int middle = (low + high) >>> 1;
      int slot = slotAt(middle);
      int order = compareKey(key, offset, length, newestAt(slot));
      if (order == 0) {
        return slot;
      }
      if (order < 0) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return -1 - low;
  }

  /** How many slots have a head less than one. */
  private static int countLess(long[] words, int from, int to, long head) {
    // There is no branch to be mispredicted, loads do not wait for each other, and as the
    // difference
    // does not overflow its sign can be added up, of several at a time.
    long wanted = head >> PLACE_BITS;
    long less = 0;
    for (int i = from; i < to; i++) {
      less += ((words[i] >> PLACE_BITS) - wanted) >>> (Long.SIZE - 1);
    }
    return (int) less;
  }

  /** The rank behind the keys with a head that begin at a rank. */
  private int endOfEqual(int count, long head, int rank) {
    int end = rank;
    while (end < count && (words[slots + slotAt(end)] & -1L << PLACE_BITS) == head) {
      end++;
    }
    return end;
  }

  // What the writer changes.

  /// Whether a record of so many bytes has room.
  boolean hasRoom(int recordBytes) {
    return recordBytes <= records.length - end();
  }

  /** Where the next record begins. */
  private int end() {
    return (int) words[END];
  }

  private void append(int recordEnd, long sequence) {
    int unit = 1 << unitShift;
    words[END] = (recordEnd + unit - 1L) & -unit;
    words[NEWEST_SEQUENCE] = Math.max(words[NEWEST_SEQUENCE], sequence);
  }

  /// Whether there is room for another key.
  boolean hasSlot() {
    return ((int) words[CONTROL] & COUNT_MASK) < capacity;
  }

  /// Adds a record, to which nothing leads yet; answers where it is.
  ///
  /// @param older the revision before, or 0
  /// @param suffixOffset where the key behind the prefix begins in `source`
  /// @param valueLength the length of the value, or -1 for a tombstone
  int append(
      long sequence,
      int older,
      byte[] source,
      int suffixOffset,
      int suffixLength,
      int valueOffset,
      int valueLength) {
    int at = end();
    int recordEnd =
        LeafRecord.write(
            records,
            at,
            sequence,
            older,
            source,
            suffixOffset,
            suffixLength,
            valueOffset,
            valueLength);
    append(recordEnd, sequence);
    return at;
  }

  /// As [#append], with a value that is kept apart.
  int appendLarge(
      long sequence,
      int older,
      byte[] source,
      int suffixOffset,
      int suffixLength,
      LargeValue value) {
    int number = add(value);
    int at = end();
    int recordEnd =
        LeafRecord.writeLarge(
            records,
            at,
            sequence,
            older,
            source,
            suffixOffset,
            suffixLength,
            number,
            value.length());
    append(recordEnd, sequence);
    return at;
  }

  /// Adds the newest record of the key in a slot of others, whose prefix is the same, as its only
  /// revision and behind all others; but nothing if that is a tombstone. Answers false when there
  /// is no room.
  boolean addNewest(LeafEntries from, int slot) {
    long word = from.words[from.slots + slot];
    return addAlone(from, word, newest(word, from.unitShift));
  }

  /// As [#addNewest], of a revision of the key in the slot.
  boolean addAlone(LeafEntries from, int slot, int record) {
    return addAlone(from, from.words[from.slots + slot], record);
  }

  private boolean addAlone(LeafEntries from, long word, int record) {
    byte[] source = from.records;
    if (LeafRecord.isTombstone(source, record)) {
      return true;
    }
    int to = LeafRecord.end(source, record);
    int at = end();
    if (to - record > records.length - at) {
      return false;
    }
    int recordEnd = LeafRecord.copyAlone(source, record, to, records, at);
    append(recordEnd, LeafRecord.sequence(records, at));
    if (LeafRecord.isLarge(records, at)) {
      LeafRecord.setLargeNumber(
          records, at, add(from.largeValue(LeafRecord.largeNumber(source, record))));
    }
    addLast(word & -1L << PLACE_BITS, at);
    return true;
  }

  private int add(LargeValue value) {
    LargeValue[] values = largeValues;
    int number = (int) words[LARGE_COUNT];
    if (number == values.length) {
      values = Arrays.copyOf(values, Math.max(4, 2 * number));
    }
    values[number] = value;
    largeValues = values;
    words[LARGE_COUNT]++;
    return number;
  }

  /// Has a slot's key begin with another record.
  void setNewest(int slot, int record) {
    int at = slots + slot;
    WORDS.setRelease(words, at, (words[at] & -1L << PLACE_BITS) | record >>> unitShift);
  }

  /// Adds a key, of which `record` is the only revision, at a rank. There is a slot.
  void insert(int rank, byte[] key, int offset, int length, int record) {
    long control = words[CONTROL];
    int slot = (int) control & COUNT_MASK;
    WORDS.setOpaque(
        words, slots + slot, head(words[SHAPE], key, offset, length) | record >>> unitShift);
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

  /// Adds a key behind all others, before anybody else sees these entries.
  ///
  /// @param suffix where the key behind the prefix begins in `source`
  void addLast(byte[] source, int suffix, int suffixLength, int record) {
    addLast(headOf(source, suffix, suffixLength), record);
  }

  private void addLast(long head, int record) {
    int slot = (int) words[CONTROL] & COUNT_MASK;
    words[ORDER + (slot >> 2)] |= (long) slot << ((slot & 3) << 4);
    words[slots + slot] = head | record >>> unitShift;
    words[CONTROL]++;
    if (!LeafRecord.isTombstone(records, record)) {
      long keyBytes = (long) prefix.length + LeafRecord.suffixLength(records, record);
      count(1, keyBytes, LeafRecord.valueLength(records, record));
    }
  }

  /// The greatest number of a commit that made a record here; for the writer.
  long newestSequence() {
    return words[NEWEST_SEQUENCE];
  }

  /// Counts an entry, which has a value, in or out; for the writer.
  ///
  /// @param change 1 or -1
  void count(int change, long keyBytes, long valueBytes) {
    words[LIVE] += change;
    words[LIVE_KEY_BYTES] += change * keyBytes;
    words[LIVE_VALUE_BYTES] += change * valueBytes;
  }

  /// Counts every entry out; for the writer.
  void countNone() {
    words[LIVE] = 0;
    words[LIVE_KEY_BYTES] = 0;
    words[LIVE_VALUE_BYTES] = 0;
  }

  /// How many keys have a value, as the newest; for the writer.
  int live() {
    return (int) words[LIVE];
  }

  /// The bytes of the keys that have a value; for the writer.
  long liveKeyBytes() {
    return words[LIVE_KEY_BYTES];
  }

  /// The bytes of the values that there are as the newest; for the writer.
  long liveValueBytes() {
    return words[LIVE_VALUE_BYTES];
  }

  /// What the newest records of the keys with a value take, or little more; for the writer.
  long liveRecordBytes() {
    return words[LIVE] * (LeafRecord.HEAD_BYTES_MAX + (1L << unitShift) - 1 - prefix.length)
        + words[LIVE_KEY_BYTES]
        + words[LIVE_VALUE_BYTES];
  }

  /// The bytes of records so far, those that nothing leads to any more included.
  int recordBytes() {
    return end() - (1 << unitShift);
  }

  /// Whether the key that was added last is the greatest (`atEnd`) or the least.
  boolean addedLast(boolean atEnd) {
    int last = count() - 1;
    return last >= 0 && slotAt(atEnd ? last : 0) == last;
  }

  /// Where the newest records are, in the order of their keys. For the writer.
  int[] sorted() {
    int[] sorted = new int[count()];
    for (int rank = 0; rank < sorted.length; rank++) {
      sorted[rank] = newestAt(slotAt(rank));
    }
    return sorted;
  }

  /// The greatest key, of which there is one. For the writer.
  byte[] lastKey() {
    return key(newestAt(slotAt(count() - 1)));
  }

  // What readers need of the order.

  /// Copies the order into `slots`, which has room; answers how many there are.
  int copyOrder(short[] slots) {
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      long control = (long) WORDS.getAcquire(words, CONTROL);
      int count = (int) control & COUNT_MASK;
      for (int rank = 0; rank < count; rank++) {
        slots[rank] = (short) slotAt(rank);
      }
      VarHandle.loadLoadFence();
      if ((control & VERSION_ONE) == 0 && (long) WORDS.getOpaque(words, CONTROL) == control) {
        return count;
      }
    }
    return sortOrder(slots);
  }

  /// As [#copyOrder], without a look at the order.
  int sortOrder(short[] slots) {
    int count = count();
    for (int slot = 0; slot < count; slot++) {
      int low = 0;
      int high = slot;
      while (low < high) {
        int middle = (low + high) >>> 1;
        if (compareSlots(slot, slots[middle] & 0xFFFF) < 0) {
          high = middle;
        } else {
          low = middle + 1;
        }
      }
      System.arraycopy(slots, low, slots, low + 1, slot - low);
      slots[low] = (short) slot;
    }
    return count;
  }

  private int compareSlots(int a, int b) {
    int order = Long.compare(words[slots + a] >> PLACE_BITS, words[slots + b] >> PLACE_BITS);
    return order != 0 ? order : compareSuffixes(newestAt(a), newestAt(b));
  }

  private int compareSuffixes(int a, int b) {
    int aSuffix = LeafRecord.suffix(records, a);
    int bSuffix = LeafRecord.suffix(records, b);
    return Arrays.compareUnsigned(
        records,
        aSuffix,
        aSuffix + LeafRecord.suffixLength(records, a),
        records,
        bSuffix,
        bSuffix + LeafRecord.suffixLength(records, b));
  }

  /// The rank of the first key of `slots`, which is the order, that is not less than a key.
  int rankOf(short[] slots, int count, byte[] key) {
    if (!sharesPrefix(key, 0, key.length)) {
      int common = Math.min(key.length, prefix.length);
      return Arrays.compareUnsigned(key, 0, common, prefix, 0, common) <= 0 ? 0 : count;
    }
    long head = head(words[SHAPE], key, 0, key.length);
    int low = 0;
    int high = count;
    while (low < high) {
      int middle = (low + high) >>> 1;
      int slot = slots[middle] & 0xFFFF;
      long other = words[this.slots + slot] & -1L << PLACE_BITS;
      if (other < head || (other == head && compareKey(key, 0, key.length, newestAt(slot)) > 0)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /// The values that are kept apart.
  LargeValue[] largeValues() {
    int count = (int) words[LARGE_COUNT];
    return count == 0 ? NO_LARGE_VALUES : Arrays.copyOf(largeValues, count);
  }

  /// Compares a key with that of a record.
  int compare(byte[] key, int record) {
    int skip = prefix.length;
    int common = Math.min(skip, key.length);
    int order = Arrays.compareUnsigned(key, 0, common, prefix, 0, common);
    if (order != 0) {
      return order;
    }
    return key.length < skip ? -1 : compareKey(key, 0, key.length, record);
  }

  /// The large value that a record has, or null.
  @Nullable LargeValue largeOf(int record) {
    return LeafRecord.isLarge(records, record)
        ? largeValues[LeafRecord.largeNumber(records, record)]
        : null;
  }
}
