package dev.varve.engine.btree.heap;

import dev.varve.cache.MemoryBudget;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.zip.CRC32C;

/// Writes the slots of a batch: gathers small ones, and writes what is adjacent together, in the
/// order of the file.
///
/// @threads one at a time
/// @lifetime until [#close]
final class SlotWriter implements AutoCloseable {
  private static final int WRITE_BYTES_MAX = 256 << 10;
  private static final int BYTES_MIN = 16 << 10;
  private static final int PLACES_MIN = 64;

  /** A slot that has more than this share of the buffer is written by itself. */
  private static final int SMALL_SHARE = 4;

  /** What must have been done before the first byte is written. */
  @FunctionalInterface
  interface Preparation {
    /// @throws IOException when the device refuses
    void run() throws IOException;
  }

  private final HeapFile file;
  private final SlotHeader.Place place;
  private final SizeClasses classes;
  private final MemoryBudget budget;
  private final int bytesMax;
  private final Preparation preparation;

  /** Slots one behind the other, in the order in which they came. */
  private byte[] gathered = new byte[0];

  /** Where the place of each is in the high half, and in the low half which one it is. */
  private long[] places = new long[0];

  /** Where each begins in `gathered`, and behind it the next. */
  private int[] begins = new int[1];

  private int count;

  /** What is written at once. */
  private byte[] run = new byte[0];

  /** A slot that is moved. */
  private byte[] borrowed = new byte[0];

  private boolean prepared;
  private long bytesWritten;
  private long memoryBytes;

  SlotWriter(
      HeapFile file,
      SlotHeader.Place place,
      SizeClasses classes,
      MemoryBudget budget,
      int bytesMax,
      Preparation preparation) {
    this.file = file;
    this.place = place;
    this.classes = classes;
    this.budget = budget;
    this.bytesMax = bytesMax;
    this.preparation = preparation;
  }

  /// An object's bytes: the name, then the payload.
  ///
  /// @param offset where the payload begins in its array
  record Content(byte[] name, byte[] payload, int offset) {
    /// Copies `length` of the object's bytes from `from` on.
    void copy(long from, int length, byte[] target, int at) {
      int ofName = Math.clamp(name.length - from, 0, length);
      if (ofName > 0) {
        System.arraycopy(name, (int) from, target, at, ofName);
      }
      int ofPayload = length - ofName;
      if (ofPayload > 0) {
        int begin = offset + (int) (from + ofName - name.length);
        System.arraycopy(payload, begin, target, at + ofName, ofPayload);
      }
    }

    void checksum(long from, int length, CRC32C crc) {
      int ofName = Math.clamp(name.length - from, 0, length);
      crc.update(name, ofName > 0 ? (int) from : 0, ofName);
      if (length > ofName) {
        crc.update(payload, offset + (int) (from + ofName - name.length), length - ofName);
      }
    }
  }

  /// Writes a piece of an object, at once or later; answers its checksum.
  ///
  /// @param from which of the object's bytes it begins with
  /// @throws IOException when the device refuses
  int write(int unit, SlotHeader header, Content content, long from) throws IOException {
    int length = header.length();
    int slotBytes = classes.bytes(classes.ofPiece(length));
    int mask = place.mask(StoredObject.offsetOf(unit));
    if (slotBytes > bytesMax / SMALL_SHARE) {
      return writeLarge(unit, header, content, from, slotBytes, mask);
    }
    int at = gather(unit, slotBytes);
    header.write(gathered, at);
    content.copy(from, length, gathered, at + SlotHeader.BYTES);
    int used = SlotHeader.BYTES + length;
    Arrays.fill(gathered, at + used, at + slotBytes, (byte) 0);
    int checksum = SlotHeader.plainChecksum(gathered, at, length) ^ mask;
    SlotHeader.putChecksum(gathered, at, checksum);
    return checksum;
  }

  /// Writes a slot that was read elsewhere, as it is but for its checksum, which is answered.
  ///
  /// @param from where it was
  /// @throws IOException when the device refuses
  int rewrite(int unit, int from, byte[] slot, int slotBytes) throws IOException {
    int checksum =
        SlotHeader.checksumAt(slot, 0)
            ^ place.mask(StoredObject.offsetOf(from))
            ^ place.mask(StoredObject.offsetOf(unit));
    SlotHeader.putChecksum(slot, 0, checksum);
    if (slotBytes > bytesMax / SMALL_SHARE) {
      prepare();
      put(StoredObject.offsetOf(unit), slot, 0, slotBytes);
    } else {
      int at = gather(unit, slotBytes);
      System.arraycopy(slot, 0, gathered, at, slotBytes);
    }
    return checksum;
  }

  /// Room for a slot that is moved, until the next call.
  byte[] borrow(int slotBytes) {
    if (borrowed.length < slotBytes) {
      account(slotBytes - (long) borrowed.length);
      borrowed = new byte[slotBytes];
    }
    return borrowed;
  }

  /** Makes room for a slot; answers where. */
  private int gather(int unit, int slotBytes) throws IOException {
    if (begins[count] + slotBytes > bytesMax) {
      flush();
    }
    int at = begins[count];
    if (at + slotBytes > gathered.length) {
      int wanted = Math.max(at + slotBytes, gathered.length * 4);
      byte[] larger = new byte[Math.clamp(wanted, Math.min(BYTES_MIN, bytesMax), bytesMax)];
      System.arraycopy(gathered, 0, larger, 0, at);
      account(larger.length - (long) gathered.length);
      gathered = larger;
    }
    if (count == places.length) {
      int more = Math.max(PLACES_MIN, count * 2);
      account((more - (long) count) * (Long.BYTES + Integer.BYTES));
      places = Arrays.copyOf(places, more);
      begins = Arrays.copyOf(begins, more + 1);
    }
    places[count] = Integer.toUnsignedLong(unit) << 32 | count;
    count++;
    begins[count] = at + slotBytes;
    return at;
  }

  private void account(long bytes) {
    memoryBytes += bytes;
    budget.use(bytes);
  }

  private int writeLarge(
      int unit, SlotHeader header, Content content, long from, int slotBytes, int mask)
      throws IOException {
    prepare();
    byte[] head = new byte[SlotHeader.BYTES];
    header.write(head, 0);
    CRC32C crc = new CRC32C();
    crc.update(head, SlotHeader.CHECKED_FROM, SlotHeader.BYTES - SlotHeader.CHECKED_FROM);
    content.checksum(from, header.length(), crc);
    int checksum = (int) crc.getValue() ^ mask;
    SlotHeader.putChecksum(head, 0, checksum);
    byte[] chunk = run();
    long offset = StoredObject.offsetOf(unit);
    for (int done = 0; done < slotBytes; ) {
      int size = Math.min(slotBytes - done, chunk.length);
      int at = 0;
      if (done == 0) {
        System.arraycopy(head, 0, chunk, 0, head.length);
        at = head.length;
      }
      int contentAt = Math.max(0, done - SlotHeader.BYTES);
      int ofContent = Math.clamp(header.length() - (long) contentAt, 0, size - at);
      content.copy(from + contentAt, ofContent, chunk, at);
      Arrays.fill(chunk, at + ofContent, size, (byte) 0);
      put(offset + done, chunk, 0, size);
      done += size;
    }
    return checksum;
  }

  private byte[] run() {
    if (run.length == 0) {
      run = new byte[Math.min(WRITE_BYTES_MAX, bytesMax)];
      account(run.length);
    }
    return run;
  }

  private void prepare() throws IOException {
    if (!prepared) {
      preparation.run();
      prepared = true;
    }
  }

  private void put(long offset, byte[] bytes, int from, int length) throws IOException {
    file.write(offset, MemorySegment.ofArray(bytes).asSlice(from, length));
    bytesWritten += length;
  }

  /// Writes what is gathered.
  ///
  /// @throws IOException when the device refuses
  void flush() throws IOException {
    if (count == 0) {
      return;
    }
    prepare();
    Arrays.sort(places, 0, count);
    for (int i = 0; i < count; ) {
      i = putRun(i);
    }
    count = 0;
  }

  /**
   * Writes the slots from the `first`-th on that are adjacent; answers which is behind them. What a
   * slab has left behind its last slot is written over with zeros where that joins two slabs.
   */
  private int putRun(int first) throws IOException {
    long offset = offset(first);
    int next = first + 1;
    while (next < count
        && offset(next) == behind(next - 1)
        && offset(next) + length(next) - offset <= Math.min(WRITE_BYTES_MAX, bytesMax)) {
      next++;
    }
    if (next == first + 1) {
      put(offset, gathered, begins[(int) places[first]], length(first));
      return next;
    }
    byte[] together = run();
    int at = 0;
    for (int i = first; i < next; i++) {
      int begin = (int) (offset(i) - offset);
      Arrays.fill(together, at, begin, (byte) 0);
      System.arraycopy(gathered, begins[(int) places[i]], together, begin, length(i));
      at = begin + length(i);
    }
    put(offset, together, 0, at);
    return next;
  }

  /** Where the slot behind belongs: in the next slab for the last one of a slab. */
  private long behind(int i) {
    long end = offset(i) + length(i);
    long inSlab = (end - SlabTable.HEAD_BYTES) % classes.slabBytes();
    boolean last = inSlab == (long) length(i) * classes.slots(classes.of(length(i)));
    return last ? end - inSlab + classes.slabBytes() : end;
  }

  private long offset(int i) {
    return (places[i] >>> 32) * SizeClasses.UNIT_BYTES;
  }

  private int length(int i) {
    int which = (int) places[i];
    return begins[which + 1] - begins[which];
  }

  /// How many bytes were written so far.
  long bytesWritten() {
    return bytesWritten;
  }

  /// Gives the memory back; what is gathered is not written.
  @Override
  public void close() {
    account(-memoryBytes);
    count = 0;
  }
}
