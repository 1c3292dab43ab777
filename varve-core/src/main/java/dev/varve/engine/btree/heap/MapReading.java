package dev.varve.engine.btree.heap;

import dev.varve.base.Bytes;
import dev.varve.base.Varints;
import dev.varve.engine.btree.heap.MapEdit.Move;
import dev.varve.format.EditFile;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.Limits;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/// What a map says, as its edits are read one by one.
///
/// @threads one at a time
final class MapReading implements EditFile.Visitor {
  static final int NOTE_BYTES_MAX = 64 << 10;

  private static final byte[] NO_NAME = new byte[0];

  private final Path path;
  private final long heapBytes;
  private final LongConsumer memory;

  /** Fields of the part that is read. */
  private byte[] array = NO_NAME;

  private int at;
  private int end;
  private long shift;

  private long edits;
  private long heapNumber;
  private @Nullable SlabTable table;
  private long firstEnd;

  // As of the last whole edit.
  private long generation;
  private long cut;
  private byte[] note = NO_NAME;

  /** What the first edit has, in its order; objects that went later are gone. */
  private StoredObject[] first = new StoredObject[64];

  private int firstCount;
  private final List<StoredObject> later = new ArrayList<>();

  /** Whose the slots are that end behind the heap file. */
  private final Map<Integer, StoredObject> outside = new HashMap<>();

  /** What the last part had: its batch, and how many fields of each kind. */
  private long partBatch;

  private final int[] partCounts = new int[MapCodec.COMES + 1];

  // The edit that is read.
  private long pendingGeneration;
  private long pendingCut;
  private byte[] pendingNote = NO_NAME;
  private final List<Integer> pendingGoes = new ArrayList<>();
  private final List<Move> pendingMoves = new ArrayList<>();
  private final List<StoredObject> pendingComes = new ArrayList<>();

  /// @param path the map's, for messages
  /// @param heapBytes how long the heap file is
  /// @param memory is told how many bytes the table of slabs takes
  MapReading(Path path, long heapBytes, LongConsumer memory) {
    this.path = path;
    this.heapBytes = heapBytes;
    this.memory = memory;
  }

  /// The offset of a slot that the map names and that ends behind the heap file, or 0.
  long firstOutside() {
    return outside.keySet().stream().mapToLong(StoredObject::offsetOf).min().orElse(0);
  }

  /// Which slots are whose, when the first edit was read.
  SlabTable table() {
    SlabTable read = table;
    if (read == null) {
      throw new IllegalStateException("no edit was read");
    }
    return read;
  }

  long heapNumber() {
    return heapNumber;
  }

  /// The number of the last batch.
  long generation() {
    return generation;
  }

  long cut() {
    return cut;
  }

  byte[] note() {
    return note;
  }

  /// Where the first edit ends in the file.
  long firstEnd() {
    return firstEnd;
  }

  /// The last part in words, without names.
  String partText() {
    return "batch "
        + partBatch
        + ": "
        + partCounts[MapCodec.COMES]
        + " objects come, "
        + partCounts[MapCodec.GOES]
        + " go, "
        + partCounts[MapCodec.MOVES]
        + " pieces move";
  }

  @Override
  public void part(byte[] bytes, int from, int to, long position, boolean last) {
    Arrays.fill(partCounts, 0);
    array = bytes;
    at = from;
    end = to;
    shift = position - from;
    byte[] name = NO_NAME;
    while (at < end) {
      int begin = at;
      long tag = number();
      if (edits == 0 ? tag == MapCodec.GOES || tag == MapCodec.MOVES : tag == MapCodec.HEAP) {
        at = begin;
        throw corrupt("a field that edit " + edits + " may have", "tag " + tag);
      }
      switch ((int) Math.min(tag, Integer.MAX_VALUE)) {
        case MapCodec.HEAP -> heap();
        case MapCodec.BATCH -> pendingGeneration = batch();
        case MapCodec.CUT -> pendingCut = number();
        case MapCodec.NOTE -> pendingNote = raw(number(), NOTE_BYTES_MAX, "a note");
        case MapCodec.GOES -> pendingGoes.add(unit());
        case MapCodec.MOVES -> pendingMoves.add(new Move(unit(), unit(), fixed()));
        case MapCodec.COMES -> name = comes(name);
        default -> throw corrupt("a tag from 1 to 7", "tag " + tag);
      }
      partCounts[(int) tag]++;
    }
    partBatch = pendingGeneration;
    if (last) {
      finish(position);
    }
  }

  private void heap() {
    if (table != null) {
      throw corrupt("one heap", "a second one");
    }
    heapNumber = number();
    if (heapNumber != Heap.NUMBER) {
      throw corrupt("heap file " + Heap.NUMBER, "heap file " + heapNumber);
    }
    long slabBytes = number();
    if (slabBytes < HeapOptions.SLAB_BYTES_MIN
        || slabBytes > HeapOptions.SLAB_BYTES_MAX
        || Long.bitCount(slabBytes) != 1) {
      throw corrupt("the size of slabs", slabBytes + " bytes");
    }
    table = new SlabTable(new SizeClasses((int) slabBytes), memory);
  }

  private long batch() {
    long number = number();
    if (number <= generation) {
      throw corrupt("a batch behind " + generation, "batch " + number);
    }
    return number;
  }

  /** Reads an object; answers its name. */
  private byte[] comes(byte[] before) {
    SlabTable known = table;
    if (known == null || pendingGeneration == 0) {
      throw corrupt("the heap and the batch", "an object before them");
    }
    long code = number();
    ObjectKind kind = ObjectKind.ofCode((int) Math.min(code, Byte.MAX_VALUE));
    long age = number();
    if (kind == null || age >= pendingGeneration) {
      throw corrupt("an object", "one of kind " + code + " and age " + age);
    }
    byte[] name = name(before);
    long payload = number();
    if (payload > Limits.VALUE_BYTES_MAX) {
      throw corrupt("a payload of up to " + Limits.VALUE_BYTES_MAX + " bytes", "" + payload);
    }
    int pieces = known.classes().pieces(name.length + payload);
    if (pieces > end - at) {
      throw corrupt(pieces + " pieces", (end - at) + " more bytes");
    }
    int[] places = new int[2 * pieces];
    for (int i = 0; i < places.length; i += 2) {
      places[i] = unit();
      places[i + 1] = fixed();
    }
    StoredObject object =
        new StoredObject(
            kind, name, (int) payload, pendingGeneration - age, places, StoredObject.State.LIVE);
    if (edits == 0) {
      takeFirst(known, object);
    } else {
      pendingComes.add(object);
    }
    return name;
  }

  private byte[] name(byte[] before) {
    long shared = number();
    long length = number();
    if (shared > before.length
        || length > end - at
        || shared + length > SlotHeader.NAME_BYTES_MAX) {
      throw corrupt("a name", shared + " and " + length + " bytes of one");
    }
    byte[] name = new byte[(int) (shared + length)];
    System.arraycopy(before, 0, name, 0, (int) shared);
    System.arraycopy(array, at, name, (int) shared, (int) length);
    at += (int) length;
    return name;
  }

  private void takeFirst(SlabTable known, StoredObject object) {
    if (firstCount > 0 && StoredObject.ORDER.compare(first[firstCount - 1], object) >= 0) {
      throw corrupt("objects in their order", "a " + object + " out of it");
    }
    if (firstCount == first.length) {
      first = Arrays.copyOf(first, firstCount * 2);
    }
    first[firstCount++] = object;
    place(known, object, at + shift);
  }

  private void place(SlabTable known, StoredObject object, long position) {
    long rest = object.objectBytes();
    for (int piece = 0; piece < object.pieces(); piece++) {
      int length = known.classes().first(rest);
      rest -= length;
      place(known, object, piece, known.classes().ofPiece(length), position);
    }
  }

  private void place(
      SlabTable known, StoredObject object, int piece, int sizeClass, long position) {
    if (object.offset(piece) + known.classes().bytes(sizeClass) > heapBytes) {
      outside.put(object.unit(piece), object);
      return;
    }
    String problem = known.place(object.unit(piece), sizeClass, object);
    if (problem != null) {
      throw new CorruptionException(
          path,
          position,
          "a slot for piece " + piece + " of a " + object,
          "offset " + object.offset(piece) + ": " + problem);
    }
  }

  private void finish(long position) {
    SlabTable known = table;
    if (known == null || pendingGeneration == 0) {
      throw corrupt("the heap and the batch", "the edit's end");
    }
    for (int unit : pendingGoes) {
      goes(known, unit, position);
    }
    for (Move move : pendingMoves) {
      moves(known, move, position);
    }
    for (StoredObject object : pendingComes) {
      place(known, object, position);
      later.add(object);
    }
    pendingGoes.clear();
    pendingMoves.clear();
    pendingComes.clear();
    generation = pendingGeneration;
    pendingGeneration = 0;
    cut = pendingCut;
    note = pendingNote;
    if (edits == 0) {
      firstEnd = end + shift + 7 & -8L;
    }
    edits++;
  }

  private void goes(SlabTable known, int unit, long position) {
    StoredObject object = owner(known, unit, position);
    if (object.unit(0) != unit) {
      throw new CorruptionException(path, position, "an object's first piece", "another one");
    }
    for (int piece = 0; piece < object.pieces(); piece++) {
      remove(known, object.unit(piece));
    }
    object.enter(StoredObject.State.GONE);
  }

  private void moves(SlabTable known, Move move, long position) {
    StoredObject object = owner(known, move.from(), position);
    int[] places = object.places();
    int moved = 0;
    while (object.unit(moved) != move.from()) {
      moved++;
    }
    places[2 * moved] = move.to();
    places[2 * moved + 1] = move.checksum();
    StoredObject next = object.movedTo(places);
    next.enter(StoredObject.State.LIVE);
    remove(known, move.from());
    long rest = object.objectBytes();
    for (int piece = 0; piece < object.pieces(); piece++) {
      int length = known.classes().first(rest);
      rest -= length;
      if (piece == moved) {
        place(known, next, piece, known.classes().ofPiece(length), position);
      } else if (outside.containsKey(object.unit(piece))) {
        outside.put(object.unit(piece), next);
      } else {
        known.replaceOwner(object.unit(piece), next);
      }
    }
    object.enter(StoredObject.State.GONE);
    later.add(next);
  }

  private void remove(SlabTable known, int unit) {
    if (outside.remove(unit) == null) {
      known.retire(unit);
      known.reuse(unit);
    }
  }

  private StoredObject owner(SlabTable known, int unit, long position) {
    StoredObject own = known.owner(unit);
    StoredObject object = own == null ? outside.get(unit) : own;
    if (object == null) {
      throw new CorruptionException(
          path, position, "an object at " + StoredObject.offsetOf(unit), "none");
    }
    return object;
  }

  private CorruptionException corrupt(String expected, String found) {
    return new CorruptionException(path, at + shift, expected, found);
  }

  private long number() {
    long value = Varints.read(array, at, end);
    if (value == Varints.MALFORMED) {
      throw corrupt("a number", "bytes that are none");
    }
    at += Varints.size(value);
    return value;
  }

  private int unit() {
    long value = number();
    if (value > 0xFFFF_FFFFL) {
      throw corrupt("a place", "" + value);
    }
    return (int) value;
  }

  private int fixed() {
    if (end - at < Integer.BYTES) {
      throw corrupt("a checksum of 4 bytes", "the part's end");
    }
    at += Integer.BYTES;
    return Bytes.getInt(array, at - Integer.BYTES);
  }

  private byte[] raw(long length, int most, String what) {
    if (length > most || length > end - at) {
      throw corrupt(what, length + " bytes");
    }
    at += (int) length;
    return Arrays.copyOfRange(array, at - (int) length, at);
  }

  /// All objects of the last whole edit, in their order.
  ///
  /// @throws CorruptionException when two have the same name
  StoredObject[] objects() {
    StoredObject[] added =
        later.stream()
            .filter(object -> object.state() != StoredObject.State.GONE)
            .toArray(StoredObject[]::new);
    Arrays.sort(added, StoredObject.ORDER);
    StoredObject[] all = new StoredObject[firstCount + added.length];
    int count = 0;
    int next = 0;
    for (int i = 0; i < firstCount; i++) {
      StoredObject object = first[i];
      if (object.state() == StoredObject.State.GONE) {
        continue;
      }
      while (next < added.length && StoredObject.ORDER.compare(added[next], object) < 0) {
        all[count++] = added[next++];
      }
      all[count++] = object;
    }
    while (next < added.length) {
      all[count++] = added[next++];
    }
    for (int i = 1; i < count; i++) {
      if (all[i].isNamedLike(all[i - 1])) {
        throw new CorruptionException(
            path, firstEnd, "objects with names of their own", "two with one");
      }
    }
    return count == all.length ? all : Arrays.copyOf(all, count);
  }
}
