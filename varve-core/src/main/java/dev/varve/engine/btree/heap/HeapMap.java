package dev.varve.engine.btree.heap;

import dev.varve.format.EditFile;
import dev.varve.format.EditFile.Pointer;
import dev.varve.format.FileKind;
import dev.varve.format.StoreFileName;
import dev.varve.kv.CorruptionException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The map of a heap: which objects there are, and where, as its file has it.
///
/// @threads one at a time
/// @lifetime until [#close]
final class HeapMap implements AutoCloseable {
  /* The highest-numbered map counts. A new one takes its name when it is durable, and the one before
   * is deleted only when the new one's name is durable too. A map that a process finds may be in the
   * cache of the operating system alone, its last edit as well as its name; so both are made durable
   * before anything is done that relies on them. */

  private final HeapEnvironment environment;
  private final long bytesMin;
  private final ReplacedMaps replaced;
  private long number;

  /** What was read; null for a map that is not there yet, and once [#file] goes on with it. */
  private EditFile.@Nullable Content found;

  private @Nullable EditFile file;

  /** Where the first edit ends. */
  private long firstBytes;

  private boolean settled;
  private long bytesWritten;
  private long replacements;

  private HeapMap(HeapEnvironment environment, HeapOptions options, ReplacedMaps replaced) {
    this.environment = environment;
    this.bytesMin = options.mapBytesMin();
    this.replaced = replaced;
  }

  /// A map that is not there yet.
  static HeapMap absent(HeapEnvironment environment, HeapOptions options, ReplacedMaps replaced) {
    return new HeapMap(environment, options, replaced);
  }

  private static EditFile.Place place(HeapEnvironment environment, long number) {
    return new EditFile.Place(
        environment.fileSystem(),
        path(environment, number),
        FileKind.HEAP_MAP,
        environment.store(),
        environment.keyspace(),
        number);
  }

  static Path path(HeapEnvironment environment, long number) {
    return environment.directory().resolve(StoreFileName.heapMap(environment.keyspace(), number));
  }

  /// Reads the map that counts, which [#highest] answered.
  ///
  /// @param pointer what the catalog knows
  /// @param reading takes what is in it
  /// @throws CorruptionException when it is damaged, missing or another's
  /// @throws dev.varve.kv.FormatException when a newer Varve wrote it
  /// @throws IOException when the device refuses
  static HeapMap read(
      HeapEnvironment environment,
      HeapOptions options,
      ReplacedMaps replaced,
      long number,
      Pointer pointer,
      MapReading reading)
      throws IOException {
    HeapMap map = new HeapMap(environment, options, replaced);
    map.number = number;
    map.found = content(environment, number, pointer, reading);
    map.firstBytes = reading.firstEnd();
    return map;
  }

  /** The number of the map that counts, which may turn out to be missing. */
  static long highest(HeapEnvironment environment, long atLeast) throws IOException {
    long highest = atLeast;
    for (String name : environment.fileSystem().list(environment.directory())) {
      if (StoreFileName.parse(name) instanceof StoreFileName.HeapMap(int keyspace, long other)
          && keyspace == environment.keyspace()) {
        highest = Math.max(highest, other);
      }
    }
    return highest;
  }

  static EditFile.Content content(
      HeapEnvironment environment, long number, Pointer pointer, MapReading reading)
      throws IOException {
    long editsMin = number == pointer.number() ? pointer.edits() : 1;
    try {
      return EditFile.read(place(environment, number), editsMin, reading);
    } catch (NoSuchFileException e) {
      throw new CorruptionException(path(environment, number), 0, "a map", "none", e);
    }
  }

  /// Makes what was found durable, once; then deletes what a crash left besides.
  ///
  /// @throws dev.varve.fs.NoSpaceException when the device is full; it may be tried again
  /// @throws IOException when the device refuses; what is durable is unknown for good
  void settle() throws IOException {
    if (settled) {
      return;
    }
    Set<String> unfinished = new TreeSet<>();
    long highest = look(unfinished);
    EditFile.Content content = found;
    if (content == null) {
      number = highest + 1;
    } else {
      EditFile opened = file;
      if (opened == null) {
        opened = EditFile.open(place(environment, number), content);
        file = opened;
      }
      opened.sync();
      HeapFile.syncDirectory(environment.fileSystem(), environment.directory());
    }
    replaced.deleteTemporary(unfinished);
    settled = true;
  }

  /** Notes which maps there are beside this one; answers the highest number of them. */
  private long look(Set<String> unfinished) throws IOException {
    long highest = 0;
    for (String name : environment.fileSystem().list(environment.directory())) {
      boolean temporary = name.endsWith(StoreFileName.TEMPORARY_SUFFIX);
      String plain =
          temporary
              ? name.substring(0, name.length() - StoreFileName.TEMPORARY_SUFFIX.length())
              : name;
      if (StoreFileName.parse(plain) instanceof StoreFileName.HeapMap(int keyspace, long other)
          && keyspace == environment.keyspace()) {
        if (temporary) {
          unfinished.add(name);
        } else if (found == null || other != number) {
          highest = Math.max(highest, other);
          replaced.add(other);
        }
      }
    }
    return highest;
  }

  /// Makes an edit durable. Where the map would become too long, a short one takes its place.
  ///
  /// @param all all objects as the edit leaves them, in their order
  /// @throws dev.varve.fs.NoSpaceException when the device is full; nothing changed
  /// @throws IOException when the device refuses; what is durable is unknown for good
  void commit(MapEdit edit, long heapNumber, int slabBytes, Supplier<StoredObject[]> all)
      throws IOException {
    settle();
    EditFile current = file;
    if (current != null) {
      List<byte[]> parts = MapCodec.encode(edit);
      long before = current.bytes();
      if (current.bytesWith(parts) - firstBytes <= Math.max(firstBytes, bytesMin)) {
        current.append(parts);
        bytesWritten += current.bytes() - before;
        return;
      }
    }
    long next = current == null ? number : number + 1;
    EditFile made =
        EditFile.create(
            place(environment, next),
            environment.clock().wallMillis(),
            MapCodec.encodeAll(
                heapNumber, slabBytes, edit.generation(), edit.cut(), edit.note(), all.get()));
    if (current != null) {
      replaced.add(number);
      replacements++;
      close(current);
    }
    file = made;
    number = next;
    firstBytes = made.bytes();
    bytesWritten += firstBytes;
  }

  private static void close(EditFile replaced) {
    try {
      replaced.close();
    } catch (IOException _) {
      // All of it is durable, and in the new map.
      return;
    }
  }

  /// Whether there is a map.
  boolean exists() {
    return file != null || found != null;
  }

  /// Where it is and how much is in it.
  Pointer pointer() {
    EditFile current = file;
    EditFile.Content content = found;
    long edits = current != null ? current.edits() : content == null ? 0 : content.edits();
    return new Pointer(number, edits);
  }

  /// Its length in bytes.
  long bytes() {
    EditFile current = file;
    EditFile.Content content = found;
    return current != null ? current.bytes() : content == null ? 0 : content.end();
  }

  /// How many bytes were written to maps.
  long bytesWritten() {
    return bytesWritten;
  }

  /// How often a map was replaced.
  long replacements() {
    return replacements;
  }

  @Override
  public void close() throws IOException {
    EditFile current = file;
    if (current != null) {
      current.close();
    }
  }
}
