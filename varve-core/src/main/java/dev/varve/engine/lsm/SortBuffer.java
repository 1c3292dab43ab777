package dev.varve.engine.lsm;

import dev.varve.base.Bytes;
import dev.varve.base.Varints;
import dev.varve.cache.MemoryBudget;
import java.util.Arrays;

/// Gathers entries of a bulk load in memory and sorts them; of several with one key the last
/// counts.
///
/// @threads one at a time
/// @lifetime until [#close], which gives its memory back
final class SortBuffer implements AutoCloseable {
  /* Entries lie one behind the other in an array: lengths of key and value as varints, key, value.
   * Beside it stand where each begins and the first eight bytes of its key, so that most comparisons
   * look at nothing else. Sorting keeps the order of equal keys. */

  private static final int FIRST_BYTES = 64 << 10;
  private static final int FIRST_ENTRIES = 512;

  /**
   * What an entry takes beside the array: a head and an offset, each twice while they are sorted.
   */
  private static final int BESIDE_BYTES = 2 * (Long.BYTES + Integer.BYTES);

  private static final int OVERHEAD_BYTES = 2 * 5;

  private final MemoryBudget budget;
  private final int bytesMax;
  private byte[] arena = new byte[0];
  private int end;
  private long[] heads = new long[0];
  private int[] offsets = new int[0];
  private int count;

  /** What `heads` and `offsets` are accounted with. */
  private long besideBytes;

  private boolean sorted = true;

  /// @param bytesMax it is full when it holds so many bytes of entries
  SortBuffer(MemoryBudget budget, int bytesMax) {
    this.budget = budget;
    this.bytesMax = bytesMax;
  }

  boolean isEmpty() {
    return count == 0;
  }

  int count() {
    return count;
  }

  /// Adds an entry; false, without doing so, when the buffer is full. An empty one takes any entry.
  boolean add(byte[] key, byte[] value) {
    long bytes = (long) OVERHEAD_BYTES + key.length + value.length;
    if (count > 0 && end + bytes > bytesMax) {
      return false;
    }
    if (!hasRoom(bytes)) {
      return false;
    }
    long head = Bytes.signedHead(key, 0, key.length);
    if (count > 0 && sorted) {
      int last = offsets[count - 1];
      sorted =
          heads[count - 1] < head
              || (heads[count - 1] == head && compareKey(last, key, 0, key.length) <= 0);
    }
    heads[count] = head;
    offsets[count++] = end;
    end = Varints.write(arena, end, key.length);
    end = Varints.write(arena, end, value.length);
    System.arraycopy(key, 0, arena, end, key.length);
    end += key.length;
    System.arraycopy(value, 0, arena, end, value.length);
    end += value.length;
    return true;
  }

  /** Grows as needed; what the store's memory has no room for only an empty buffer takes. */
  private boolean hasRoom(long bytes) {
    if (end + bytes > arena.length) {
      long wanted = Math.max(Math.max(FIRST_BYTES, 2L * arena.length), end + bytes);
      int size = (int) Math.max(Math.min(wanted, bytesMax), end + bytes);
      if (count > 0 && !budget.fits(size - arena.length)) {
        return false;
      }
      budget.use(size - arena.length);
      arena = Arrays.copyOf(arena, size);
    }
    if (count == offsets.length) {
      int size = Math.max(FIRST_ENTRIES, count + (count >> 1));
      long more = (long) (size - count) * BESIDE_BYTES;
      if (count > 0 && !budget.fits(more)) {
        return false;
      }
      budget.use(more);
      besideBytes += more;
      heads = Arrays.copyOf(heads, size);
      offsets = Arrays.copyOf(offsets, size);
    }
    return true;
  }

  private int keyLength(int entry) {
    return (int) Varints.read(arena, entry, end);
  }

  private int valueLength(int entry, int keyLength) {
    return (int) Varints.read(arena, entry + Varints.size(keyLength), end);
  }

  private int keyOffset(int entry, int keyLength) {
    return entry + Varints.size(keyLength) + Varints.size(valueLength(entry, keyLength));
  }

  private int compareKey(int entry, byte[] key, int offset, int length) {
    int own = keyLength(entry);
    return Bytes.compare(arena, keyOffset(entry, own), own, key, offset, length);
  }

  private int compareKeys(int a, int b) {
    int length = keyLength(b);
    return compareKey(a, arena, keyOffset(b, length), length);
  }

  /// Puts the entries in order.
  void sort() {
    if (sorted) {
      return;
    }
    long[] toHeads = new long[count];
    int[] toOffsets = new int[count];
    for (int width = 1; width < count; width *= 2) {
      for (int from = 0; from < count; from += 2 * width) {
        int middle = Math.min(from + width, count);
        merge(from, middle, Math.min(middle + width, count), toHeads, toOffsets);
      }
      long[] otherHeads = heads;
      int[] otherOffsets = offsets;
      heads = toHeads;
      offsets = toOffsets;
      toHeads = otherHeads;
      toOffsets = otherOffsets;
    }
    sorted = true;
  }

  private void merge(int from, int middle, int to, long[] toHeads, int[] toOffsets) {
    int left = from;
    int right = middle;
    for (int at = from; at < to; at++) {
      boolean takeLeft =
          left < middle
              && (right == to
                  || heads[left] < heads[right]
                  || (heads[left] == heads[right]
                      && compareKeys(offsets[left], offsets[right]) <= 0));
      int taken = takeLeft ? left++ : right++;
      toHeads[at] = heads[taken];
      toOffsets[at] = offsets[taken];
    }
  }

  /// Whether all keys are greater than `key`. Sorted, and not empty.
  boolean isBehind(byte[] key) {
    return compareKey(offsets[0], key, 0, key.length) > 0;
  }

  /// The greatest key. Sorted, and not empty.
  byte[] lastKey() {
    int entry = offsets[count - 1];
    int length = keyLength(entry);
    int offset = keyOffset(entry, length);
    return Arrays.copyOfRange(arena, offset, offset + length);
  }

  /// The entries. Sorted; nothing is added meanwhile.
  SortedEntries entries() {
    return new Walk();
  }

  /// Forgets all entries.
  void clear() {
    count = 0;
    end = 0;
    sorted = true;
    budget.use(-besideBytes);
    besideBytes = 0;
    heads = new long[0];
    offsets = new int[0];
    if (arena.length > bytesMax) {
      budget.use(-arena.length);
      arena = new byte[0];
    }
  }

  @Override
  public void close() {
    clear();
    budget.use(-arena.length);
    arena = new byte[0];
  }

  /** Walks over the last entry of each key. */
  private final class Walk implements SortedEntries {
    private int at = -1;
    private int keyLength;
    private int keyOffset;
    private int valueLength;

    @Override
    public boolean next() {
      at++;
      while (at + 1 < count
          && heads[at] == heads[at + 1]
          && compareKeys(offsets[at], offsets[at + 1]) == 0) {
        at++;
      }
      if (at >= count) {
        return false;
      }
      keyLength = SortBuffer.this.keyLength(offsets[at]);
      valueLength = SortBuffer.this.valueLength(offsets[at], keyLength);
      keyOffset = offsets[at] + Varints.size(keyLength) + Varints.size(valueLength);
      return true;
    }

    @Override
    public byte[] keyArray() {
      return arena;
    }

    @Override
    public int keyOffset() {
      return keyOffset;
    }

    @Override
    public int keyLength() {
      return keyLength;
    }

    @Override
    public byte[] valueArray() {
      return arena;
    }

    @Override
    public int valueOffset() {
      return keyOffset + keyLength;
    }

    @Override
    public int valueLength() {
      return valueLength;
    }

    @Override
    public void close() {
      at = count;
    }
  }
}
