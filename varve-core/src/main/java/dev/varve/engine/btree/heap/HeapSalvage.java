package dev.varve.engine.btree.heap;

import dev.varve.base.Clock;
import dev.varve.base.ReaderEpochs;
import dev.varve.cache.MemoryBudget;
import dev.varve.format.EditFile.Pointer;
import dev.varve.format.StoreFileName;
import dev.varve.format.StoreId;
import dev.varve.fs.FileSystem;
import dev.varve.kv.CorruptionException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Reads what is sound of a heap, and says what is not. Changes nothing.
///
/// With a map that can be read, exactly its objects are looked for. Without one, every object that
/// is whole somewhere in the file is found, of however many versions of it slots are left.
///
/// @threads one at a time
public final class HeapSalvage {
  /// Where the files are.
  public record Source(FileSystem fileSystem, Path directory, StoreId store, int keyspace) {
    private HeapEnvironment environment() {
      return new HeapEnvironment(
          fileSystem,
          directory,
          store,
          keyspace,
          Clock.SYSTEM,
          new ReaderEpochs(1),
          new MemoryBudget(Long.MAX_VALUE));
    }
  }

  /// An object.
  ///
  /// @param name its name
  /// @param payload what it holds
  /// @param generation the batch that stored it: of two objects with one name, the one with the
  ///   greater number is newer. A batch that a crash made void may have had the same number as the
  ///   one that came instead
  /// @param offset where its first piece is in the heap file
  public record Found(ObjectKind kind, byte[] name, byte[] payload, long generation, long offset) {}

  /// What a map says beside its objects.
  ///
  /// @param cut the objects hold everything up to this sequence number
  /// @param note what the heap keeps for its user
  public record MapContent(long cut, byte[] note) {}

  /// What tells an object of a file from all others, wherever its pieces are.
  private record Identity(long generation, int ordinal) {}

  /** An object in several pieces, as far as they were seen. */
  private record Pieces(
      SlotHeader first, Map<Integer, Long> offsets, Map<Integer, Integer> lengths) {}

  private HeapSalvage() {}

  /// Reads the objects that the map names: the one that counts beside what the catalog knows.
  ///
  /// @param state what the catalog knows of the heap; null when the catalog is lost
  /// @param found takes each object that is sound
  /// @param losses takes a sentence for each that is not
  /// @throws CorruptionException when there is no map that can be read; then [#scan] is left
  /// @throws dev.varve.kv.FormatException when a newer Varve wrote it
  /// @throws IOException when the device refuses
  public static MapContent live(
      Source source, byte @Nullable [] state, Consumer<Found> found, Consumer<String> losses)
      throws IOException {
    HeapEnvironment environment = source.environment();
    Pointer known = state == null ? null : Pointer.decode(state);
    Pointer pointer = known == null ? new Pointer(0, 1) : known;
    long number = HeapMap.highest(environment, pointer.number());
    try (HeapFile file = HeapFile.open(environment, Heap.NUMBER);
        ReadBuffers buffers = new ReadBuffers(environment.budget())) {
      MapReading reading = new MapReading(HeapMap.path(environment, number), file.size(), _ -> {});
      var _ = HeapMap.content(environment, number, pointer, reading);
      StoredObject[] objects = reading.objects();
      SlotHeader.Place place =
          SlotHeader.Place.of(source.store, source.keyspace, reading.heapNumber());
      SlotReader reader = new SlotReader(file, place, reading.table().classes(), buffers);
      for (StoredObject object : objects) {
        try {
          byte[] payload = reader.read(object);
          found.accept(
              new Found(
                  object.kind(), object.name(), payload, object.generation(), object.offset(0)));
        } catch (CorruptionException e) {
          losses.accept(String.valueOf(e.getMessage()));
        }
      }
      return new MapContent(reading.cut(), reading.note());
    }
  }

  /// Finds objects without a map, in every heap file of the keyspace.
  ///
  /// @param found takes each object once, however many copies of it there are
  /// @param losses takes a sentence for what is not whole; that may be old
  /// @throws IOException when the device refuses
  public static void scan(Source source, Consumer<Found> found, Consumer<String> losses)
      throws IOException {
    for (String name : source.fileSystem.list(source.directory)) {
      if (StoreFileName.parse(name) instanceof StoreFileName.Heap(int keyspace, long number)
          && keyspace == source.keyspace) {
        SlotHeader.Place place = SlotHeader.Place.of(source.store, keyspace, number);
        Path path = source.directory.resolve(name);
        try (SlotScan scan = SlotScan.open(source.fileSystem, path, place)) {
          scan(scan, path, found, losses);
        }
      }
    }
  }

  private static void scan(SlotScan scan, Path path, Consumer<Found> found, Consumer<String> losses)
      throws IOException {
    Set<Identity> seen = new HashSet<>();
    Map<Identity, Pieces> parts = new HashMap<>();
    while (scan.next()) {
      SlotHeader header = scan.header();
      Identity identity = new Identity(header.generation(), header.ordinal());
      if (header.pieces() > 1) {
        Pieces pieces =
            parts.computeIfAbsent(
                identity, _ -> new Pieces(header, new TreeMap<>(), new TreeMap<>()));
        pieces.offsets.put(header.piece(), scan.offset());
        pieces.lengths.put(header.piece(), header.length());
      } else if (seen.add(identity)) {
        found.accept(object(header, scan.content(), scan.offset()));
      }
    }
    int incomplete = 0;
    for (Pieces pieces : parts.values()) {
      byte[] content = contentOf(scan, pieces);
      if (content == null) {
        incomplete++;
      } else {
        found.accept(object(pieces.first, content, pieces.offsets.getOrDefault(0, 0L)));
      }
    }
    if (incomplete > 0) {
      losses.accept(
          path + " has only some of the pieces of " + incomplete + " objects, which may be old");
    }
  }

  /** What all pieces hold together, or null when one is missing. */
  private static byte @Nullable [] contentOf(SlotScan scan, Pieces pieces) throws IOException {
    long bytes = pieces.lengths.values().stream().mapToLong(Integer::longValue).sum();
    if (pieces.offsets.size() < pieces.first.pieces()
        || bytes < pieces.first.nameLength()
        || bytes > Integer.MAX_VALUE - 8) {
      return null;
    }
    byte[] content = new byte[(int) bytes];
    int at = 0;
    for (Map.Entry<Integer, Long> piece : pieces.offsets.entrySet()) {
      byte[] part = scan.content(piece.getValue(), pieces.lengths.getOrDefault(piece.getKey(), 0));
      System.arraycopy(part, 0, content, at, part.length);
      at += part.length;
    }
    return content;
  }

  private static Found object(SlotHeader header, byte[] content, long offset) {
    ObjectKind kind = ObjectKind.ofCode(header.kind());
    return new Found(
        kind == null ? ObjectKind.LEAF : kind,
        Arrays.copyOf(content, header.nameLength()),
        Arrays.copyOfRange(content, header.nameLength(), content.length),
        header.generation(),
        offset);
  }
}
