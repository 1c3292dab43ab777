package dev.varve.engine.btree.heap;

import dev.varve.base.Bytes;
import dev.varve.base.HeapLayout;
import dev.varve.base.InvariantError;
import java.util.Arrays;
import java.util.Comparator;
import org.jspecify.annotations.Nullable;

/// An object as it is on the device.
///
/// @threads immutable, but for its owner
public final class StoredObject {
  /** By kind and name, in the order in which maps have them. */
  static final Comparator<StoredObject> ORDER = StoredObject::compare;

  /// Where an object stands in its life; under the heap's lock.
  enum State {
    /// A batch that is not committed stored it, or is moving another one to it.
    PENDING(0),
    LIVE(1),
    /// A batch that is not committed freed it.
    FREED(2),
    /// A batch that is not committed is moving it.
    MOVING(3),
    GONE(4);

    private static final State[] ALL = values();

    /** Its place in [#ALL]: a byte where a reference would make each object larger. */
    private final byte code;

    State(int code) {
      this.code = (byte) code;
    }
  }

  private static final int[] NONE = new int[0];

  private final byte kind;
  private final byte[] name;
  private final int payloadBytes;
  private final long generation;

  /** Where the first piece is, in units of 64 bytes from the file's begin, without sign. */
  private final int unit;

  private final int checksum;

  /** Unit and checksum of each further piece. */
  private final int[] further;

  private byte state;
  private volatile @Nullable ObjectOwner owner;

  /// @param places unit and checksum of each piece
  StoredObject(
      ObjectKind kind, byte[] name, int payloadBytes, long generation, int[] places, State state) {
    this.kind = (byte) kind.code();
    this.name = name;
    this.payloadBytes = payloadBytes;
    this.generation = generation;
    this.unit = places[0];
    this.checksum = places[1];
    this.further = places.length == 2 ? NONE : Arrays.copyOfRange(places, 2, places.length);
    this.state = state.code;
  }

  /// The same object with its pieces elsewhere.
  StoredObject movedTo(int[] places) {
    StoredObject moved =
        new StoredObject(kind(), name, payloadBytes, generation, places, State.PENDING);
    moved.owner = owner;
    return moved;
  }

  /// What it is to the tree.
  public ObjectKind kind() {
    ObjectKind known = ObjectKind.ofCode(kind);
    if (known == null) {
      throw new InvariantError("an object of kind " + kind);
    }
    return known;
  }

  /// Its name; nobody changes these bytes.
  public byte[] name() {
    return name;
  }

  /// How many bytes its payload has.
  public int payloadBytes() {
    return payloadBytes;
  }

  /// The number of the batch that stored it. Later batches have greater numbers; a move changes
  /// nothing.
  public long generation() {
    return generation;
  }

  /// Has `next` hear when it is moved.
  public void own(ObjectOwner next) {
    owner = next;
  }

  @Nullable ObjectOwner owner() {
    return owner;
  }

  State state() {
    return State.ALL[state];
  }

  void enter(State next) {
    state = next.code;
  }

  /// Name and payload together.
  long objectBytes() {
    return (long) name.length + payloadBytes;
  }

  int pieces() {
    return 1 + further.length / 2;
  }

  /// Where a piece is, in units of 64 bytes from the file's begin, without sign.
  int unit(int piece) {
    return piece == 0 ? unit : further[2 * piece - 2];
  }

  /// Where a piece begins in the file.
  long offset(int piece) {
    return offsetOf(unit(piece));
  }

  static long offsetOf(int unit) {
    return Integer.toUnsignedLong(unit) * SizeClasses.UNIT_BYTES;
  }

  /// The checksum of a piece's slot.
  int checksum(int piece) {
    return piece == 0 ? checksum : further[2 * piece - 1];
  }

  /// Unit and checksum of each piece.
  int[] places() {
    int[] places = new int[2 * pieces()];
    for (int piece = 0; piece < pieces(); piece++) {
      places[2 * piece] = unit(piece);
      places[2 * piece + 1] = checksum(piece);
    }
    return places;
  }

  /// What it takes of memory.
  long memoryBytes() {
    return HeapLayout.bytesOfObject(3, Long.BYTES + 3 * Integer.BYTES + 2)
        + HeapLayout.bytesOf(name)
        + (further.length == 0 ? 0 : HeapLayout.bytesOf(further));
  }

  private static int compare(StoredObject a, StoredObject b) {
    return a.kind != b.kind ? Integer.compare(a.kind, b.kind) : Bytes.compare(a.name, b.name);
  }

  /// Whether another object has the same kind and name.
  boolean isNamedLike(StoredObject other) {
    return kind == other.kind && Arrays.equals(name, other.name);
  }

  /// Kind, size and generation: never the name.
  @Override
  public String toString() {
    return (kind() == ObjectKind.LEAF ? "leaf" : "value")
        + " of "
        + payloadBytes
        + " bytes and generation "
        + generation;
  }
}
