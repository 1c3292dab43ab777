package dev.varve.engine.btree.heap;

import dev.varve.base.Bytes;
import dev.varve.base.Varints;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;

/// Edits of a map as bytes; `docs/format/heap-map.md` has them. [MapReading] reads them.
///
/// @threads stateless
final class MapCodec {
  static final int HEAP = 1;
  static final int BATCH = 2;
  static final int CUT = 3;
  static final int NOTE = 4;
  static final int GOES = 5;
  static final int MOVES = 6;
  static final int COMES = 7;

  /** A part ends with the first field that brings it to so many bytes. */
  private static final int PART_BYTES = 64 << 10;

  private MapCodec() {}

  /// The parts of an edit that changes what was before.
  static List<byte[]> encode(MapEdit edit) {
    Writer writer = new Writer(edit.generation());
    List<byte[]> parts = new ArrayList<>();
    writer.head(edit.cut(), edit.note());
    for (StoredObject object : edit.goes()) {
      writer.number(GOES).place(object.unit(0));
      writer.cutInto(parts);
    }
    for (MapEdit.Move move : edit.moves()) {
      writer.number(MOVES).place(move.from()).place(move.to()).fixed(move.checksum());
      writer.cutInto(parts);
    }
    for (StoredObject object : edit.comes()) {
      writer.comes(object);
      writer.cutInto(parts);
    }
    if (writer.length > 0 || parts.isEmpty()) {
      parts.add(writer.cut());
    }
    return parts;
  }

  /// The parts of a first edit, one by one.
  ///
  /// @param objects all that there are, in their order
  static Iterator<byte[]> encodeAll(
      long heapNumber,
      int slabBytes,
      long generation,
      long cut,
      byte[] note,
      StoredObject[] objects) {
    Writer writer = new Writer(generation);
    writer.number(HEAP).number(heapNumber).number(slabBytes);
    writer.head(cut, note);
    return new Iterator<>() {
      private int next;
      private boolean begun;

      @Override
      public boolean hasNext() {
        return !begun || next < objects.length;
      }

      @Override
      public byte[] next() {
        if (!hasNext()) {
          throw new NoSuchElementException();
        }
        begun = true;
        while (next < objects.length && writer.length < PART_BYTES) {
          writer.comes(objects[next++]);
        }
        return writer.cut();
      }
    };
  }

  /** Appends fields. */
  private static final class Writer {
    private static final byte[] NO_NAME = new byte[0];

    private final long generation;
    private byte[] array = new byte[256];
    private int length;

    /** The name that was written last in this part. */
    private byte[] before = NO_NAME;

    Writer(long generation) {
      this.generation = generation;
    }

    void head(long cut, byte[] note) {
      number(BATCH).number(generation).number(CUT).number(cut);
      number(NOTE).number(note.length).raw(note, 0);
    }

    private void ensure(int count) {
      if (count > array.length - length) {
        array = Arrays.copyOf(array, Math.max(array.length * 2, length + count));
      }
    }

    Writer number(long value) {
      ensure(Varints.SIZE_MAX);
      length = Varints.write(array, length, value);
      return this;
    }

    Writer place(int unit) {
      return number(Integer.toUnsignedLong(unit));
    }

    void fixed(int value) {
      ensure(Integer.BYTES);
      Bytes.putInt(array, length, value);
      length += Integer.BYTES;
    }

    private void raw(byte[] bytes, int from) {
      ensure(bytes.length - from);
      System.arraycopy(bytes, from, array, length, bytes.length - from);
      length += bytes.length - from;
    }

    void comes(StoredObject object) {
      byte[] name = object.name();
      int shared = Arrays.mismatch(before, name);
      if (shared < 0) {
        shared = name.length;
      }
      number(COMES).number(object.kind().code()).number(generation - object.generation());
      number(shared).number(name.length - shared).raw(name, shared);
      number(object.payloadBytes());
      for (int piece = 0; piece < object.pieces(); piece++) {
        place(object.unit(piece)).fixed(object.checksum(piece));
      }
      before = name;
    }

    void cutInto(List<byte[]> parts) {
      if (length >= PART_BYTES) {
        parts.add(cut());
      }
    }

    byte[] cut() {
      byte[] part = Arrays.copyOf(array, length);
      length = 0;
      before = NO_NAME;
      return part;
    }
  }
}
