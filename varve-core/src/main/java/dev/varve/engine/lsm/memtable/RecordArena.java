package dev.varve.engine.lsm.memtable;

import dev.varve.base.Bytes;
import dev.varve.base.HeapLayout;
import dev.varve.cache.MemoryBudget;
import dev.varve.kv.LimitException;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;

/// Keeps records, each a revision of a key, one behind the other in large arrays. A record has an
/// address, an `int` that is not 0; it never moves and never changes.
///
/// @threads one writer; readers may look at any record whose address they acquired
final class RecordArena {
  /* Structure. An address is a chunk's number and, below it, an offset in units of two bytes. Chunks
   * grow with the arena, so that a small one stays small; a record that would fill a large part of a
   * chunk gets one of its own, of its size.
   *
   * A record:
   *   1 byte    bits 0-1 kind, bit 2 whether there is an older revision, bits 3-5 n - 1
   *   n bytes   sequence number less the arena's first, little-endian, 1 <= n <= 7
   *   12 bytes  only with an older revision: its address; the address of the jump; depth
   *   varint    length of the key
   *   varint    length of the value, not in a tombstone
   *   key, value, a byte of padding where the length is odd
   *
   * Revisions of a key form a chain, newest first, with falling sequence numbers. Depth counts the
   * revisions behind. A record's jump leads over several of them, chosen as in a skew-binary list
   * (Myers, An applicative random-access stack, Information Processing Letters 17, 1983), so that
   * any revision is found in a logarithmic number of steps.
   */

  /// Kind of a record that says that its key is absent.
  static final int TOMBSTONE = 0;

  /// Kind of a record that holds a value.
  static final int VALUE = 1;

  private static final int KIND_MASK = 3;
  private static final int HAS_OLDER = 4;
  private static final int SEQUENCE_BYTES_SHIFT = 3;
  private static final int LINKS_BYTES = 12;
  private static final int JUMP = 4;
  private static final int DEPTH = 8;

  /** A number is read by eight bytes at once, wherever it lies. */
  private static final int SLACK_BYTES = 8;

  /**
   * G1 never moves an array of more than half a region, and gives it whole regions. Regions are a
   * 2048th of the heap, rounded down to a power of two; the largest chunks are one region.
   */
  private static final int REGION_BYTES =
      Math.clamp(Long.highestOneBit(Runtime.getRuntime().maxMemory() >> 11), 1 << 20, 4 << 20);

  /// The longest chunk that several records share.
  static final int CHUNK_BYTES_MAX = REGION_BYTES - 64;

  private static final int CHUNK_BYTES_MIN = 4 << 10;
  private static final int LINE_BYTES = 64;
  private static final int OFFSET_BITS = Integer.numberOfTrailingZeros(REGION_BYTES) - 1;
  private static final int OFFSET_MASK = (1 << OFFSET_BITS) - 1;
  private static final int CHUNKS_MAX = 1 << (Integer.SIZE - OFFSET_BITS);

  /** The first chunks are an eighth of the arena each. */
  private static final int GROWTH_SHIFT = 3;

  /** A record of more than a quarter of a chunk gets its own. */
  private static final int OWN_CHUNK_SHIFT = 2;

  private final MemoryBudget budget;
  private final AtomicLong memoryBytes;
  private long chunkBytesTotal;

  /** Set by the first record. */
  private long firstSequence;

  /** Number 0 is not used. Replaced when it grows; entries are set once, before they are named. */
  private volatile byte[][] chunks = new byte[8][];

  private int chunkCount = 1;
  private byte[] current = {};
  private int currentNumber;
  private int end;

  /// An arena without records. What it takes is added to `memoryBytes`.
  RecordArena(MemoryBudget budget, AtomicLong memoryBytes) {
    this.budget = budget;
    this.memoryBytes = memoryBytes;
    account(HeapLayout.bytesOf(chunks));
  }

  private void account(long bytes) {
    memoryBytes.setRelease(memoryBytes.getPlain() + bytes);
    budget.use(bytes);
  }

  /// Makes a record of the key and value that `source` has at the offsets. Nobody can reach it
  /// before its address is published.
  ///
  /// @param older the revision before, or 0
  /// @param valueLength the length of the value, or -1 for a tombstone
  /// @throws LimitException when there are no more addresses; at the earliest after 2 GiB
  int add(
      long sequence,
      int older,
      byte[] source,
      int keyOffset,
      int keyLength,
      int valueOffset,
      int valueLength) {
    if (chunkCount == 1) {
      firstSequence = sequence;
    }
    long delta = sequence - firstSequence;
    int sequenceBytes = Math.max(1, (71 - Long.numberOfLeadingZeros(delta)) >>> 3);
    int bytes =
        1
            + sequenceBytes
            + (older == 0 ? 0 : LINKS_BYTES)
            + lengthBytes(keyLength)
            + (valueLength < 0 ? 0 : lengthBytes(valueLength) + valueLength)
            + keyLength;
    int address = allocate(bytes);
    byte[] array = array(address);
    int at = offset(address);
    int kind = valueLength < 0 ? TOMBSTONE : VALUE;
    array[at] =
        (byte) (kind | (older == 0 ? 0 : HAS_OLDER) | (sequenceBytes - 1) << SEQUENCE_BYTES_SHIFT);
    Bytes.putLong(array, at + 1, delta);
    at += 1 + sequenceBytes;
    if (older != 0) {
      putLinks(array, at, older);
      at += LINKS_BYTES;
    }
    at = putLength(array, at, keyLength);
    if (valueLength >= 0) {
      at = putLength(array, at, valueLength);
    }
    System.arraycopy(source, keyOffset, array, at, keyLength);
    if (valueLength > 0) {
      System.arraycopy(source, valueOffset, array, at + keyLength, valueLength);
    }
    return address;
  }

  private void putLinks(byte[] array, int at, int older) {
    int olderJump = jump(older);
    int depth = depth(older);
    boolean twice = depth - depth(olderJump) == depth(olderJump) - depth(jump(olderJump));
    Bytes.putInt(array, at, older);
    Bytes.putInt(array, at + JUMP, twice ? jump(olderJump) : older);
    Bytes.putInt(array, at + DEPTH, depth + 1);
  }

  private static int lengthBytes(int length) {
    return (38 - Integer.numberOfLeadingZeros(length | 1)) / 7;
  }

  private static int putLength(byte[] array, int offset, int length) {
    int at = offset;
    int rest = length;
    while (rest >= 0x80) {
      array[at++] = (byte) (rest | 0x80);
      rest >>>= 7;
    }
    array[at++] = (byte) rest;
    return at;
  }

  /** Reads a length at the low end, and the offset behind it at the high end. */
  private static long lengthAndEnd(byte[] array, int offset) {
    int first = array[offset];
    if (first >= 0) {
      return (long) (offset + 1) << 32 | first;
    }
    int at = offset + 1;
    int length = first & 0x7F;
    for (int shift = 7; ; shift += 7) {
      int b = array[at++];
      length |= (b & 0x7F) << shift;
      if (b >= 0) {
        return (long) at << 32 | length;
      }
    }
  }

  private int allocate(int bytes) {
    int size = bytes + 1 & -2;
    if (size > current.length - SLACK_BYTES - end) {
      int chunkBytes = nextChunkBytes();
      if (size > chunkBytes >> OWN_CHUNK_SHIFT) {
        byte[] own = new byte[size + SLACK_BYTES];
        return addChunk(own) << OFFSET_BITS;
      }
      byte[] chunk = new byte[chunkBytes];
      currentNumber = addChunk(chunk);
      current = chunk;
      end = 0;
    }
    int address = currentNumber << OFFSET_BITS | end >> 1;
    end += size;
    return address;
  }

  private int nextChunkBytes() {
    long wanted = chunkBytesTotal >> GROWTH_SHIFT;
    // What is more than half a region long takes a whole one anyway.
    return wanted > REGION_BYTES / 2 - 64
        ? CHUNK_BYTES_MAX
        : Math.max((int) wanted, CHUNK_BYTES_MIN) & -8;
  }

  private int addChunk(byte[] chunk) {
    if (chunkCount == CHUNKS_MAX) {
      throw new LimitException(
          "a memtable has no address left for another record; it should have been sealed long ago");
    }
    byte[][] all = chunks;
    if (chunkCount == all.length) {
      all = Arrays.copyOf(all, all.length * 2);
      account(HeapLayout.bytesOf(all) - HeapLayout.bytesOf(chunks));
      chunks = all;
    }
    all[chunkCount] = chunk;
    chunkBytesTotal += chunk.length;
    account(HeapLayout.bytesOf(chunk));
    return chunkCount++;
  }

  /// The array that holds a record.
  byte[] array(int address) {
    return chunks[address >>> OFFSET_BITS];
  }

  private static int offset(int address) {
    return (address & OFFSET_MASK) << 1;
  }

  /// Looks at the first lines of a record, so that they are at hand soon. The answer means nothing.
  int fetch(int address) {
    byte[] array = array(address);
    int at = offset(address);
    int last = array.length - 1;
    return array[at]
        + array[Math.min(at + LINE_BYTES, last)]
        + array[Math.min(at + 2 * LINE_BYTES, last)];
  }

  /// The record's kind.
  int kind(int address) {
    return array(address)[offset(address)] & KIND_MASK;
  }

  /// The number of the commit that made the record.
  long sequence(int address) {
    byte[] array = array(address);
    int at = offset(address);
    int unusedBits = 56 - (array[at] >>> SEQUENCE_BYTES_SHIFT & 7) * 8;
    return firstSequence + (Bytes.getLong(array, at + 1) & -1L >>> unusedBits);
  }

  /// The revision before, or 0.
  int older(int address) {
    byte[] array = array(address);
    int at = offset(address);
    return (array[at] & HAS_OLDER) == 0 ? 0 : Bytes.getInt(array, links(array, at));
  }

  private static int links(byte[] array, int at) {
    return at + 2 + (array[at] >>> SEQUENCE_BYTES_SHIFT & 7);
  }

  private int jump(int address) {
    byte[] array = array(address);
    int at = offset(address);
    return (array[at] & HAS_OLDER) == 0 ? address : Bytes.getInt(array, links(array, at) + JUMP);
  }

  private int depth(int address) {
    byte[] array = array(address);
    int at = offset(address);
    return (array[at] & HAS_OLDER) == 0 ? 0 : Bytes.getInt(array, links(array, at) + DEPTH);
  }

  /// The newest revision at or below `sequence` in the chain that begins with `newest`; 0 when
  /// there is none.
  int newestThrough(int newest, long sequence) {
    int at = newest;
    while (sequence(at) > sequence) {
      int older = older(at);
      if (older == 0) {
        return 0;
      }
      int jump = jump(at);
      at = sequence(jump) > sequence ? jump : older;
    }
    return at;
  }

  /// The oldest revision above `sequence` in a chain that begins with one above it.
  int oldestAbove(int newest, long sequence) {
    int at = newest;
    while (true) {
      int older = older(at);
      if (older == 0 || sequence(older) <= sequence) {
        return at;
      }
      int jump = jump(at);
      at = sequence(jump) > sequence ? jump : older;
    }
  }

  private static int lengths(byte[] array, int at) {
    return links(array, at) + ((array[at] & HAS_OLDER) == 0 ? 0 : LINKS_BYTES);
  }

  /// Where the record's key lies in its array: the offset in the high half, the length in the low.
  long key(int address) {
    byte[] array = array(address);
    int at = offset(address);
    long key = lengthAndEnd(array, lengths(array, at));
    if ((array[at] & KIND_MASK) == TOMBSTONE) {
      return key;
    }
    long value = lengthAndEnd(array, (int) (key >>> 32));
    return (value & 0xFFFFFFFF00000000L) | (key & 0xFFFFFFFFL);
  }

  /// Where the record's value lies, as [#key]; a tombstone has one of no bytes.
  long value(int address) {
    byte[] array = array(address);
    int at = offset(address);
    long key = lengthAndEnd(array, lengths(array, at));
    if ((array[at] & KIND_MASK) == TOMBSTONE) {
      return (key + (key << 32)) & 0xFFFFFFFF00000000L;
    }
    long value = lengthAndEnd(array, (int) (key >>> 32));
    return value + (key << 32);
  }

  /// Compares a key with the record's.
  int compareKey(byte[] key, int offset, int length, int address) {
    long found = key(address);
    return Bytes.compare(key, offset, length, array(address), (int) (found >>> 32), (int) found);
  }

  /// Whether the record has this key.
  boolean hasKey(byte[] key, int offset, int length, int address) {
    long found = key(address);
    int at = (int) (found >>> 32);
    return (int) found == length
        && Arrays.equals(key, offset, offset + length, array(address), at, at + length);
  }

  /// How many bytes the keys of two records have in common at their beginning.
  int commonPrefix(int a, int b) {
    long key = key(a);
    return commonPrefix(array(a), (int) (key >>> 32), (int) key, b);
  }

  /// How many bytes a key has in common with a record's at the beginning.
  int commonPrefix(byte[] key, int offset, int length, int address) {
    long found = key(address);
    int at = (int) (found >>> 32);
    int mismatch =
        Arrays.mismatch(key, offset, offset + length, array(address), at, at + (int) found);
    return mismatch < 0 ? length : mismatch;
  }

  /// The head of a record's key behind `skip` bytes; see [Leaf].
  long head(int address, int skip) {
    long key = key(address);
    return Leaf.head(array(address), (int) (key >>> 32), (int) key, skip);
  }
}
