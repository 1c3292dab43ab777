package dev.varve.engine.btree;

import dev.varve.base.Bytes;
import dev.varve.base.HeapLayout;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// The entries of a leaf in memory: of each key its revisions, newest first.
///
/// @threads one writer ([#append], [#setNewest], [#insert]); readers call the others and never wait
final class LeafEntries {
  /* Structure. Two arrays:
   *
   *   words     what they are searched with; LeafWords has them
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
   * A reader that needs no order looks at the slots below the count that it acquired: L1 makes that
   * right at any time. A reader that needs the order copies it between two looks at the control word; if that does not come out even in a few
   * attempts, it sorts the slots by itself. So every read ends after a bounded number of its own
   * steps, whatever the writer does.
   *
   * Whoever looks a key up waits for memory twice, whatever else he does: for the words, and for the
   * record. That is most of what a look-up takes. For it all that the slots are searched with is in the
   * words, and these are handed over by who knows them from elsewhere (Inner): so they need not wait for
   * this object, which comes meanwhile. */

  /** No entries, and room for none. */
  static final LeafEntries NONE = new LeafEntries(new byte[0], 0, 0);

  private static final int UNIT_SHIFT_MIN = 3;
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

  /** The commit in which others took their place in the tree: what it has here is but a part. */
  private volatile long replacedIn = Long.MAX_VALUE;

  /// Room for so many keys that begin with `prefix`, and so many bytes of records.
  ///
  /// @param recordBytes as [#roomFor] has it
  LeafEntries(byte[] prefix, int capacity, int recordBytes) {
    this.prefix = prefix;
    this.capacity = (short) capacity;
    this.unitShift = (byte) unitShift(recordBytes);
    this.words = LeafWords.of(prefix, capacity, unitShift);
    this.slots = LeafWords.slots(words);
    this.records = new byte[(1 << unitShift) + recordBytes];
  }

  /** What records are placed at multiples of, as an exponent, where they take so many bytes. */
  private static int unitShift(long recordBytes) {
    int shift = UNIT_SHIFT_MIN;
    while (recordBytes >> shift >= LeafWords.PLACE_MASK) {
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

  /// As [#expire], since others take their place, while this commit is applied; [Long#MAX_VALUE]
  /// between commits.
  void replaced(long commit) {
    replacedIn = commit;
    expire();
  }

  /// What somebody sees here who came to these entries before a moment became visible: that moment,
  /// or, where they were replaced meanwhile, the last one that is here whole.
  long whole(long moment) {
    return Math.min(moment, replacedIn - 1);
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

  /// As [LeafWords#setEpoch].
  void setEpoch(long value) {
    LeafWords.setEpoch(words, value);
  }

  /// How many keys there is room for.
  int capacity() {
    return capacity;
  }

  /// What the entries take in memory, without large values.
  long memoryBytes() {
    return HeapLayout.bytesOfObject(4, Long.BYTES + Integer.BYTES + Short.BYTES + 3)
        + (prefix.length == 0 ? 0 : HeapLayout.bytesOf(prefix))
        + HeapLayout.bytesOf(words)
        + HeapLayout.bytesOf(records)
        + (largeValues.length == 0 ? 0 : HeapLayout.bytesOf(largeValues));
  }

  /// The words, for what takes them from elsewhere.
  long[] words() {
    return words;
  }

  /// How many keys there are. What the slots below hold may then be read.
  int count() {
    return LeafWords.count(words);
  }

  /// Where the newest record of the key in a slot is.
  int newestAt(int slot) {
    return LeafWords.newestAt(words, slots + slot, unitShift);
  }

  /// Which slot has the key of a rank. For the writer.
  int slotAt(int rank) {
    return LeafWords.slotAt(words, rank);
  }

  /// Whether a key begins as all keys here do.
  boolean sharesPrefix(byte[] key, int offset, int length) {
    return sharesPrefix(words, key, offset, length);
  }

  /// As [#sharesPrefix], with the words from elsewhere.
  boolean sharesPrefix(long[] words, byte[] key, int offset, int length) {
    int skip = LeafWords.skip(words);
    if (skip == 0) {
      return true;
    }
    return length >= skip
        && Bytes.head(key, offset, Math.min(skip, Long.BYTES)) == LeafWords.prefixHead(words)
        && (skip <= Long.BYTES || Arrays.equals(key, offset, offset + skip, prefix, 0, skip));
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
    long head = LeafWords.head(words, key, offset, length);
    int from = LeafWords.slots(words);
    int end = from + LeafWords.count(words);
    for (int at = from; at < end; at++) {
      if (LeafWords.headIn(words[at]) == head) {
        int record = LeafWords.newestAt(words, at, LeafWords.unitShift(words));
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
    long head = LeafWords.head(words, key, offset, length);
    int low = LeafWords.countLess(words, head);
    int high = LeafWords.endOfEqual(words, head, low);
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

  // What the writer changes.

  /// Whether a record of so many bytes has room.
  boolean hasRoom(int recordBytes) {
    return recordBytes <= records.length - end();
  }

  /** Where the next record begins. */
  private int end() {
    return LeafWords.end(words);
  }

  /// Whether there is room for another key.
  boolean hasSlot() {
    return LeafWords.countPlain(words) < capacity;
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
    LeafWords.appended(words, recordEnd, sequence);
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
    LeafWords.appended(words, recordEnd, sequence);
    return at;
  }

  /// Adds the newest record of the key in a slot of others, whose prefix is the same, as its only
  /// revision and behind all others; but nothing if that is a tombstone. Answers false when there
  /// is no room.
  boolean addNewest(LeafEntries from, int slot) {
    long word = from.words[from.slots + slot];
    return addAlone(from, word, LeafWords.newest(word, from.unitShift));
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
    LeafWords.appended(words, recordEnd, LeafRecord.sequence(records, at));
    if (LeafRecord.isLarge(records, at)) {
      LeafRecord.setLargeNumber(
          records, at, add(from.largeValue(LeafRecord.largeNumber(source, record))));
    }
    addLast(LeafWords.headIn(word), at);
    return true;
  }

  private int add(LargeValue value) {
    LargeValue[] values = largeValues;
    int number = LeafWords.largeCount(words);
    if (number == values.length) {
      values = Arrays.copyOf(values, Math.max(4, 2 * number));
    }
    values[number] = value;
    largeValues = values;
    LeafWords.addLarge(words);
    return number;
  }

  /// As [LeafWords#setNewest].
  void setNewest(int slot, int record) {
    LeafWords.setNewest(words, slot, record);
  }

  /// Adds a key, of which `record` is the only revision, at a rank. There is a slot.
  void insert(int rank, byte[] key, int offset, int length, int record) {
    LeafWords.insert(words, rank, LeafWords.head(words, key, offset, length), record);
  }

  /// Adds a key behind all others, before anybody else sees these entries.
  ///
  /// @param suffix where the key behind the prefix begins in `source`
  void addLast(byte[] source, int suffix, int suffixLength, int record) {
    addLast(LeafWords.headOf(source, suffix, suffixLength), record);
  }

  private void addLast(long head, int record) {
    LeafWords.addLast(words, head, record);
    if (!LeafRecord.isTombstone(records, record)) {
      long keyBytes = (long) prefix.length + LeafRecord.suffixLength(records, record);
      count(1, keyBytes, LeafRecord.valueLength(records, record));
    }
  }

  /// As [LeafWords#newestSequence].
  long newestSequence() {
    return LeafWords.newestSequence(words);
  }

  /// As [LeafWords#count].
  void count(int change, long keyBytes, long valueBytes) {
    LeafWords.count(words, change, keyBytes, valueBytes);
  }

  /// As [LeafWords#countNone].
  void countNone() {
    LeafWords.countNone(words);
  }

  /// As [LeafWords#live].
  int live() {
    return LeafWords.live(words);
  }

  /// As [LeafWords#liveKeyBytes].
  long liveKeyBytes() {
    return LeafWords.liveKeyBytes(words);
  }

  /// As [LeafWords#liveValueBytes].
  long liveValueBytes() {
    return LeafWords.liveValueBytes(words);
  }

  /// What the newest records of the keys with a value take, or little more; for the writer.
  long liveRecordBytes() {
    return (long) live() * (LeafRecord.HEAD_BYTES_MAX + (1L << unitShift) - 1 - prefix.length)
        + liveKeyBytes()
        + liveValueBytes();
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
    int count = LeafWords.copyOrder(words, slots);
    return count < 0 ? sortOrder(slots) : count;
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
    int order =
        Long.compare(LeafWords.headIn(words[slots + a]), LeafWords.headIn(words[slots + b]));
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
    long head = LeafWords.head(words, key, 0, key.length);
    int low = 0;
    int high = count;
    while (low < high) {
      int middle = (low + high) >>> 1;
      int slot = slots[middle] & 0xFFFF;
      long other = LeafWords.headIn(words[this.slots + slot]);
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
    int count = LeafWords.largeCount(words);
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
