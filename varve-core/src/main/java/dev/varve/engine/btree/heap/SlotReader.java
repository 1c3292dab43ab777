package dev.varve.engine.btree.heap;

import dev.varve.format.Envelope;
import dev.varve.kv.CorruptionException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.zip.CRC32C;

/// Reads objects, and believes nothing that does not check out.
///
/// @threads safe
final class SlotReader {
  private final HeapFile file;
  private final SlotHeader.Place place;
  private final SizeClasses classes;
  private final ReadBuffers buffers;

  SlotReader(HeapFile file, SlotHeader.Place place, SizeClasses classes, ReadBuffers buffers) {
    this.file = file;
    this.place = place;
    this.classes = classes;
    this.buffers = buffers;
  }

  /// The payload of an object.
  ///
  /// @throws CorruptionException when a piece is damaged, or another object's
  /// @throws IOException when the device refuses
  byte[] read(StoredObject object) throws IOException {
    byte[] payload = new byte[object.payloadBytes()];
    byte[] buffer = buffers.take(SlotHeader.BYTES + object.objectBytes());
    try {
      long done = 0;
      for (int piece = 0; piece < object.pieces(); piece++) {
        int length = classes.first(object.objectBytes() - done);
        readPiece(object, piece, done, length, buffer, payload);
        done += length;
      }
    } finally {
      buffers.give(buffer);
    }
    return payload;
  }

  /** Reads the piece with the object's bytes from `done` on; small ones through the buffer. */
  private void readPiece(
      StoredObject object, int piece, long done, int length, byte[] buffer, byte[] payload)
      throws IOException {
    int nameLeft = (int) Math.max(0, object.name().length - done);
    boolean small = SlotHeader.BYTES + length <= buffer.length;
    int through = small ? length : Math.min(length, nameLeft);
    long offset = object.offset(piece);
    read(object, piece, 0, MemorySegment.ofArray(buffer).asSlice(0, SlotHeader.BYTES + through));
    CRC32C crc = new CRC32C();
    crc.update(
        buffer, SlotHeader.CHECKED_FROM, SlotHeader.BYTES - SlotHeader.CHECKED_FROM + through);
    int skipped = Math.min(nameLeft, length);
    int target = (int) (done + skipped - object.name().length);
    if (small) {
      System.arraycopy(
          buffer, SlotHeader.BYTES + skipped, payload, Math.max(0, target), length - skipped);
    } else {
      MemorySegment rest = MemorySegment.ofArray(payload).asSlice(target, length - through);
      read(object, piece, SlotHeader.BYTES + through, rest);
      crc.update(payload, target, length - through);
    }
    check(object, piece, length, buffer, (int) crc.getValue() ^ place.mask(offset));
  }

  private void read(StoredObject object, int piece, int from, MemorySegment target)
      throws IOException {
    long offset = object.offset(piece);
    int count = file.read(offset + from, target);
    if (count < target.byteSize()) {
      throw new CorruptionException(
          file.path(),
          offset,
          expected(object, piece),
          "the file's end at " + (offset + from + count));
    }
  }

  private static String expected(StoredObject object, int piece) {
    return (object.pieces() == 1 ? "a " : "piece " + piece + " of a ")
        + object
        + ", checksum "
        + Envelope.hex(object.checksum(piece));
  }

  /**
   * Checks the slot whose header stands at the buffer's begin, and whose checksum must be `sum`.
   */
  private void check(StoredObject object, int piece, int length, byte[] buffer, int sum) {
    int stored = SlotHeader.checksumAt(buffer, 0);
    if (stored == sum
        && sum == object.checksum(piece)
        && SlotHeader.isOf(buffer, object, piece, length)) {
      return;
    }
    SlotHeader header = SlotHeader.read(buffer, 0);
    String found =
        stored == sum
            ? "a slot of generation " + header.generation() + ", checksum " + Envelope.hex(stored)
            : "bytes with checksum "
                + Envelope.hex(sum)
                + " that say they have "
                + Envelope.hex(stored);
    throw new CorruptionException(
        file.path(), object.offset(piece), expected(object, piece), found);
  }

  /// Reads the whole slot of a piece, as it is, to the begin of `target`, with zeros behind what is
  /// in it.
  ///
  /// @param length how many bytes of the object the piece has
  /// @throws CorruptionException when it is damaged, or another object's
  /// @throws IOException when the device refuses
  void readRaw(StoredObject object, int piece, int length, byte[] target) throws IOException {
    int used = SlotHeader.BYTES + length;
    read(object, piece, 0, MemorySegment.ofArray(target).asSlice(0, used));
    int sum = SlotHeader.plainChecksum(target, 0, length) ^ place.mask(object.offset(piece));
    check(object, piece, length, target, sum);
    Arrays.fill(target, used, classes.bytes(classes.ofPiece(length)), (byte) 0);
  }

  /// Checks all of a piece's slot: what is read, the name, and that nothing else is in it.
  ///
  /// @param done how many bytes of the object the pieces before have
  /// @param length how many this one has
  /// @throws CorruptionException when it is damaged, or another object's
  /// @throws IOException when the device refuses
  void verify(StoredObject object, int piece, long done, int length) throws IOException {
    int slotBytes = classes.bytes(classes.ofPiece(length));
    byte[] slot = new byte[slotBytes];
    read(object, piece, 0, MemorySegment.ofArray(slot));
    int sum = SlotHeader.plainChecksum(slot, 0, length) ^ place.mask(object.offset(piece));
    check(object, piece, length, slot, sum);
    int nameBytes = Math.clamp(object.name().length - done, 0, length);
    if (nameBytes > 0
        && !Arrays.equals(
            slot,
            SlotHeader.BYTES,
            SlotHeader.BYTES + nameBytes,
            object.name(),
            (int) done,
            (int) done + nameBytes)) {
      throw new CorruptionException(
          file.path(), object.offset(piece), expected(object, piece), "another name");
    }
    for (int at = SlotHeader.BYTES + length; at < slotBytes; at++) {
      if (slot[at] != 0) {
        throw new CorruptionException(
            file.path(), object.offset(piece) + at, "zeros behind a " + object, "another byte");
      }
    }
  }
}
