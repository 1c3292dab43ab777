package dev.varve.engine.btree.heap;

import dev.varve.base.InvariantError;
import dev.varve.base.Invariants;
import dev.varve.engine.btree.heap.DefragmentPolicy.Emptying;
import dev.varve.engine.btree.heap.HeapObjects.Changes;
import dev.varve.engine.btree.heap.HeapObjects.Tenant;
import dev.varve.fs.NoSpaceException;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.Limits;
import java.io.IOException;
import java.util.List;

/// Changes of a heap that become durable together or not at all.
///
/// ```java
/// try (HeapBatch batch = heap.begin()) {
///   StoredObject next = batch.store(ObjectKind.LEAF, lowKey, bytes, 0, length);
///   batch.free(before);
///   batch.defragment();
///   batch.commit(cut, note);
/// }
/// ```
///
/// A call that throws makes the batch void: all is as before, but for bytes in free slots.
///
/// @threads one at a time
/// @lifetime until [#close]
public final class HeapBatch implements AutoCloseable {
  private enum Stage {
    OPEN,
    DEFRAGMENTED,
    COMMITTED,
    VOID,
    CLOSED
  }

  private final Heap heap;
  private final HeapObjects objects;
  private final long number;
  private final SlotWriter writer;
  private final Changes changes = new Changes();
  private Stage stage = Stage.OPEN;

  /** Bytes of the slots that hold what was stored, and what was moved. */
  private long bytesStored;

  private long bytesMoved;

  HeapBatch(Heap heap, HeapObjects objects, long number) {
    this.heap = heap;
    this.objects = objects;
    this.number = number;
    this.writer = heap.newWriter();
  }

  /** Work of a batch. */
  private interface Work<T> {
    T run() throws IOException;
  }

  private <T> T during(Work<T> work) throws IOException {
    boolean done = false;
    try {
      heap.requireSound();
      T result = work.run();
      done = true;
      return result;
    } catch (IOException e) {
      heap.fail(e);
      throw e;
    } finally {
      if (!done) {
        stage = Stage.VOID;
      }
    }
  }

  private void require(boolean holds) {
    if (!holds) {
      throw new InvariantError("a batch that is " + stage + " does not take this");
    }
  }

  /// Stores an object. Where the name has an object already, the caller frees that one in the same
  /// batch, before or afterwards. The heap keeps `name`, which nobody changes from now on. The
  /// answer can be read once the batch is committed.
  ///
  /// @throws NoSpaceException when the device is full; the batch is void, another may be tried
  /// @throws dev.varve.kv.LimitException when the heap would have more than 256 GiB
  /// @throws IOException when the device refuses; the heap takes no batch any more
  public StoredObject store(ObjectKind kind, byte[] name, byte[] payload, int offset, int length)
      throws IOException {
    require(stage == Stage.OPEN);
    Invariants.require(
        name.length <= Limits.KEY_BYTES_MAX && length <= Limits.VALUE_BYTES_MAX,
        "an object within the limits");
    return during(() -> store(kind, new SlotWriter.Content(name, payload, offset), length));
  }

  private StoredObject store(ObjectKind kind, SlotWriter.Content content, int length)
      throws IOException {
    SizeClasses classes = objects.classes();
    long objectBytes = (long) content.name().length + length;
    int pieces = classes.pieces(objectBytes);
    int[] sizeClasses = new int[pieces];
    long rest = objectBytes;
    for (int piece = 0; piece < pieces; piece++) {
      int next = classes.first(rest);
      sizeClasses[piece] = classes.ofPiece(next);
      rest -= next;
    }
    int[] units = objects.take(sizeClasses);
    boolean done = false;
    try {
      StoredObject object = write(kind, content, length, units);
      changes.stored.add(object);
      done = true;
      return object;
    } finally {
      if (!done) {
        objects.untake(units);
      }
    }
  }

  private StoredObject write(
      ObjectKind kind, SlotWriter.Content content, int payloadBytes, int[] units)
      throws IOException {
    SizeClasses classes = objects.classes();
    int nameLength = content.name().length;
    int ordinal = changes.stored.size();
    int[] places = new int[2 * units.length];
    long done = 0;
    for (int piece = 0; piece < units.length; piece++) {
      int length = classes.first(nameLength + (long) payloadBytes - done);
      SlotHeader header =
          new SlotHeader(length, number, ordinal, piece, units.length, kind.code(), nameLength);
      places[2 * piece] = units[piece];
      places[2 * piece + 1] = writer.write(units[piece], header, content, done);
      done += length;
      bytesStored += classes.bytes(classes.ofPiece(length));
    }
    return new StoredObject(
        kind, content.name(), payloadBytes, number, places, StoredObject.State.PENDING);
  }

  /// Frees an object of an earlier batch. It can be read until the next batch begins, and by
  /// whoever is inside a reader epoch or has a pin then.
  ///
  /// @throws InvariantError when it is not a live object of this heap
  public void free(StoredObject old) {
    require(stage == Stage.OPEN);
    stage = Stage.VOID;
    objects.free(old);
    changes.freed.add(old);
    stage = Stage.OPEN;
  }

  /// Moves objects that this batch neither stores nor frees, where that makes the file shorter or
  /// gives slabs back: about as many bytes as the batch stored, or a little in a small batch. After
  /// all [#store] and [#free]. Objects that cannot be read stay where they are; the statistics tell
  /// of them.
  ///
  /// @throws NoSpaceException when the device is full; the batch is void, another may be tried
  /// @throws IOException when the device refuses to write; the heap takes no batch any more
  public void defragment() throws IOException {
    require(stage == Stage.OPEN);
    stage = Stage.DEFRAGMENTED;
    var _ =
        during(
            () -> {
              moveObjects();
              return true;
            });
  }

  private void moveObjects() throws IOException {
    double target = heap.options().targetFill();
    if (!objects.isFragmented(target, bytesStored)) {
      return;
    }
    SizeClasses classes = objects.classes();
    long allowance = Math.max(bytesStored, heap.options().moveBytesMin());
    List<Emptying> emptied =
        DefragmentPolicy.choose(
            objects.figures(),
            classes.slabBytes(),
            target,
            bytesStored,
            Math.max(allowance, classes.slabBytes()));
    // All leave before the first is moved: nothing goes where it has to leave again.
    List<List<Tenant>> tenants =
        emptied.stream().map(one -> objects.leave(one.slab(), changes)).toList();
    // Only those that sink may begin a free slab, of which there are as many as they need.
    int freeBelow =
        emptied.stream().filter(Emptying::isSinking).mapToInt(Emptying::slab).min().orElse(0);
    for (int i = 0; i < emptied.size(); i++) {
      Emptying emptying = emptied.get(i);
      int openBelow = emptying.isSinking() ? emptying.slab() : Integer.MAX_VALUE;
      for (Tenant tenant : tenants.get(i)) {
        if (!move(tenant, openBelow, freeBelow)) {
          break;
        }
      }
    }
  }

  /** Moves a piece; false when that cannot be done, so that the rest of the slab stays too. */
  private boolean move(Tenant tenant, int openBelow, int freeBelow) throws IOException {
    SizeClasses classes = objects.classes();
    StoredObject object = tenant.object();
    long rest = object.objectBytes();
    for (int piece = 0; piece < tenant.piece(); piece++) {
      rest -= classes.first(rest);
    }
    int length = classes.first(rest);
    int slotBytes = classes.bytes(classes.ofPiece(length));
    byte[] slot = writer.borrow(slotBytes);
    try {
      heap.reader().readRaw(object, tenant.piece(), length, slot);
    } catch (CorruptionException | IOException e) {
      objects.noteUnreadable(tenant, String.valueOf(e.getMessage()));
      return false;
    }
    int to = objects.takeFor(tenant, openBelow, freeBelow);
    if (to == 0) {
      return false;
    }
    boolean done = false;
    try {
      int checksum = writer.rewrite(to, tenant.unit(), slot, slotBytes);
      objects.move(tenant, to, checksum, changes);
      bytesMoved += slotBytes;
      done = true;
      return true;
    } finally {
      if (!done) {
        objects.untake(to);
      }
    }
  }

  /// Makes the batch durable, then tells the owners of what was moved.
  ///
  /// @param cut the objects hold everything up to this sequence number, which never falls
  /// @param note what the heap keeps for its user, up to 64 KiB
  /// @throws NoSpaceException when the device is full; the batch is void, another may be tried
  /// @throws InvariantError when a name would have two objects; the batch is void
  /// @throws IOException when the device refuses; whether the batch is durable is unknown for good,
  ///   and the heap takes no batch any more
  public void commit(long cut, byte[] note) throws IOException {
    require(stage == Stage.OPEN || stage == Stage.DEFRAGMENTED);
    Invariants.require(note.length <= MapReading.NOTE_BYTES_MAX, "a note within the limits");
    Invariants.require(cut >= objects.committed().cut(), "a cut that does not fall");
    var _ =
        during(
            () -> {
              makeDurable(cut, note.clone());
              return true;
            });
    changes.moved.forEach(
        (from, to) -> {
          ObjectOwner owner = to.owner();
          if (owner != null) {
            owner.moved(from, to);
          }
        });
  }

  private void makeDurable(long cut, byte[] note) throws IOException {
    objects.checkNames(changes);
    objects.finishMoves(changes);
    writer.flush();
    MapEdit edit = new MapEdit(number, cut, note, changes.freed, changes.moves, changes.stored);
    heap.commit(changes, edit, writer.bytesWritten(), bytesMoved);
    stage = Stage.COMMITTED;
  }

  /// Ends the batch; without [#commit] it is void.
  @Override
  public void close() {
    if (stage == Stage.CLOSED) {
      return;
    }
    if (stage != Stage.COMMITTED) {
      objects.abandon(changes);
    }
    stage = Stage.CLOSED;
    writer.close();
    heap.ended();
  }
}
