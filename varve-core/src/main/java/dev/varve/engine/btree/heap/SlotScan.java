package dev.varve.engine.btree.heap;

import dev.varve.fs.FileSystem;
import dev.varve.fs.OpenMode;
import dev.varve.fs.StoreFile;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/// Walks over the sound slots of a heap file, whatever is between them, without a map.
///
/// A slot that is not in use any more is as sound as one that is, until it is written over.
///
/// @threads one at a time
/// @lifetime until [#close]
final class SlotScan implements AutoCloseable {
  private static final int WINDOW_BYTES = 256 << 10;

  private final StoreFile file;
  private final SlotHeader.Place place;
  private final long size;
  private final byte[] window = new byte[WINDOW_BYTES];
  private long begin;
  private int count;
  private long next = SlabTable.HEAD_BYTES;
  private long offset;
  private SlotHeader header = new SlotHeader(0, 0, 0, 0, 0, 0, 0);

  private SlotScan(StoreFile file, SlotHeader.Place place, long size) {
    this.file = file;
    this.place = place;
    this.size = size;
  }

  /// Opens a file.
  ///
  /// @param place whose it is
  /// @throws IOException when the device refuses or there is no such file
  static SlotScan open(FileSystem fileSystem, Path path, SlotHeader.Place place)
      throws IOException {
    StoreFile file = fileSystem.open(path, OpenMode.READ);
    try {
      return new SlotScan(file, place, file.size());
    } catch (Throwable failure) {
      file.close();
      throw failure;
    }
  }

  long size() {
    return size;
  }

  /** Has the window hold `length` bytes of the file from `from`. */
  private int load(long from, int length) throws IOException {
    if (from < begin || from + length > begin + count) {
      count = 0;
      int wanted = (int) Math.min(size - from, window.length);
      file.readFully(from, MemorySegment.ofArray(window).asSlice(0, wanted));
      begin = from;
      count = wanted;
    }
    return (int) (from - begin);
  }

  /// Moves to the next sound slot; false when there is none.
  ///
  /// @throws IOException when the device refuses
  boolean next() throws IOException {
    for (; next + SlotHeader.BYTES <= size; next += SizeClasses.UNIT_BYTES) {
      header = SlotHeader.read(window, load(next, SlotHeader.BYTES));
      if (header.isPossible(size - next - SlotHeader.BYTES) && isSound(next, header.length())) {
        offset = next;
        long used = SlotHeader.BYTES + (long) header.length();
        next += (used + SizeClasses.UNIT_BYTES - 1) & -SizeClasses.UNIT_BYTES;
        return true;
      }
    }
    return false;
  }

  private boolean isSound(long at, int length) throws IOException {
    int stored = SlotHeader.checksumAt(window, load(at, SlotHeader.BYTES));
    CRC32C crc = new CRC32C();
    long end = at + SlotHeader.BYTES + length;
    for (long from = at + SlotHeader.CHECKED_FROM; from < end; ) {
      int chunk = (int) Math.min(end - from, WINDOW_BYTES);
      crc.update(window, load(from, chunk), chunk);
      from += chunk;
    }
    return ((int) crc.getValue() ^ place.mask(at)) == stored;
  }

  /// Where the slot begins.
  long offset() {
    return offset;
  }

  /// What its header says.
  SlotHeader header() {
    return header;
  }

  /// The object's bytes that are in it.
  ///
  /// @throws IOException when the device refuses
  byte[] content() throws IOException {
    return content(offset, header.length());
  }

  /// The object's bytes that are in a slot which the scan has passed.
  ///
  /// @throws IOException when the device refuses
  byte[] content(long slot, int length) throws IOException {
    byte[] bytes = new byte[length];
    file.readFully(slot + SlotHeader.BYTES, MemorySegment.ofArray(bytes));
    return bytes;
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
