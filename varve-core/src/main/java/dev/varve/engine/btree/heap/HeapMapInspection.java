package dev.varve.engine.btree.heap;

import dev.varve.format.EditFile;
import dev.varve.format.EditFrames;
import dev.varve.format.Envelope;
import dev.varve.format.FileKind;
import dev.varve.format.StoreFileName;
import dev.varve.fs.FileSystem;
import dev.varve.fs.OpenMode;
import dev.varve.fs.StoreFile;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.FileInspection.Item;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// Describes the map of a heap for people: its edits, and the objects that they lead to.
///
/// @threads one at a time
public final class HeapMapInspection {
  /// What an item is that says which bytes of the heap file an object has.
  public static final String SLOT = "slot in the heap";

  private final Path file;
  private final int itemsMax;
  private final Map<String, String> properties;
  private final List<Item> items;
  private final List<String> problems;
  private final MapReading reading;

  /** Whether everything so far was sound, so that edits make sense. */
  private boolean whole = true;

  private long frames;
  private long edits;

  private HeapMapInspection(
      Path file,
      long heapBytes,
      int itemsMax,
      Map<String, String> properties,
      List<Item> items,
      List<String> problems) {
    this.file = file;
    this.itemsMax = itemsMax;
    this.properties = properties;
    this.items = items;
    this.problems = problems;
    this.reading = new MapReading(file, heapBytes, _ -> {});
  }

  /// Adds what is in a map to `properties`, `items` (up to `itemsMax` parts of edits, and as many
  /// objects) and `problems`.
  ///
  /// @param envelope the file's envelope, which is sound
  /// @throws IOException when the device refuses
  public static void describe(
      FileSystem fileSystem,
      Path file,
      Envelope envelope,
      int itemsMax,
      Map<String, String> properties,
      List<Item> items,
      List<String> problems)
      throws IOException {
    int keyspace = (int) envelope.scope();
    properties.put("keyspace", "" + keyspace);
    properties.put("file number", "" + envelope.number());
    String name = StoreFileName.heapMap(keyspace, envelope.number());
    if (!name.equals(String.valueOf(file.getFileName()))) {
      problems.add("the file's name is not " + name);
    }
    EditFile.Place place =
        new EditFile.Place(
            fileSystem, file, FileKind.HEAP_MAP, envelope.store(), keyspace, envelope.number());
    HeapMapInspection inspection =
        new HeapMapInspection(
            file, heapBytes(fileSystem, file, keyspace), itemsMax, properties, items, problems);
    try (EditFrames frames = EditFrames.open(place)) {
      inspection.walk(frames);
    }
    inspection.describeObjects();
  }

  /** How long the heap file beside the map is; 0 when there is none. */
  private static long heapBytes(FileSystem fileSystem, Path file, int keyspace) throws IOException {
    Path heap = file.resolveSibling(StoreFileName.heap(keyspace, Heap.NUMBER));
    if (!fileSystem.exists(heap)) {
      return 0;
    }
    try (StoreFile opened = fileSystem.open(heap, OpenMode.READ)) {
      return opened.size();
    }
  }

  private void walk(EditFrames found) throws IOException {
    long at = Envelope.SIZE;
    int before = Envelope.checksumOf(found.head());
    boolean within = false;
    while (found.find(at) || found.findFrom(at, 0)) {
      boolean next =
          found.position() == at
              && found.edit() == edits
              && found.before() == before
              && found.isContinuation() == within;
      if (!next && isLeftover(found)) {
        break;
      }
      if (!next) {
        whole = false;
        problem(at, "edit " + found.edit() + " where edit " + edits + " belongs");
      }
      before = found.checksum();
      at = found.next();
      within = !found.isLast();
      take(found);
    }
    if (edits == 0) {
      problem(Envelope.SIZE, "it has no whole edit");
    }
    properties.put("edits", "" + edits);
    properties.put("bytes of a torn edit", "" + (found.isZeroFrom(at) ? 0 : found.size() - at));
  }

  /** A part of an edit that was torn, or written over by a shorter one. */
  private boolean isLeftover(EditFrames found) {
    return found.edit() <= edits && found.isContinuation();
  }

  private void take(EditFrames found) {
    String detail = (found.to() - found.from()) + " bytes";
    if (whole) {
      try {
        reading.part(
            found.array(),
            found.from(),
            found.to(),
            found.position() + EditFrames.HEADER_BYTES,
            found.isLast());
        detail = reading.partText();
      } catch (CorruptionException e) {
        whole = false;
        problems.add(String.valueOf(e.getMessage()));
      }
    }
    if (frames++ < itemsMax) {
      String part = found.isContinuation() || !found.isLast() ? ", a part" : "";
      items.add(
          new Item(
              found.position(),
              found.next() - found.position(),
              "edit " + found.edit() + part,
              detail));
    }
    edits = found.isLast() ? found.edit() + 1 : found.edit();
  }

  private void problem(long offset, String what) {
    problems.add(file.getFileName() + " at byte " + offset + ": " + what);
  }

  private void describeObjects() {
    if (!whole || edits == 0) {
      return;
    }
    StoredObject[] objects;
    try {
      objects = reading.objects();
    } catch (CorruptionException e) {
      problems.add(String.valueOf(e.getMessage()));
      return;
    }
    long leaves = 0;
    long payloadBytes = 0;
    long slots = 0;
    for (StoredObject object : objects) {
      leaves += object.kind() == ObjectKind.LEAF ? 1 : 0;
      payloadBytes += object.payloadBytes();
      for (int piece = 0; piece < object.pieces() && slots < itemsMax; piece++, slots++) {
        items.add(slot(object, piece));
      }
    }
    properties.put("heap file", "" + reading.heapNumber());
    properties.put("bytes of a slab", "" + reading.table().classes().slabBytes());
    properties.put("last batch", "" + reading.generation());
    properties.put("holds every commit up to", "" + reading.cut());
    properties.put("bytes of the note", "" + reading.note().length);
    properties.put("leaves", "" + leaves);
    properties.put("large values", "" + (objects.length - leaves));
    properties.put("bytes of payloads", "" + payloadBytes);
    properties.put("bytes of slots in the heap file", "" + reading.table().liveBytes());
    if (reading.firstOutside() > 0) {
      problems.add(
          "it names a slot at " + reading.firstOutside() + ", which the heap file beside it lacks");
    }
  }

  private Item slot(StoredObject object, int piece) {
    String of = object.pieces() == 1 ? "in one piece" : "piece " + piece + " of " + object.pieces();
    return new Item(
        object.offset(piece),
        reading.table().slotBytes(object.unit(piece)),
        SLOT,
        object + ", a name of " + object.name().length + " bytes, " + of);
  }
}
