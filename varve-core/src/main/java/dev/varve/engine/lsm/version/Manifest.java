package dev.varve.engine.lsm.version;

import dev.varve.format.EditFile;
import dev.varve.format.EditFrames;
import dev.varve.format.FileKind;
import dev.varve.format.StoreFileName;
import dev.varve.format.StoreId;
import dev.varve.fs.FileSystem;
import dev.varve.kv.CorruptionException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/// A file of edits, of which the first makes a whole version of none and each other one the next.
///
/// Reading it writes nothing; what a crash left of an edit is written over by the next.
///
/// @threads one at a time
/// @lifetime until [#close]
public final class Manifest implements AutoCloseable {
  /// Where a manifest is.
  ///
  /// @param keyspace the number of its keyspace
  public record Place(FileSystem fileSystem, Path directory, StoreId store, int keyspace) {
    Path path(long number) {
      return directory.resolve(StoreFileName.manifest(keyspace, number));
    }

    EditFile.Place file(long number) {
      return file(path(number), number);
    }

    EditFile.Place file(Path path, long number) {
      return new EditFile.Place(fileSystem, path, FileKind.MANIFEST, store, keyspace, number);
    }
  }

  /// What a manifest says.
  ///
  /// @param version the last version
  /// @param file how far the file is sound
  public record Content(Version version, EditFile.Content file) {
    /// How many edits led to the version.
    public long edits() {
      return file.edits();
    }

    /// Where the next edit belongs.
    public long end() {
      return file.end();
    }

    /// What a crash left behind the last edit.
    public long tornBytes() {
      return file.tornBytes();
    }
  }

  private final long number;
  private final EditFile file;

  private Manifest(long number, EditFile file) {
    this.number = number;
    this.file = file;
  }

  /// Makes a manifest whose first edit is a whole version; durable when the call returns.
  ///
  /// @throws IOException when the device refuses
  public static Manifest create(Place place, long number, Version version, long createdMillis)
      throws IOException {
    byte[] first = EditCodec.encode(version.asEdit());
    return new Manifest(
        number, EditFile.create(place.file(number), createdMillis, List.of(first).iterator()));
  }

  /// Goes on with a manifest that was read.
  public static Manifest open(Place place, long number, Content content) {
    return new Manifest(number, EditFile.open(place.file(number), content.file));
  }

  /// Reads a manifest.
  ///
  /// @throws CorruptionException when it is damaged, or has fewer edits than the pointer knows of
  /// @throws IOException when the device refuses
  public static Content read(Place place, EditFile.Pointer pointer) throws IOException {
    Reading reading = new Reading(place.path(pointer.number()));
    EditFile.Content file = EditFile.read(place.file(pointer.number()), pointer.edits(), reading);
    return new Content(reading.version, file);
  }

  /** Makes a version of what is read. */
  private static final class Reading implements EditFile.Visitor {
    private final Path path;
    private Version version = Version.EMPTY;

    Reading(Path path) {
      this.path = path;
    }

    @Override
    public void part(byte[] array, int from, int to, long position, boolean last) {
      long begin = position - EditFrames.HEADER_BYTES;
      if (!last) {
        throw new CorruptionException(path, begin, "an edit in one part", "one in several");
      }
      VersionEdit edit = EditCodec.decode(path, array, from, to, position);
      try {
        version = version.apply(edit);
      } catch (IllegalArgumentException e) {
        throw new CorruptionException(
            path, begin, "an edit of the version before", String.valueOf(e.getMessage()));
      }
    }
  }

  /// Appends an edit; durable when the call returns.
  ///
  /// @throws dev.varve.fs.NoSpaceException when the device is full; the edit is not there, and may
  ///   be appended again
  /// @throws IOException when the device refuses; whether the edit is there is then unknown for
  ///   good
  public void append(VersionEdit edit) throws IOException {
    file.append(List.of(EditCodec.encode(edit)));
  }

  /// Makes every edit durable: a process that was killed may have left the last one unsynced.
  ///
  /// @throws dev.varve.fs.NoSpaceException when the device is full; it may be tried again
  /// @throws IOException when the device refuses; which edits are there is then unknown for good
  public void sync() throws IOException {
    file.sync();
  }

  /// Where it is and how much is in it.
  public EditFile.Pointer pointer() {
    return new EditFile.Pointer(number, file.edits());
  }

  /// Its length in bytes.
  public long bytes() {
    return file.bytes();
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
