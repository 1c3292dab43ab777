package dev.varve.engine.memory;

import dev.varve.base.Background;
import dev.varve.base.Bytes;
import dev.varve.base.ReaderEpochs;
import dev.varve.cache.MemoryBudget;
import dev.varve.kv.LimitException;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// Keeps records, each a revision of a key, in large arrays. A record has an address, an `int` that
/// is not 0, and does not move. Once it can be reached by readers it does not change either, but
/// for the link to the revision before it.
///
/// @threads one writer. Readers may look at any record that they reached within a look
///   ([ReaderEpochs]) or that a pin protects.
final class RecordHeap {
  /* Structure. An address is a slab's number (20 bits) and a position in it in units of 16 bytes (12
   * bits), so up to 64 GiB can be addressed. A slab holds records of one size class; it is a part of
   * a chunk, an array that holds several slabs. The first slabs of a heap are short and have an array
   * of their own, so that a heap of few records stays small. A record too large to share is a slab
   * by itself.
   *
   * Chunks are of a size that the G1 collector never copies (see CHUNK_SLABS). To get one takes the JVM
   * a millisecond, as it clears memory that it may never have touched: so the next full one is made in
   * the background while the last one fills. One whose slabs are all
   * free is given back, unless no other slabs are free.
   *
   * I1: a slab with room for another record is in its class's list of such slabs, and no other is.
   * I2: a record that was retired is not used again before the epoch of its retirement is two behind.
   */

  private static final int UNIT_BITS = 4;
  private static final int POSITION_BITS = 12;
  private static final int POSITION_MASK = (1 << POSITION_BITS) - 1;
  private static final int SLABS_MAX = 1 << 20;

  /** 4095 units: sixteen of these and an array's header fit in 1 MiB. */
  private static final int SLAB_BYTES = ((1 << 16) / 16 - 1) << UNIT_BITS;

  private static final int FIRST_SLAB_RECORDS = 8;

  /**
   * G1 never moves an array of more than half a region, and gives it whole regions. Regions are a
   * 2048th of the heap, rounded down to a power of two; a chunk is one region less a little.
   */
  private static final int CHUNK_SLABS =
      16 * Math.clamp(Long.highestOneBit(Runtime.getRuntime().maxMemory() >> 31), 1, 4);

  /** A chunk is made ahead of need when it is less than this part of the heap. */
  private static final int SPARE_SHARE = 16;

  // A record: sequence number, link, length of the value, length of the key less one, flags, key,
  // value.
  private static final int SEQUENCE = 0;
  private static final int PREVIOUS = 8;
  private static final int VALUE_LENGTH = 12;
  private static final int KEY_LENGTH = 16;
  private static final int FLAGS = 18;
  static final int HEADER_BYTES = 19;

  private static final long FREE = -1;

  /// The record is out of every chain and will be retired when its queue entry comes up.
  static final int UNLINKED = 1;

  /// A queue entry for the record waits for pins to go.
  static final int HELD = 2;

  /// The record is a tombstone that only an index still needs, to find its way.
  static final int DEAD = 4;

  /** Bytes taken out of use after which it is worth asking whether readers have left. */
  private static final int ADVANCE_BYTES = 64 << 10;

  private final MemoryBudget budget;
  private final Background background;

  // By slab.
  private byte[][] arrays = new byte[8][];
  private int[] bases = new int[8];
  private byte[] classes = new byte[8];
  private int[] slabBytes = new int[8];
  private int[] live = new int[8];
  private int[] freeHead = new int[8];
  private int[] bump = new int[8];
  private int[] chunkOf = new int[8];
  private int[] nextPartial = new int[8];
  private int[] previousPartial = new int[8];

  private int slabCount = 1;
  private final IntList freeNumbers = new IntList();
  private final IntList freeSlabs = new IntList();
  private final int[] partial = new int[SizeClasses.COUNT];
  private int chunkSlabsNext = 1;

  /** The next full chunk, if it was made by now; accounted already. */
  private final AtomicReference<byte @Nullable []> spare = new AtomicReference<>();

  // By chunk: how many slabs it has, and how many of them are free.
  private int[] chunkSlabs = new int[8];
  private int[] chunkFree = new int[8];
  private int chunkCount;
  private final IntList freeChunks = new IntList();

  private static final int LARGE = SizeClasses.COUNT;

  private final Limbo limbo;
  private long limboBytes;

  private volatile long allocatedBytes;
  private volatile boolean closed;
  private long usedBytes;

  RecordHeap(ReaderEpochs epochs, MemoryBudget budget, Background background) {
    this.limbo = new Limbo(epochs, this::free);
    this.budget = budget;
    this.background = background;
  }

  /// What the heap's arrays take.
  long allocatedBytes() {
    byte @Nullable [] ready = spare.get();
    return allocatedBytes + (ready == null ? 0 : ready.length);
  }

  /// What the records that are not retired take in them.
  long usedBytes() {
    return usedBytes;
  }

  /// Whether a record for an entry of so many bytes needs no more memory.
  boolean hasRoom(long entryBytes) {
    long bytes = HEADER_BYTES + entryBytes;
    return bytes <= SizeClasses.SHARED_BYTES_MAX
        && (!freeSlabs.isEmpty() || partial[SizeClasses.classOf((int) bytes)] != 0);
  }

  /// Makes what was retired usable again as far as readers have left, and keeps nothing ready. For
  /// the writer.
  void release() {
    dropSpare();
    limboBytes = 0;
    limbo.release();
  }

  /// Makes a record. It is not reachable before its address is given to an index.
  ///
  /// @param valueLength the length of the value, or -1 for a tombstone
  /// @throws LimitException when the heap has no more addresses
  int allocate(
      long sequence,
      int previous,
      byte[] source,
      int keyOffset,
      int keyLength,
      int valueOffset,
      int valueLength) {
    int payload = keyLength + Math.max(valueLength, 0);
    int address = allocate(HEADER_BYTES + payload);
    byte[] array = arrays[slab(address)];
    int at = offset(address);
    Bytes.putLong(array, at + SEQUENCE, sequence);
    Bytes.putInt(array, at + PREVIOUS, previous);
    Bytes.putInt(array, at + VALUE_LENGTH, valueLength);
    Bytes.putShort(array, at + KEY_LENGTH, keyLength - 1);
    array[at + FLAGS] = 0;
    System.arraycopy(source, keyOffset, array, at + HEADER_BYTES, keyLength);
    if (valueLength > 0) {
      System.arraycopy(source, valueOffset, array, at + HEADER_BYTES + keyLength, valueLength);
    }
    return address;
  }

  private int allocate(int bytes) {
    if (bytes > SizeClasses.SHARED_BYTES_MAX) {
      return allocateLarge(bytes);
    }
    int sizeClass = SizeClasses.classOf(bytes);
    int slab = partial[sizeClass];
    if (slab == 0) {
      slab = newSlab(sizeClass);
    }
    int size = SizeClasses.bytes(sizeClass);
    int position;
    if (freeHead[slab] != 0) {
      position = freeHead[slab] - 1;
      freeHead[slab] = Bytes.getInt(arrays[slab], bases[slab] + (position << UNIT_BITS) + PREVIOUS);
    } else {
      position = bump[slab] >> UNIT_BITS;
      bump[slab] += size;
    }
    live[slab]++;
    if (!hasRoom(slab)) {
      unlinkPartial(slab);
    }
    usedBytes += size;
    return slab << POSITION_BITS | position;
  }

  private boolean hasRoom(int slab) {
    return freeHead[slab] != 0 || bump[slab] + SizeClasses.bytes(classes[slab]) <= slabBytes[slab];
  }

  private int allocateLarge(int bytes) {
    limbo.release();
    byte[] array = new byte[(bytes + 7) & -8];
    int slab = newNumber();
    arrays[slab] = array;
    bases[slab] = 0;
    classes[slab] = (byte) LARGE;
    slabBytes[slab] = array.length;
    live[slab] = 1;
    account(array.length);
    usedBytes += array.length;
    return slab << POSITION_BITS;
  }

  private void account(long bytes) {
    long total = allocatedBytes + bytes;
    allocatedBytes = total;
    budget.use(bytes);
  }

  private int newSlab(int sizeClass) {
    limbo.release();
    if (partial[sizeClass] != 0) {
      return partial[sizeClass];
    }
    int size = SizeClasses.bytes(sizeClass);
    // As long as the heap is small, a slab is at most an eighth of it.
    long wanted = Math.max((long) size * FIRST_SLAB_RECORDS, allocatedBytes / 8);
    int slab;
    if (wanted < SLAB_BYTES) {
      int bytes = (int) wanted / size * size;
      slab = newNumber();
      arrays[slab] = new byte[bytes];
      bases[slab] = 0;
      slabBytes[slab] = bytes;
      account(bytes);
    } else {
      if (freeSlabs.isEmpty()) {
        newChunk();
      }
      slab = freeSlabs.removeLast();
      chunkFree[chunkOf[slab]]--;
    }
    classes[slab] = (byte) sizeClass;
    freeHead[slab] = 0;
    bump[slab] = 0;
    live[slab] = 0;
    linkPartial(slab);
    return slab;
  }

  private void newChunk() {
    // Near the end of the budget memory is taken in small pieces.
    long room = (budget.bytesMax() - budget.used()) / (4 * SLAB_BYTES);
    int count = Math.clamp(room, 1, chunkSlabsNext);
    chunkSlabsNext = Math.min(chunkSlabsNext * 2, CHUNK_SLABS);
    byte[] chunk = chunk(count);
    int number = newChunkNumber();
    chunkSlabs[number] = count;
    chunkFree[number] = count;
    for (int i = count - 1; i >= 0; i--) {
      int slab = newNumber();
      chunkOf[slab] = number;
      arrays[slab] = chunk;
      bases[slab] = i * SLAB_BYTES;
      slabBytes[slab] = SLAB_BYTES;
      freeSlabs.add(slab);
    }
    account(chunk.length);
  }

  private byte[] chunk(int count) {
    byte @Nullable [] ready = spare.getAndSet(null);
    if (ready != null) {
      budget.use(-ready.length);
    }
    long bytes = (long) count * SLAB_BYTES;
    if (count == CHUNK_SLABS && allocatedBytes > SPARE_SHARE * bytes && budget.fits(2 * bytes)) {
      background.submit(this::makeSpare);
    }
    return ready != null && ready.length == count * SLAB_BYTES
        ? ready
        : new byte[count * SLAB_BYTES];
  }

  private void makeSpare() {
    byte[] chunk = new byte[CHUNK_SLABS * SLAB_BYTES];
    budget.use(chunk.length);
    if (!spare.compareAndSet(null, chunk)) {
      budget.use(-chunk.length);
    }
    if (closed) {
      dropSpare();
    }
  }

  private void dropSpare() {
    byte @Nullable [] ready = spare.getAndSet(null);
    if (ready != null) {
      budget.use(-ready.length);
    }
  }

  private int newChunkNumber() {
    if (!freeChunks.isEmpty()) {
      return freeChunks.removeLast();
    }
    if (chunkCount == chunkSlabs.length) {
      chunkSlabs = Arrays.copyOf(chunkSlabs, chunkCount * 2);
      chunkFree = Arrays.copyOf(chunkFree, chunkCount * 2);
    }
    return chunkCount++;
  }

  /** Gives a chunk back whose slabs are all free. */
  private void releaseChunk(int chunk) {
    IntList kept = new IntList();
    for (int i = 0; i < freeSlabs.size(); i++) {
      int slab = freeSlabs.get(i);
      if (chunkOf[slab] == chunk) {
        releaseNumber(slab);
      } else {
        kept.add(slab);
      }
    }
    freeSlabs.clear();
    for (int i = 0; i < kept.size(); i++) {
      freeSlabs.add(kept.get(i));
    }
    account(-(long) chunkSlabs[chunk] * SLAB_BYTES);
    freeChunks.add(chunk);
  }

  private int newNumber() {
    if (!freeNumbers.isEmpty()) {
      return freeNumbers.removeLast();
    }
    if (slabCount == SLABS_MAX) {
      throw new LimitException(
          "a keyspace in memory holds at most 64 GiB, or a million values of over 16 KiB; spread"
              + " it over several keyspaces");
    }
    if (slabCount == arrays.length) {
      int capacity = Math.min(slabCount * 2, SLABS_MAX);
      bases = Arrays.copyOf(bases, capacity);
      classes = Arrays.copyOf(classes, capacity);
      slabBytes = Arrays.copyOf(slabBytes, capacity);
      chunkOf = Arrays.copyOf(chunkOf, capacity);
      live = Arrays.copyOf(live, capacity);
      freeHead = Arrays.copyOf(freeHead, capacity);
      bump = Arrays.copyOf(bump, capacity);
      nextPartial = Arrays.copyOf(nextPartial, capacity);
      previousPartial = Arrays.copyOf(previousPartial, capacity);
      arrays = Arrays.copyOf(arrays, capacity);
    }
    return slabCount++;
  }

  private void linkPartial(int slab) {
    int sizeClass = classes[slab];
    int head = partial[sizeClass];
    nextPartial[slab] = head;
    previousPartial[slab] = 0;
    if (head != 0) {
      previousPartial[head] = slab;
    }
    partial[sizeClass] = slab;
  }

  private void unlinkPartial(int slab) {
    int next = nextPartial[slab];
    int previous = previousPartial[slab];
    if (previous == 0) {
      partial[classes[slab]] = next;
    } else {
      nextPartial[previous] = next;
    }
    if (next != 0) {
      previousPartial[next] = previous;
    }
  }

  /// Gives a record back. It can no longer be reached from the index or from another record, and is
  /// used again once no reader can be looking at it.
  void retire(int address) {
    limbo.add(address);
    int size = size(address);
    usedBytes -= size;
    limboBytes += size;
    if (limboBytes > ADVANCE_BYTES) {
      limboBytes = 0;
      limbo.release();
    }
  }

  private void free(int address) {
    int slab = slab(address);
    if (classes[slab] == LARGE) {
      account(-slabBytes[slab]);
      releaseNumber(slab);
      return;
    }
    boolean hadRoom = hasRoom(slab);
    byte[] array = arrays[slab];
    int at = offset(address);
    Bytes.putLong(array, at + SEQUENCE, FREE);
    // Before anything else in it changes: HashIndex tells by the number that a record was given up.
    VarHandle.storeStoreFence();
    Bytes.putInt(array, at + PREVIOUS, freeHead[slab]);
    freeHead[slab] = (address & POSITION_MASK) + 1;
    live[slab]--;
    if (live[slab] == 0) {
      if (hadRoom) {
        unlinkPartial(slab);
      }
      releaseSlab(slab);
    } else if (!hadRoom) {
      linkPartial(slab);
    }
  }

  private void releaseSlab(int slab) {
    if (slabBytes[slab] == SLAB_BYTES) {
      freeSlabs.add(slab);
      int chunk = chunkOf[slab];
      if (++chunkFree[chunk] == chunkSlabs[chunk] && freeSlabs.size() > chunkSlabs[chunk]) {
        releaseChunk(chunk);
      }
    } else {
      account(-slabBytes[slab]);
      releaseNumber(slab);
    }
  }

  private void releaseNumber(int slab) {
    arrays[slab] = NO_BYTES;
    freeNumbers.add(slab);
  }

  private static final byte[] NO_BYTES = new byte[0];

  private int size(int address) {
    int slab = slab(address);
    return classes[slab] == LARGE ? slabBytes[slab] : SizeClasses.bytes(classes[slab]);
  }

  private static int slab(int address) {
    return address >>> POSITION_BITS;
  }

  private int offset(int address) {
    return bases[address >>> POSITION_BITS] + ((address & POSITION_MASK) << UNIT_BITS);
  }

  /// The number of the commit that made the record.
  long sequence(int address) {
    return Bytes.getLong(arrays[slab(address)], offset(address) + SEQUENCE);
  }

  /// The record of the revision before, or 0.
  int previous(int address) {
    return Bytes.getInt(arrays[slab(address)], offset(address) + PREVIOUS);
  }

  /// Sets the record of the revision before.
  void setPrevious(int address, int previous) {
    Bytes.putInt(arrays[slab(address)], offset(address) + PREVIOUS, previous);
  }

  /// Whether the record says that its key is absent.
  boolean isTombstone(int address) {
    return Bytes.getInt(arrays[slab(address)], offset(address) + VALUE_LENGTH) < 0;
  }

  /// The length of the value, -1 for a tombstone.
  int valueLength(int address) {
    return Bytes.getInt(arrays[slab(address)], offset(address) + VALUE_LENGTH);
  }

  int keyLength(int address) {
    return Bytes.getUnsignedShort(arrays[slab(address)], offset(address) + KEY_LENGTH) + 1;
  }

  /// Whether a flag is set; for the writer.
  boolean hasFlag(int address, int flag) {
    return (arrays[slab(address)][offset(address) + FLAGS] & flag) != 0;
  }

  /// Sets or clears a flag; for the writer.
  void setFlag(int address, int flag, boolean on) {
    byte[] array = arrays[slab(address)];
    int at = offset(address) + FLAGS;
    array[at] = (byte) (on ? array[at] | flag : array[at] & ~flag);
  }

  /// The array that holds a record.
  byte[] array(int address) {
    return arrays[slab(address)];
  }

  /// Where a record's key begins in its array.
  int keyOffset(int address) {
    return offset(address) + HEADER_BYTES;
  }

  byte[] key(int address) {
    int at = keyOffset(address);
    return Arrays.copyOfRange(array(address), at, at + keyLength(address));
  }

  byte[] value(int address) {
    int at = keyOffset(address) + keyLength(address);
    return Arrays.copyOfRange(array(address), at, at + valueLength(address));
  }

  /// A copy of the value of a record whose lengths are known.
  byte[] copyValue(int address, int keyLength, int valueLength) {
    byte[] array = arrays[slab(address)];
    int at = offset(address) + HEADER_BYTES + keyLength;
    return Arrays.copyOfRange(array, at, at + valueLength);
  }

  /// Compares a key with a record's.
  int compareKey(byte[] key, int keyOffset, int keyLength, int address) {
    return Bytes.compare(
        key, keyOffset, keyLength, array(address), keyOffset(address), keyLength(address));
  }

  /// Whether a record has this key.
  boolean keyEquals(int address, byte[] key, int keyOffset, int keyLength) {
    if (keyLength(address) != keyLength) {
      return false;
    }
    int at = keyOffset(address);
    return Arrays.equals(key, keyOffset, keyOffset + keyLength, array(address), at, at + keyLength);
  }

  /// Gives all memory back to the budget. Readers that are inside still find their records.
  void close() {
    closed = true;
    dropSpare();
    budget.use(-allocatedBytes);
    allocatedBytes = 0;
  }
}
