package dev.varve.engine.lsm.memtable;

import dev.varve.base.Bytes;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/// The words of a leaf: up to 64 keys and the addresses of their newest records.
///
/// @threads one writer ([#insert], [#setAddress] and what makes new leaves); readers call the
///   others and never wait
final class Leaf {
  /* Structure. A leaf is one long[], so that a search touches few pages:
   *
   *   0           control: version << 8 | count
   *   1           shape: skip << 8 | capacity
   *   2           order: a byte for each rank, the slot of the key with that rank
   *   .. +c/8     heads: by slot, the eight bytes of the key behind the first `skip`, with the sign
   *               turned so that the order of signed longs is the order of the bytes; shorter keys
   *               are filled up with zeros
   *   .. +c       addresses: by slot, two to a word
   *   .. +c/2     prefix: the `skip` bytes that all keys in the leaf have in common, eight to a word
   *
   * L1: slots below the count hold keys that differ, and never another key than their first; only a
   *     slot's address changes, to a newer record of the same key.
   * L2: the order is a permutation of the slots below the count by key, while the version is even.
   * L3: the leaf's count never falls. A leaf that was replaced in the tree does not change any more.
   * L4: all keys have at least `skip` bytes and share them.
   *
   * The writer fills the next slot, makes the version odd, opens a gap in the order, and releases the
   * control word with an even version and the new count. A reader that needs no order looks at the
   * slots below the count that it acquired: L1 makes that right at any time. A reader that needs the
   * order copies it between two looks at the control word; if that does not come out even in a few
   * attempts, it sorts the slots by itself. So every read ends after a bounded number of its own
   * steps, whatever the writer does, even if it stops for ever between any two of its stores.
   */

  /// The most keys of a leaf.
  static final int CAPACITY_MAX = 64;

  /// Capacities are multiples of this.
  static final int CAPACITY_STEP = 16;

  private static final int CONTROL = 0;
  private static final int SHAPE = 1;
  private static final int ORDER = 2;
  private static final int COUNT_MASK = 0xFF;
  private static final long VERSION_ONE = 1L << 8;
  private static final int CAPACITY_MASK = 0xFF;
  private static final int SKIP_SHIFT = 8;
  private static final long SIGN = Long.MIN_VALUE;

  /** How often a reader tries to copy the order before it sorts by itself. */
  private static final int ATTEMPTS = 3;

  private static final VarHandle WORDS = MethodHandles.arrayElementVarHandle(long[].class);

  private Leaf() {}

  /// A leaf without keys.
  static long[] empty(int capacity) {
    return make(capacity, 0);
  }

  private static long[] make(int capacity, int skip) {
    long[] leaf = new long[ORDER + capacity / 8 + capacity + capacity / 2 + (skip + 7) / 8];
    leaf[SHAPE] = (long) skip << SKIP_SHIFT | capacity;
    return leaf;
  }

  /// A leaf of records in key order whose keys share their first `skip` bytes.
  static long[] of(RecordArena arena, int[] addresses, int from, int to, int capacity, int skip) {
    long[] leaf = make(capacity, skip);
    for (int i = from; i < to; i++) {
      int slot = i - from;
      leaf[ORDER + (slot >> 3)] |= (long) slot << ((slot & 7) << 3);
      leaf[heads(leaf) + slot] = arena.head(addresses[i], skip);
      putAddress(leaf, slot, addresses[i]);
    }
    if (skip > 0) {
      long key = arena.key(addresses[from]);
      byte[] array = arena.array(addresses[from]);
      for (int i = 0; i < skip; i += 8) {
        leaf[prefix(leaf) + (i >> 3)] = word(array, (int) (key >>> 32) + i, skip - i);
      }
    }
    leaf[CONTROL] = (long) to - from;
    return leaf;
  }

  private static long word(byte[] array, int offset, int length) {
    return Bytes.head(array, offset, Math.min(length, 8));
  }

  /// The head of a key behind `skip` bytes, which it has.
  static long head(byte[] key, int offset, int length, int skip) {
    return Bytes.head(key, offset + skip, length - skip) ^ SIGN;
  }

  /// How many keys there are. What the slots below hold may then be read.
  static int count(long[] leaf) {
    return (int) (long) WORDS.getAcquire(leaf, CONTROL) & COUNT_MASK;
  }

  static int capacity(long[] leaf) {
    return (int) leaf[SHAPE] & CAPACITY_MASK;
  }

  /// How many bytes all keys share.
  static int skip(long[] leaf) {
    return (int) (leaf[SHAPE] >>> SKIP_SHIFT);
  }

  private static int heads(long[] leaf) {
    return ORDER + (capacity(leaf) >> 3);
  }

  private static int addresses(long[] leaf) {
    int capacity = capacity(leaf);
    return ORDER + (capacity >> 3) + capacity;
  }

  private static int prefix(long[] leaf) {
    return addresses(leaf) + (capacity(leaf) >> 1);
  }

  /// The newest record of the key in a slot.
  static int address(long[] leaf, int slot) {
    long pair = (long) WORDS.getAcquire(leaf, addresses(leaf) + (slot >> 1));
    return (int) (pair >>> ((slot & 1) << 5));
  }

  /// Sets the newest record of the key in a slot.
  static void setAddress(long[] leaf, int slot, int address) {
    int at = addresses(leaf) + (slot >> 1);
    int shift = (slot & 1) << 5;
    long pair = (leaf[at] & ~(0xFFFFFFFFL << shift)) | (address & 0xFFFFFFFFL) << shift;
    WORDS.setRelease(leaf, at, pair);
  }

  private static void putAddress(long[] leaf, int slot, int address) {
    leaf[addresses(leaf) + (slot >> 1)] |= (address & 0xFFFFFFFFL) << ((slot & 1) << 5);
  }

  private static int slotAt(long[] leaf, int rank) {
    return (int) (leaf[ORDER + (rank >> 3)] >>> ((rank & 7) << 3)) & 0xFF;
  }

  /// Whether a key begins with the bytes that all keys in the leaf share.
  static boolean sharesPrefix(long[] leaf, byte[] key, int offset, int length) {
    int skip = skip(leaf);
    if (length < skip) {
      return false;
    }
    int at = prefix(leaf);
    for (int i = 0; i < skip; i += 8) {
      if (leaf[at + (i >> 3)] != word(key, offset + i, skip - i)) {
        return false;
      }
    }
    return true;
  }

  /// The newest record of a key, or 0. For readers.
  static int find(long[] leaf, RecordArena arena, byte[] key, int offset, int length) {
    int skip = skip(leaf);
    if (length < skip) {
      return 0;
    }
    long head = head(key, offset, length, skip);
    int count = count(leaf);
    int from = heads(leaf);
    for (int slot = 0; slot < count; slot++) {
      if (leaf[from + slot] == head) {
        int address = address(leaf, slot);
        if (arena.hasKey(key, offset, length, address)) {
          return address;
        }
      }
    }
    return 0;
  }

  /// Where a key is: its slot, or, when it is not there, -1 less the rank it would have. The key
  /// shares the leaf's prefix. For the writer.
  static int locate(long[] leaf, RecordArena arena, byte[] key, int offset, int length) {
    long head = head(key, offset, length, skip(leaf));
    int count = (int) leaf[CONTROL] & COUNT_MASK;
    int low = countLess(leaf, count, head);
    int high = low == count ? low : endOfEqual(leaf, count, head, low, slotAt(leaf, low));
    while (low < high) {
      int middle = (low + high) >>> 1;
      int slot = slotAt(leaf, middle);
      int order = arena.compareKey(key, offset, length, address(leaf, slot));
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

  /** How many of the first `count` slots have a head less than `head`. */
  private static int countLess(long[] leaf, int count, long head) {
    // Counting has no branch to be mispredicted, and loads that do not wait for each other.
    int less = 0;
    int from = heads(leaf);
    for (int i = from; i < from + count; i++) {
      less += leaf[i] < head ? 1 : 0;
    }
    return less;
  }

  /**
   * The rank behind the keys with a head, of which rank `less` is the first, if `slot` there has
   * it.
   */
  private static int endOfEqual(long[] leaf, int count, long head, int less, int slot) {
    if (headAt(leaf, slot) != head) {
      return less;
    }
    return head == Long.MAX_VALUE ? count : countLess(leaf, count, head + 1);
  }

  /// Adds a key, of which `address` is the first record, at a rank. There is room.
  static void insert(long[] leaf, int rank, long head, int address) {
    long control = leaf[CONTROL];
    int slot = (int) control & COUNT_MASK;
    leaf[heads(leaf) + slot] = head;
    int pairAt = addresses(leaf) + (slot >> 1);
    WORDS.setOpaque(leaf, pairAt, leaf[pairAt] | (address & 0xFFFFFFFFL) << ((slot & 1) << 5));
    WORDS.setOpaque(leaf, CONTROL, control + VERSION_ONE);
    VarHandle.storeStoreFence();
    int at = ORDER + (rank >> 3);
    int last = ORDER + (slot >> 3);
    long word = leaf[at];
    int shift = (rank & 7) << 3;
    long below = word & ~(-1L << shift);
    leaf[at] = below | (long) slot << shift | (word & -1L << shift) << 8;
    long carry = word >>> 56;
    while (at < last) {
      at++;
      word = leaf[at];
      leaf[at] = word << 8 | carry;
      carry = word >>> 56;
    }
    WORDS.setRelease(leaf, CONTROL, control + 2 * VERSION_ONE + 1);
  }

  /// Whether the key that was added last is the greatest (`atEnd`) or the least.
  static boolean addedLast(long[] leaf, boolean atEnd) {
    int newest = count(leaf) - 1;
    return slotAt(leaf, atEnd ? newest : 0) == newest;
  }

  /// Copies the order into `slots`; answers how many there are.
  static int copyOrder(long[] leaf, RecordArena arena, byte[] slots) {
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      long control = (long) WORDS.getAcquire(leaf, CONTROL);
      int count = (int) control & COUNT_MASK;
      for (int rank = 0; rank < count; rank++) {
        slots[rank] = (byte) slotAt(leaf, rank);
      }
      VarHandle.loadLoadFence();
      if ((control & VERSION_ONE) == 0 && (long) WORDS.getOpaque(leaf, CONTROL) == control) {
        return count;
      }
    }
    return sortOrder(leaf, arena, slots);
  }

  /// As [#copyOrder], without a look at the order.
  static int sortOrder(long[] leaf, RecordArena arena, byte[] slots) {
    int count = count(leaf);
    for (int slot = 0; slot < count; slot++) {
      int low = 0;
      int high = slot;
      while (low < high) {
        int middle = (low + high) >>> 1;
        if (compare(leaf, arena, slot, slots[middle]) < 0) {
          high = middle;
        } else {
          low = middle + 1;
        }
      }
      System.arraycopy(slots, low, slots, low + 1, slot - low);
      slots[low] = (byte) slot;
    }
    return count;
  }

  /// The head of the key in a slot.
  static long headAt(long[] leaf, int slot) {
    return leaf[heads(leaf) + slot];
  }

  private static int compare(long[] leaf, RecordArena arena, int a, int b) {
    int order = Long.compare(headAt(leaf, a), headAt(leaf, b));
    if (order != 0) {
      return order;
    }
    int address = address(leaf, a);
    long key = arena.key(address);
    return arena.compareKey(arena.array(address), (int) (key >>> 32), (int) key, address(leaf, b));
  }

  /// The rank of the first key of `slots`, which is the order of a leaf, that is not less than a
  /// key.
  static int rankOf(long[] leaf, RecordArena arena, byte[] slots, int count, byte[] key) {
    int low = 0;
    int high = count;
    // A key that does not share the prefix has no head here, and is compared whole.
    if (sharesPrefix(leaf, key, 0, key.length)) {
      long head = head(key, 0, key.length, skip(leaf));
      low = countLess(leaf, count, head);
      high = low == count ? low : endOfEqual(leaf, count, head, low, slots[low]);
    }
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (arena.compareKey(key, 0, key.length, address(leaf, slots[middle])) <= 0) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  /// Whether the heads at two ranks differ within their first `bytes + 1` bytes. For the writer.
  static boolean headsDifferEarly(long[] leaf, int rank, int otherRank, int bytes) {
    long difference = headAt(leaf, slotAt(leaf, rank)) ^ headAt(leaf, slotAt(leaf, otherRank));
    return difference >>> (Long.SIZE - 8 * (bytes + 1)) != 0;
  }

  /// The addresses of the newest records in key order. For the writer.
  static int[] sortedAddresses(long[] leaf) {
    int[] addresses = new int[count(leaf)];
    for (int rank = 0; rank < addresses.length; rank++) {
      addresses[rank] = address(leaf, slotAt(leaf, rank));
    }
    return addresses;
  }

  /// The same keys with another capacity and prefix.
  static long[] rebuilt(long[] leaf, RecordArena arena, int capacity, int skip) {
    int[] addresses = sortedAddresses(leaf);
    if (skip == skip(leaf)) {
      return copy(leaf, addresses, 0, addresses.length, capacity);
    }
    return of(arena, addresses, 0, addresses.length, capacity, skip);
  }

  /// The keys of some ranks, of which `addresses` are the records in key order, with the same
  /// prefix.
  static long[] copy(long[] leaf, int[] addresses, int from, int to, int capacity) {
    long[] copy = make(capacity, skip(leaf));
    for (int rank = from; rank < to; rank++) {
      int slot = rank - from;
      copy[ORDER + (slot >> 3)] |= (long) slot << ((slot & 7) << 3);
      copy[heads(copy) + slot] = headAt(leaf, slotAt(leaf, rank));
      putAddress(copy, slot, addresses[rank]);
    }
    System.arraycopy(leaf, prefix(leaf), copy, prefix(copy), leaf.length - prefix(leaf));
    copy[CONTROL] = (long) to - from;
    return copy;
  }
}
