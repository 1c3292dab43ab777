package dev.varve.engine.lsm.version;

import dev.varve.base.Bytes;
import dev.varve.base.Varints;
import dev.varve.engine.lsm.version.SstableMeta.Counts;
import dev.varve.engine.lsm.version.VersionEdit.Added;
import dev.varve.engine.lsm.version.VersionEdit.BlobChange;
import dev.varve.engine.lsm.version.VersionEdit.Removed;
import dev.varve.kv.CorruptionException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Edits as bytes; `docs/format/manifest.md` has them.
///
/// @threads stateless
final class EditCodec {
  private static final int FLUSHED_THROUGH = 1;
  private static final int NEXT_NUMBER = 2;
  private static final int ADDED = 3;
  private static final int REMOVED = 4;
  private static final int BLOB_COMES = 5;
  private static final int BLOB_DIES = 6;
  private static final int BLOB_GOES = 7;

  private EditCodec() {}

  static byte[] encode(VersionEdit edit) {
    Writer writer = new Writer();
    if (edit.flushedThrough() != 0) {
      writer.number(FLUSHED_THROUGH).number(edit.flushedThrough());
    }
    if (edit.nextNumber() != 0) {
      writer.number(NEXT_NUMBER).number(edit.nextNumber());
    }
    for (Removed removed : edit.removed()) {
      writer.number(REMOVED).number(removed.level()).number(removed.number());
    }
    for (Added added : edit.added()) {
      write(writer.number(ADDED).number(added.level()), added.sstable());
    }
    for (BlobChange change : edit.blobs()) {
      switch (change) {
        case BlobChange.Comes(long number, long fileBytes, long liveBytes) ->
            writer.number(BLOB_COMES).number(number).number(fileBytes).number(liveBytes);
        case BlobChange.Dies(long number, long bytes) ->
            writer.number(BLOB_DIES).number(number).number(bytes);
        case BlobChange.Goes(long number) -> writer.number(BLOB_GOES).number(number);
      }
    }
    return Arrays.copyOf(writer.array, writer.length);
  }

  private static void write(Writer writer, SstableMeta sstable) {
    Counts counts = sstable.counts();
    writer
        .number(sstable.number())
        .number(sstable.fileBytes())
        .number(counts.entries())
        .number(counts.tombstones())
        .number(counts.rangeTombstones())
        .number(counts.keyBytes())
        .number(counts.valueBytes())
        .number(sstable.smallestSequence())
        .number(sstable.largestSequence())
        .number(sstable.createdMillis())
        .seed(sstable.seed())
        .number(sstable.ingestedAt())
        .bytes(sstable.from());
    byte @Nullable [] to = sstable.to();
    // An end takes one number more than its length, so that 0 can stand for none.
    if (to == null) {
      writer.number(0);
    } else {
      writer.number(to.length + 1L).raw(to);
    }
  }

  /// Reads the edit at `offset`.
  ///
  /// @param filePosition where `offset` is in the file, for messages
  /// @throws CorruptionException when it is none
  static VersionEdit decode(Path file, byte[] array, int offset, int end, long filePosition) {
    Reader reader = new Reader(file, array, offset, end, filePosition - offset);
    List<Added> added = new ArrayList<>();
    List<Removed> removed = new ArrayList<>();
    List<BlobChange> blobs = new ArrayList<>();
    long flushedThrough = 0;
    long nextNumber = 0;
    while (reader.at < end) {
      int tag = reader.small("a tag");
      switch (tag) {
        case FLUSHED_THROUGH -> flushedThrough = reader.number();
        case NEXT_NUMBER -> nextNumber = reader.number();
        case ADDED -> added.add(new Added(reader.level(), reader.sstable()));
        case REMOVED -> removed.add(new Removed(reader.level(), reader.number()));
        case BLOB_COMES ->
            blobs.add(new BlobChange.Comes(reader.number(), reader.number(), reader.number()));
        case BLOB_DIES -> blobs.add(new BlobChange.Dies(reader.number(), reader.number()));
        case BLOB_GOES -> blobs.add(new BlobChange.Goes(reader.number()));
        default -> throw reader.corrupt("a tag from 1 to 7", "tag " + tag);
      }
    }
    return new VersionEdit(added, removed, flushedThrough, nextNumber, blobs);
  }

  /** Appends fields. */
  private static final class Writer {
    private byte[] array = new byte[128];
    private int length;

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

    Writer seed(long value) {
      ensure(Long.BYTES);
      Bytes.putLong(array, length, value);
      length += Long.BYTES;
      return this;
    }

    void raw(byte[] bytes) {
      ensure(bytes.length);
      System.arraycopy(bytes, 0, array, length, bytes.length);
      length += bytes.length;
    }

    void bytes(byte[] bytes) {
      number(bytes.length).raw(bytes);
    }
  }

  /** Takes fields one by one. */
  private static final class Reader {
    private final Path file;
    private final byte[] array;
    private final int end;
    private final long shift;
    private int at;

    Reader(Path file, byte[] array, int offset, int end, long shift) {
      this.file = file;
      this.array = array;
      this.at = offset;
      this.end = end;
      this.shift = shift;
    }

    CorruptionException corrupt(String expected, String found) {
      return new CorruptionException(file, at + shift, expected, found);
    }

    long number() {
      long value = Varints.read(array, at, end);
      if (value == Varints.MALFORMED) {
        throw corrupt("a number", "bytes that are none");
      }
      at += Varints.size(value);
      return value;
    }

    int small(String what) {
      long value = number();
      if (value > 0xFFFF) {
        throw corrupt(what, "" + value);
      }
      return (int) value;
    }

    int level() {
      int level = small("a level");
      if (level >= Version.LEVELS) {
        throw corrupt("a level below " + Version.LEVELS, "level " + level);
      }
      return level;
    }

    long seed() {
      if (end - at < Long.BYTES) {
        throw corrupt("a seed of 8 bytes", "the edit's end");
      }
      at += Long.BYTES;
      return Bytes.getLong(array, at - Long.BYTES);
    }

    byte[] raw(long length) {
      if (length < 0 || length > end - at) {
        throw corrupt("a key of " + length + " bytes", "the edit's end");
      }
      byte[] bytes = Arrays.copyOfRange(array, at, at + (int) length);
      at += (int) length;
      return bytes;
    }

    SstableMeta sstable() {
      int begin = at;
      long number = number();
      long fileBytes = number();
      Counts counts = new Counts(number(), number(), number(), number(), number());
      long smallest = number();
      long largest = number();
      long created = number();
      long seed = seed();
      long ingestedAt = number();
      byte[] from = raw(number());
      long toLength = number();
      byte @Nullable [] to = toLength == 0 ? null : raw(toLength - 1);
      try {
        return new SstableMeta(
            number, fileBytes, from, to, counts, smallest, largest, created, seed, ingestedAt);
      } catch (IllegalArgumentException e) {
        at = begin;
        throw corrupt("an sstable", String.valueOf(e.getMessage()));
      }
    }
  }
}
