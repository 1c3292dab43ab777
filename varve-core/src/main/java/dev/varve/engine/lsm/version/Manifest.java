package dev.varve.engine.lsm.version;

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
import dev.varve.fs.SyncMode;
import dev.varve.kv.CorruptionException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// A file of edits, of which the first makes a whole version of none and each other one the next.
///
/// Reading it writes nothing; what a crash left of an edit is written over by the next.
///
/// @threads one at a time
/// @lifetime until [#close]
public final class Manifest implements AutoCloseable {
  /* An edit is synced before the next is appended. So at most the last one can be torn, and an edit
   * that is sound behind one that is not means damage. */

  static final int HEADER_BYTES = 24;

  static final int LENGTH = 4;
  static final int RECORD = 8;
  static final int BEFORE = 16;
  private static final int RESERVED = 20;

  /// Where a manifest is.
  ///
  /// @param keyspace the number of its keyspace
  public record Place(FileSystem fileSystem, Path directory, StoreId store, int keyspace) {
    Path path(long number) {
      return directory.resolve(StoreFileName.manifest(keyspace, number));
    }
  }

  /// A manifest and how much of it is known to be durable: what a catalog keeps of it.
  ///
  /// @param number its file's number
  /// @param edits it has at least so many
  public record Pointer(long number, long edits) {
    /// As bytes.
    public byte[] encode() {
      byte[] bytes = new byte[2 * Long.BYTES];
      Bytes.putLong(bytes, 0, number);
      Bytes.putLong(bytes, Long.BYTES, edits);
      return bytes;
    }

    /// Reads it, or answers null for bytes that are none.
    public static @Nullable Pointer decode(byte[] bytes) {
      return bytes.length != 2 * Long.BYTES
          ? null
          : new Pointer(Bytes.getLong(bytes, 0), Bytes.getLong(bytes, Long.BYTES));
    }
  }

  /// What a manifest says.
  ///
  /// @param version the last version
  /// @param edits how many edits led to it
  /// @param end where the next edit belongs
  /// @param lastChecksum the checksum of the last edit
  /// @param tornBytes what a crash left behind the last edit
  public record Content(Version version, long edits, long end, int lastChecksum, long tornBytes) {}

  private final Place place;
  private final long number;
  private final StoreFile file;
  private long edits;
  private long end;
  private int lastChecksum;

  private Manifest(
      Place place, long number, StoreFile file, long edits, long end, int lastChecksum) {
    this.place = place;
    this.number = number;
    this.file = file;
    this.edits = edits;
    this.end = end;
    this.lastChecksum = lastChecksum;
  }

  /// Makes a manifest whose first edit is a whole version; durable when the call returns.
  ///
  /// @throws IOException when the device refuses
  public static Manifest create(Place place, long number, Version version, long createdMillis)
      throws IOException {
    Path path = place.path(number);
    byte[] envelope = new byte[Envelope.SIZE];
    Envelope.of(FileKind.MANIFEST, place.store, place.keyspace, number, createdMillis)
        .write(envelope);
    byte[] first =
        frame(place, number, version.asEdit(), 0, Envelope.checksumOf(envelope), Envelope.SIZE);
    Path temporary = path.resolveSibling(path.getFileName() + StoreFileName.TEMPORARY_SUFFIX);
    try (AtomicFile atomic = AtomicFile.begin(place.fileSystem, path, temporary)) {
      atomic.append(envelope, 0, envelope.length);
      atomic.append(first, 0, first.length);
      atomic.commit();
    }
    StoreFile file = place.fileSystem.open(path, OpenMode.READ_WRITE);
    return new Manifest(
        place, number, file, 1, Envelope.SIZE + first.length, Bytes.getInt(first, 0));
  }

  /// Goes on with a manifest that was read.
  ///
  /// @throws IOException when the device refuses
  public static Manifest open(Place place, long number, Content content) throws IOException {
    StoreFile file = place.fileSystem.open(place.path(number), OpenMode.READ_WRITE);
    return new Manifest(place, number, file, content.edits, content.end, content.lastChecksum);
  }

  /// Reads a manifest.
  ///
  /// @throws CorruptionException when it is damaged, or has fewer edits than the pointer knows of
  /// @throws IOException when the device refuses
  public static Content read(Place place, Pointer pointer) throws IOException {
    Path path = place.path(pointer.number);
    byte[] bytes = readAll(place.fileSystem, path);
    Envelope.read(path, Arrays.copyOf(bytes, Math.min(bytes.length, Envelope.SIZE)))
        .require(path, FileKind.MANIFEST, place.store, place.keyspace, pointer.number);
    int at = Envelope.SIZE;
    int checksum = Envelope.checksumOf(bytes);
    long edits = 0;
    Version version = Version.EMPTY;
    while (isSound(place, pointer.number, bytes, at)
        && Bytes.getLong(bytes, at + RECORD) == edits
        && Bytes.getInt(bytes, at + BEFORE) == checksum) {
      int payloadEnd = at + HEADER_BYTES + Bytes.getInt(bytes, at + LENGTH);
      VersionEdit edit =
          EditCodec.decode(path, bytes, at + HEADER_BYTES, payloadEnd, at + HEADER_BYTES);
      try {
        version = version.apply(edit);
      } catch (IllegalArgumentException e) {
        throw new CorruptionException(
            path, at, "an edit of the version before", String.valueOf(e.getMessage()));
      }
      checksum = Bytes.getInt(bytes, at);
      edits++;
      at = padded(payloadEnd);
    }
    requireEnd(place, pointer, bytes, at, edits);
    long torn = isZero(bytes, at) ? 0 : bytes.length - at;
    return new Content(version, edits, at, checksum, torn);
  }

  static byte[] readAll(FileSystem fs, Path path) throws IOException {
    try (StoreFile file = fs.open(path, OpenMode.READ)) {
      byte[] bytes = new byte[Math.toIntExact(file.size())];
      file.readFully(0, MemorySegment.ofArray(bytes));
      return bytes;
    }
  }

  /** What is not sound at `at` is a torn edit only when nothing knew it, and nothing follows it. */
  private static void requireEnd(Place place, Pointer pointer, byte[] bytes, int at, long edits) {
    Path path = place.path(pointer.number);
    if (edits < Math.max(1, pointer.edits)) {
      throw new CorruptionException(
          path, at, "edit " + edits + " of " + Math.max(1, pointer.edits), "none that is sound");
    }
    for (int later = at; later <= bytes.length - HEADER_BYTES; later += Long.BYTES) {
      if (isSound(place, pointer.number, bytes, later)) {
        throw new CorruptionException(
            path,
            at,
            "edit " + edits,
            "none, and edit " + Bytes.getLong(bytes, later + RECORD) + " behind it at " + later);
      }
    }
  }

  private static boolean isZero(byte[] bytes, int from) {
    for (int i = from; i < bytes.length; i++) {
      if (bytes[i] != 0) {
        return false;
      }
    }
    return true;
  }

  static boolean isSound(Place place, long number, byte[] bytes, int at) {
    if (at > bytes.length - HEADER_BYTES) {
      return false;
    }
    int length = Bytes.getInt(bytes, at + LENGTH);
    return length >= 0
        && length <= bytes.length - at - HEADER_BYTES
        && Bytes.getInt(bytes, at + RESERVED) == 0
        && Bytes.getInt(bytes, at) == checksum(place, number, bytes, at, length, at)
        && isPadded(bytes, at + HEADER_BYTES + length);
  }

  private static boolean isPadded(byte[] bytes, int from) {
    for (int i = from; i < padded(from); i++) {
      if (i >= bytes.length || bytes[i] != 0) {
        return false;
      }
    }
    return true;
  }

  /** Binds an edit to its store, keyspace, file and position. */
  private static int checksum(
      Place place, long number, byte[] array, int offset, int length, long position) {
    int sum = Checksum.of(array, offset + LENGTH, HEADER_BYTES - LENGTH + length);
    long where = (place.keyspace * 0x9E3779B97F4A7C15L + number) * 0x9E3779B97F4A7C15L + position;
    return sum ^ place.store.salt() ^ (int) (where ^ where >>> 32);
  }

  static int padded(int length) {
    return length + 7 & -8;
  }

  private static byte[] frame(
      Place place, long number, VersionEdit edit, long record, int before, long position) {
    byte[] payload = EditCodec.encode(edit);
    byte[] frame = new byte[padded(HEADER_BYTES + payload.length)];
    Bytes.putInt(frame, LENGTH, payload.length);
    Bytes.putLong(frame, RECORD, record);
    Bytes.putInt(frame, BEFORE, before);
    System.arraycopy(payload, 0, frame, HEADER_BYTES, payload.length);
    Bytes.putInt(frame, 0, checksum(place, number, frame, 0, payload.length, position));
    return frame;
  }

  /// Appends an edit; durable when the call returns.
  ///
  /// @throws dev.varve.fs.NoSpaceException when the device is full; the edit is not there, and may
  ///   be appended again
  /// @throws IOException when the device refuses; whether the edit is there is then unknown for
  ///   good
  public void append(VersionEdit edit) throws IOException {
    byte[] frame = frame(place, number, edit, edits, lastChecksum, end);
    file.write(end, MemorySegment.ofArray(frame));
    file.sync(SyncMode.FULL);
    edits++;
    end += frame.length;
    lastChecksum = Bytes.getInt(frame, 0);
  }

  /// Where it is and how much is in it.
  public Pointer pointer() {
    return new Pointer(number, edits);
  }

  /// Its length in bytes.
  public long bytes() {
    return end;
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
