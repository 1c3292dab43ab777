package dev.varve.engine.memory;

import dev.varve.base.RandomSource;
import dev.varve.base.SipHash;
import dev.varve.engine.Visibility;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// A hash table that grows page by page, so that no write ever pays for more than one page.
///
/// @threads as [KeyIndex]
/// @source Fagin et al., Extendible hashing, ACM TODS 4(3), 1979; pages are small open-addressing
///   tables. The hash has a secret key ([SipHash]), so nobody can steer keys into one page.
final class HashIndex implements KeyIndex {
  /* The upper bits of a hash choose a page through the directory, the lower bits a slot in it. A slot
   * holds the hash in its high half and a record's address in its low half. 0 is a slot never used, an
   * address of 0 with any other hash one that was freed: a search goes on past it.
   *
   * A page that fills up is replaced by a larger one, from PAGE_SLOTS_MAX on by two that differ in one
   * more bit of the hash. Both are made aside and then put into the directory; a reader that still has
   * the old page sees what was there when it began.
   *
   * I1: every entry of the directory whose upper `depth` bits are a page's prefix holds that page.
   * I2: a key is in the page that its hash chooses, on the way from its slot to the next unused one. */

  private static final VarHandle SLOTS = MethodHandles.arrayElementVarHandle(long[].class);
  private static final VarHandle PAGES = MethodHandles.arrayElementVarHandle(Page[].class);

  private static final int PAGE_SLOTS_MIN = 16;
  private static final int PAGE_SLOTS_MAX = 1024;

  /** Past this a page grows instead of splitting: the directory gets no longer. */
  private static final int DEPTH_MAX = 22;

  /// Says that a writer came in between.
  static final byte[] UNSURE = {};

  private static final byte[] NOT_THIS_KEY = {};

  private static final long FREED = 1L << 32;
  private static final long ADDRESS_MASK = 0xFFFFFFFFL;

  /** A part of the table. */
  private static final class Page {
    final long[] slots;

    /** How many upper bits of the hash all its keys have in common. */
    final int depth;

    /** Slots that are not unused; for the writer. */
    int taken;

    /** Slots that hold a record; for the writer. */
    int used;

    /** Set once others are in the directory in its place: its slots are no longer kept true. */
    volatile boolean replaced;

    Page(int slots, int depth) {
      this.slots = new long[slots];
      this.depth = depth;
    }

    boolean isFull() {
      return taken >= slots.length - (slots.length >> 2);
    }

    void insert(long slot) {
      int mask = slots.length - 1;
      int at = (int) (slot >>> 32) & mask;
      while (slots[at] != 0) {
        at = (at + 1) & mask;
      }
      SLOTS.setRelease(slots, at, slot);
      taken++;
      used++;
    }
  }

  private final RecordHeap heap;
  private final SipHash sipHash;

  /** By the upper bits of the hash; its length is a power of two. Replaced when it doubles. */
  private volatile Page[] directory = {new Page(PAGE_SLOTS_MIN, 0)};

  /** Written by the writer alone. */
  private final AtomicLong memoryBytes = new AtomicLong(8L * PAGE_SLOTS_MIN);

  private int locatedHash;
  private Page locatedPage = directory[0];
  private int locatedSlot;

  HashIndex(RecordHeap heap, RandomSource random) {
    this.heap = heap;
    this.sipHash = new SipHash(random.nextLong(), random.nextLong());
  }

  private int hash(byte[] key, int offset, int length) {
    long hash = sipHash.hash(key, offset, length);
    return (int) (hash ^ hash >>> 32);
  }

  private static Page page(Page[] directory, int hash) {
    // A shift by 32 would shift by 0: a directory of one entry has no bits to choose by.
    int index =
        directory.length == 1 ? 0 : hash >>> (32 - Integer.numberOfTrailingZeros(directory.length));
    return (Page) PAGES.getAcquire(directory, index);
  }

  @Override
  public int find(byte[] key, int offset, int length) {
    int hash = hash(key, offset, length);
    long[] slots = page(directory, hash).slots;
    int mask = slots.length - 1;
    int at = hash & mask;
    while (true) {
      long slot = (long) SLOTS.getAcquire(slots, at);
      if (slot == 0) {
        return 0;
      }
      int address = (int) slot;
      if ((int) (slot >>> 32) == hash
          && address != 0
          && heap.keyEquals(address, key, offset, length)) {
        return address;
      }
      at = (at + 1) & mask;
    }
  }

  /// The value of a key at the newest commit that readers may see, found without announcing the
  /// look to the writer: that costs two atomic updates, each of which has the processor wait until
  /// all it began before is done. Answers null for an absent key, and [#UNSURE] when a writer came
  /// in between; then a look must be announced.
  byte @Nullable [] getUnguarded(byte[] key, Visibility visibility) {
    // First of all: a slot read before this may hold what a batch, visible meanwhile, has written
    // over itself.
    long seen = visibility.visibleThrough();
    int hash = hash(key, 0, key.length);
    Page page = page(directory, hash);
    long[] slots = page.slots;
    int mask = slots.length - 1;
    int at = hash & mask;
    while (true) {
      long slot = (long) SLOTS.getAcquire(slots, at);
      if (slot == 0) {
        return null;
      }
      if ((int) (slot >>> 32) == hash && (int) slot != 0) {
        byte @Nullable [] value = readUnguarded(page, at, slot, key, seen);
        if (value != NOT_THIS_KEY) {
          return value;
        }
      }
      at = (at + 1) & mask;
    }
  }

  /* The record may be taken out and its memory used again at any time. While the slot still holds it
   * and its page is not replaced nobody has done that, so what was read before the two are looked at
   * again is sound. The value is copied after that; a record that is given up gets another sequence number before anything else in
   * it changes, and no two records at one address have the same. */
  private byte @Nullable [] readUnguarded(Page page, int at, long slot, byte[] key, long seen) {
    int address = (int) slot;
    try {
      long sequence = heap.sequence(address);
      boolean isKey = heap.keyEquals(address, key, 0, key.length);
      int valueLength = heap.valueLength(address);
      // An acquiring load alone lets the plain loads before it be delayed past it.
      VarHandle.acquireFence();
      if (page.replaced || (long) SLOTS.getAcquire(page.slots, at) != slot) {
        return UNSURE;
      }
      if (!isKey) {
        return NOT_THIS_KEY;
      }
      if (sequence > seen) {
        return UNSURE;
      }
      if (valueLength < 0) {
        return null;
      }
      byte[] value = heap.copyValue(address, key.length, valueLength);
      VarHandle.acquireFence();
      return heap.sequence(address) == sequence ? value : UNSURE;
    } catch (IndexOutOfBoundsException reused) {
      return UNSURE;
    }
  }

  @Override
  public int locate(byte[] key, int offset, int length) {
    int hash = hash(key, offset, length);
    Page page = page(directory, hash);
    long[] slots = page.slots;
    int mask = slots.length - 1;
    locatedHash = hash;
    locatedPage = page;
    for (int at = hash & mask; slots[at] != 0; at = (at + 1) & mask) {
      int address = (int) slots[at];
      if ((int) (slots[at] >>> 32) == hash
          && address != 0
          && heap.keyEquals(address, key, offset, length)) {
        locatedSlot = at;
        return address;
      }
    }
    locatedSlot = -1;
    return 0;
  }

  @Override
  public void set(int address) {
    long slot = (long) locatedHash << 32 | (address & ADDRESS_MASK);
    if (locatedSlot >= 0) {
      SLOTS.setRelease(locatedPage.slots, locatedSlot, slot);
      return;
    }
    while (locatedPage.isFull()) {
      grow(locatedPage);
      locatedPage = page(directory, locatedHash);
    }
    locatedPage.insert(slot);
  }

  @Override
  public void remove(IntList removed) {
    removed.add((int) locatedPage.slots[locatedSlot]);
    SLOTS.setRelease(locatedPage.slots, locatedSlot, FREED);
    locatedPage.used--;
    locatedSlot = -1;
  }

  private void grow(Page page) {
    int slots = page.slots.length;
    if (page.used < slots / 2) {
      // Mostly freed slots: the same size will do.
      replace(page, new Page(slots, page.depth));
    } else if (slots < PAGE_SLOTS_MAX || page.depth == DEPTH_MAX) {
      replace(page, new Page(slots * 2, page.depth));
    } else {
      split(page);
    }
  }

  private void replace(Page old, Page replacement) {
    int anyHash = 0;
    for (long slot : old.slots) {
      if ((int) slot != 0) {
        replacement.insert(slot);
        anyHash = (int) (slot >>> 32);
      }
    }
    publish(replacement, old.used == 0 ? locatedHash : anyHash);
    old.replaced = true;
    account(replacement.slots.length - old.slots.length);
  }

  private void split(Page old) {
    int depth = old.depth + 1;
    Page low = new Page(old.slots.length, depth);
    Page high = new Page(old.slots.length, depth);
    int bit = 1 << (32 - depth);
    int anyHash = locatedHash;
    for (long slot : old.slots) {
      if ((int) slot != 0) {
        anyHash = (int) (slot >>> 32);
        ((anyHash & bit) == 0 ? low : high).insert(slot);
      }
    }
    if (directory.length < 1 << depth) {
      doubleDirectory();
    }
    publish(low, anyHash & ~bit);
    publish(high, anyHash | bit);
    old.replaced = true;
    account(old.slots.length);
  }

  private void doubleDirectory() {
    Page[] old = directory;
    Page[] doubled = new Page[old.length * 2];
    for (int i = 0; i < old.length; i++) {
      doubled[2 * i] = old[i];
      doubled[2 * i + 1] = old[i];
    }
    directory = doubled;
    memoryBytes.addAndGet(4L * old.length);
  }

  /** Puts a page into every entry of the directory whose prefix is the page's. */
  private void publish(Page page, int hash) {
    Page[] all = directory;
    int bits = Integer.numberOfTrailingZeros(all.length);
    int count = 1 << (bits - page.depth);
    int first = page.depth == 0 ? 0 : hash >>> (32 - page.depth) << (bits - page.depth);
    for (int i = first; i < first + count; i++) {
      PAGES.setRelease(all, i, page);
    }
  }

  private void account(long slots) {
    memoryBytes.addAndGet(8 * slots);
  }

  /** A position is the upper end of the hashes that were given, as an unsigned number. */
  @Override
  public long scan(long position, RecordSink sink) {
    long from = position;
    while (from < 1L << 32) {
      Page page = page(directory, (int) from);
      boolean more = true;
      for (int i = 0; i < page.slots.length; i++) {
        int address = (int) (long) SLOTS.getAcquire(page.slots, i);
        if (address != 0) {
          more &= sink.take(address);
        }
      }
      // The page may be larger than the part that begins here only if it was merged, which pages
      // never are: each begins where an earlier one ended.
      from += 1L << (32 - page.depth);
      if (!more) {
        break;
      }
    }
    return from < 1L << 32 ? from : -1;
  }

  @Override
  public long memoryBytes() {
    return memoryBytes.get();
  }

  @Override
  public long validate(List<String> problems) {
    Page[] all = directory;
    int bits = Integer.numberOfTrailingZeros(all.length);
    Set<Page> seen = new HashSet<>();
    long count = 0;
    for (int i = 0; i < all.length; i++) {
      Page page = all[i];
      int first = i >>> (bits - page.depth) << (bits - page.depth);
      if (all[first] != page) {
        problems.add("directory entry " + i + " differs from " + first);
      }
      if (seen.add(page)) {
        count += validate(page, i, bits, problems);
      }
    }
    return count;
  }

  private long validate(Page page, int index, int bits, List<String> problems) {
    int used = 0;
    int taken = 0;
    for (long slot : page.slots) {
      taken += slot == 0 ? 0 : 1;
      int address = (int) slot;
      if (address == 0) {
        continue;
      }
      used++;
      byte[] key = heap.key(address);
      if (hash(key, 0, key.length) != (int) (slot >>> 32)) {
        problems.add("a slot of page " + index + " has another hash than its key");
      }
      if (find(key, 0, key.length) != address) {
        problems.add("a key in page " + index + " is not found");
      }
      int prefix = page.depth == 0 ? 0 : (int) (slot >>> 32) >>> (32 - page.depth);
      if (prefix != index >>> (bits - page.depth)) {
        problems.add("a key in page " + index + " belongs to another");
      }
    }
    if (used != page.used || taken != page.taken) {
      problems.add("page " + index + " counts " + page.used + " used slots and has " + used);
    }
    if (Arrays.stream(page.slots).noneMatch(slot -> slot == 0)) {
      problems.add("page " + index + " has no unused slot");
    }
    return used;
  }
}
