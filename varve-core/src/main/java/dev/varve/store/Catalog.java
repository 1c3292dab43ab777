package dev.varve.store;

import dev.varve.base.Bytes;
import dev.varve.base.Checksum;
import dev.varve.format.Envelope;
import dev.varve.format.FileKind;
import dev.varve.format.StoreFileName;
import dev.varve.format.StoreId;
import dev.varve.fs.AtomicFile;
import dev.varve.fs.FileSystem;
import dev.varve.fs.OpenMode;
import dev.varve.fs.StoreFile;
import dev.varve.kv.CorruptionException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// What a store's files hold as of one commit; `docs/format/catalog.md` has the bytes.
///
/// @param store the store's identity
/// @param edition one more with each catalog that is written
/// @param createdMillis when this one was, milliseconds since 1970
/// @param catalogThrough the keyspaces are those after this commit
/// @param durableThrough the log was durable up to this commit
/// @param nextKeyspace the number that the next keyspace gets
/// @param incarnation how often the log had begun
/// @param firstNeeded for each lane the lowest segment that is needed
/// @param options the store's options as text
/// @param keyspaces the keyspaces, by number
record Catalog(
    StoreId store,
    long edition,
    long createdMillis,
    long catalogThrough,
    long durableThrough,
    int nextKeyspace,
    int incarnation,
    List<Long> firstNeeded,
    String options,
    List<Entry> keyspaces) {

  /** Far more than any catalog has, as is the list's; what says more is damage. */
  private static final int BYTES_MAX = 1 << 28;

  private static final int LIST_MAX = 1 << 20;

  /// A keyspace.
  ///
  /// @param id its number
  /// @param flushedThrough its files hold every commit up to this one
  /// @param engineState what its engine needs to find its files
  /// @param name its name
  /// @param options its options as text
  record Entry(int id, long flushedThrough, byte[] engineState, String name, String options) {}

  Catalog {
    firstNeeded = List.copyOf(firstNeeded);
    keyspaces = List.copyOf(keyspaces);
  }

  /// The lowest commit that some engine's files lack less one: replay begins behind it.
  long flushedThrough() {
    long through = catalogThrough;
    for (Entry entry : keyspaces) {
      through = Math.min(through, entry.flushedThrough);
    }
    return through;
  }

  /// Writes the catalog in the place of the one before, durably.
  ///
  /// @throws IOException when the device refuses; then the old one or this one stands
  void write(FileSystem fileSystem, Path directory) throws IOException {
    byte[] bytes = encode();
    Path path = directory.resolve(StoreFileName.CATALOG);
    Path temporary = directory.resolve(StoreFileName.CATALOG + StoreFileName.TEMPORARY_SUFFIX);
    try (AtomicFile file = AtomicFile.begin(fileSystem, path, temporary)) {
      file.append(bytes, 0, bytes.length);
      file.commit();
    }
  }

  /// Reads a store's catalog.
  ///
  /// @throws CorruptionException when it is damaged
  /// @throws dev.varve.kv.FormatException when it is of another version
  /// @throws IOException when the device refuses
  static Catalog read(FileSystem fileSystem, Path path) throws IOException {
    try (StoreFile file = fileSystem.open(path, OpenMode.READ)) {
      long size = file.size();
      if (size > BYTES_MAX) {
        throw new CorruptionException(
            path, 0, "a catalog of at most " + BYTES_MAX + " bytes", size + " bytes");
      }
      byte[] bytes = new byte[(int) size];
      file.readFully(0, MemorySegment.ofArray(bytes));
      return decode(path, bytes);
    }
  }

  byte[] encode() {
    Writer writer = new Writer();
    byte[] envelope = new byte[Envelope.SIZE];
    Envelope.of(FileKind.CATALOG, store, 0, edition, createdMillis).write(envelope);
    writer.raw(envelope);
    writer.putLong(catalogThrough);
    writer.putLong(durableThrough);
    writer.putInt(nextKeyspace);
    writer.putInt(incarnation);
    writer.putInt(firstNeeded.size());
    firstNeeded.forEach(writer::putLong);
    writer.bytes(options.getBytes(StandardCharsets.UTF_8));
    writer.putInt(keyspaces.size());
    for (Entry entry : keyspaces) {
      writer.putInt(entry.id);
      writer.putLong(entry.flushedThrough);
      writer.bytes(entry.engineState);
      writer.bytes(entry.name.getBytes(StandardCharsets.UTF_8));
      writer.bytes(entry.options.getBytes(StandardCharsets.UTF_8));
    }
    writer.putInt(Checksum.of(writer.array, 0, writer.length));
    return Arrays.copyOf(writer.array, writer.length);
  }

  static Catalog decode(Path path, byte[] bytes) {
    Envelope envelope =
        Envelope.read(path, Arrays.copyOf(bytes, Math.min(bytes.length, Envelope.SIZE)));
    if (envelope.kind() != FileKind.CATALOG) {
      throw new CorruptionException(path, 8, "a catalog", "a " + envelope.kind());
    }
    int end = bytes.length - 4;
    int checksum = end < Envelope.SIZE ? 0 : Checksum.of(bytes, 0, end);
    if (end < Envelope.SIZE || Bytes.getInt(bytes, end) != checksum) {
      throw new CorruptionException(
          path,
          Math.max(end, 0),
          "checksum " + Envelope.hex(checksum),
          end < Envelope.SIZE ? "the file's end" : Envelope.hex(Bytes.getInt(bytes, end)));
    }
    Reader reader = new Reader(path, bytes, end);
    long catalogThrough = reader.getLong();
    long durableThrough = reader.getLong();
    int nextKeyspace = reader.getInt();
    int incarnation = reader.getInt();
    List<Long> firstNeeded = new ArrayList<>();
    for (int lanes = reader.count(); lanes > 0; lanes--) {
      firstNeeded.add(reader.getLong());
    }
    String options = reader.text();
    List<Entry> keyspaces = new ArrayList<>();
    for (int count = reader.count(); count > 0; count--) {
      keyspaces.add(
          new Entry(
              reader.getInt(), reader.getLong(), reader.bytes(), reader.text(), reader.text()));
    }
    reader.requireEnd();
    return new Catalog(
        envelope.store(),
        envelope.number(),
        envelope.createdMillis(),
        catalogThrough,
        durableThrough,
        nextKeyspace,
        incarnation,
        firstNeeded,
        options,
        keyspaces);
  }

  /** Appends fields. */
  private static final class Writer {
    private byte[] array = new byte[256];
    private int length;

    private void ensure(int count) {
      if (length + count > array.length) {
        array = Arrays.copyOf(array, Math.max(array.length * 2, length + count));
      }
    }

    void putInt(int value) {
      ensure(Integer.BYTES);
      Bytes.putInt(array, length, value);
      length += Integer.BYTES;
    }

    void putLong(long value) {
      ensure(Long.BYTES);
      Bytes.putLong(array, length, value);
      length += Long.BYTES;
    }

    void raw(byte[] bytes) {
      ensure(bytes.length);
      System.arraycopy(bytes, 0, array, length, bytes.length);
      length += bytes.length;
    }

    void bytes(byte[] bytes) {
      putInt(bytes.length);
      raw(bytes);
    }
  }

  /** Takes fields one by one. The checksum was right, so what does not fit was never written so. */
  private static final class Reader {
    private final Path path;
    private final byte[] array;
    private final int end;
    private int at = Envelope.SIZE;

    Reader(Path path, byte[] array, int end) {
      this.path = path;
      this.array = array;
      this.end = end;
    }

    private int take(int count) {
      if (count < 0 || count > end - at) {
        throw new CorruptionException(path, at, "a field of " + count + " bytes", "its end");
      }
      int from = at;
      at += count;
      return from;
    }

    int getInt() {
      return Bytes.getInt(array, take(Integer.BYTES));
    }

    long getLong() {
      return Bytes.getLong(array, take(Long.BYTES));
    }

    int count() {
      int count = getInt();
      if (count < 0 || count > LIST_MAX) {
        throw new CorruptionException(path, at - 4, "a count", "" + count);
      }
      return count;
    }

    byte[] bytes() {
      int length = getInt();
      int from = take(length);
      return Arrays.copyOfRange(array, from, from + length);
    }

    String text() {
      return new String(bytes(), StandardCharsets.UTF_8);
    }

    void requireEnd() {
      if (at != end) {
        throw new CorruptionException(path, at, "the end", (end - at) + " more bytes");
      }
    }
  }
}
