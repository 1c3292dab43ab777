package dev.varve.format;

import dev.varve.base.Bytes;
import dev.varve.base.Checksum;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.FormatException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// The first 64 bytes of every file; `docs/format/envelope.md` has the bytes.
///
/// @param kind what kind of file it is
/// @param version the format version of that kind
/// @param store whose it is
/// @param scope the lane or keyspace that it belongs to
/// @param number which one of its scope it is
/// @param createdMillis when it was made, milliseconds since 1970
public record Envelope(
    FileKind kind, int version, StoreId store, long scope, long number, long createdMillis) {
  /// Its length in bytes.
  public static final int SIZE = 64;

  private static final long MAGIC = 0x1A0A0D4556524156L;
  private static final int KIND = 8;
  private static final int VERSION = 10;
  private static final int FEATURES = 12;
  private static final int STORE_HIGH = 16;
  private static final int STORE_LOW = 24;
  private static final int SCOPE = 32;
  private static final int NUMBER = 40;
  private static final int CREATED = 48;
  private static final int RESERVED = 56;
  private static final int CHECKSUM = 60;

  /// The envelope of a new file in the current version.
  public static Envelope of(
      FileKind kind, StoreId store, long scope, long number, long createdMillis) {
    return new Envelope(kind, kind.version(), store, scope, number, createdMillis);
  }

  /// Writes the envelope to the first 64 bytes of `target`.
  public void write(byte[] target) {
    Bytes.putLong(target, 0, MAGIC);
    Bytes.putShort(target, KIND, kind.code());
    Bytes.putShort(target, VERSION, version);
    Bytes.putInt(target, FEATURES, 0);
    Bytes.putLong(target, STORE_HIGH, store.high());
    Bytes.putLong(target, STORE_LOW, store.low());
    Bytes.putLong(target, SCOPE, scope);
    Bytes.putLong(target, NUMBER, number);
    Bytes.putLong(target, CREATED, createdMillis);
    Bytes.putInt(target, RESERVED, 0);
    Bytes.putInt(target, CHECKSUM, Checksum.of(target, 0, CHECKSUM));
  }

  /// What the bytes of a written envelope check out to; binds other parts of the file to it.
  public static int checksumOf(byte[] header) {
    return Bytes.getInt(header, CHECKSUM);
  }

  /// Whether these bytes, at least 64, begin with a sound envelope of any kind and version.
  public static boolean isSound(byte[] header) {
    return Bytes.getLong(header, 0) == MAGIC
        && Bytes.getInt(header, CHECKSUM) == Checksum.of(header, 0, CHECKSUM);
  }

  /// Reads the envelope of a file of any kind.
  ///
  /// @param header the first bytes of the file; fewer than 64 when the file is shorter
  /// @throws CorruptionException when the bytes are damaged or not Varve's
  /// @throws FormatException when the file is of another version
  public static Envelope read(Path file, byte[] header) {
    if (header.length < SIZE) {
      throw new CorruptionException(
          file, header.length, "a file of at least " + SIZE + " bytes", "its end");
    }
    if (Bytes.getLong(header, 0) != MAGIC) {
      throw new CorruptionException(file, 0, "the mark of a file of Varve", "bytes that are none");
    }
    int checksum = Checksum.of(header, 0, CHECKSUM);
    if (Bytes.getInt(header, CHECKSUM) != checksum) {
      throw new CorruptionException(
          file, CHECKSUM, "checksum " + hex(checksum), hex(Bytes.getInt(header, CHECKSUM)));
    }
    int code = Bytes.getUnsignedShort(header, KIND);
    @Nullable FileKind kind = FileKind.ofCode(code);
    int version = Bytes.getUnsignedShort(header, VERSION);
    int features = Bytes.getInt(header, FEATURES);
    if (kind == null || version > kind.version() || features != 0) {
      throw new FormatException(
          file,
          file
              + " was written by a newer Varve (kind "
              + code
              + ", version "
              + version
              + ", features "
              + hex(features)
              + "; this one reads up to version "
              + (kind == null ? 0 : kind.version())
              + "). Nothing was changed; open it with that version");
    }
    if (version < 1) {
      throw new FormatException(
          file, file + " is of version " + version + ", which this Varve no longer reads");
    }
    return new Envelope(
        kind,
        version,
        new StoreId(Bytes.getLong(header, STORE_HIGH), Bytes.getLong(header, STORE_LOW)),
        Bytes.getLong(header, SCOPE),
        Bytes.getLong(header, NUMBER),
        Bytes.getLong(header, CREATED));
  }

  /// Checks that the file is the one that its place asks for.
  ///
  /// @throws CorruptionException when it belongs elsewhere
  public Envelope require(
      Path file, FileKind wantedKind, StoreId wantedStore, long wantedScope, long wantedNumber) {
    if (kind != wantedKind) {
      throw new CorruptionException(file, KIND, "a " + wantedKind, "a " + kind);
    }
    if (!store.equals(wantedStore)) {
      throw new CorruptionException(
          file, STORE_HIGH, "a file of store " + wantedStore, "one of store " + store);
    }
    if (scope != wantedScope) {
      throw new CorruptionException(file, SCOPE, "scope " + wantedScope, "scope " + scope);
    }
    if (number != wantedNumber) {
      throw new CorruptionException(file, NUMBER, "number " + wantedNumber, "number " + number);
    }
    return this;
  }

  /// A checksum as people write it.
  public static String hex(int checksum) {
    return String.format("%08x", checksum);
  }
}
