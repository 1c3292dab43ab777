package dev.varve.engine.btree.heap;

import dev.varve.base.HeapLayout;
import dev.varve.base.InvariantError;
import dev.varve.base.ReaderEpochs;
import dev.varve.engine.btree.heap.MapEdit.Move;
import dev.varve.engine.btree.heap.StoredObject.State;
import dev.varve.format.StoreId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Which objects there are, and which slots are free.
///
/// @threads safe: one lock for all, held for moments and never while a file is touched
final class HeapObjects {
  /** What one batch holds, for [#apply] and [#abandon]. */
  static final class Changes {
    /** Objects that it stores: they have slots that were taken. */
    final List<StoredObject> stored = new ArrayList<>();

    final List<StoredObject> freed = new ArrayList<>();

    /** Objects of which a piece is moved, with unit and checksum of each piece as it will be. */
    final Map<StoredObject, int[]> moving = new LinkedHashMap<>();

    final List<Move> moves = new ArrayList<>();

    /** Slabs that it empties. */
    final List<Slab> leaving = new ArrayList<>();

    /** What stands for the objects that are moved, once the batch is durable. */
    final Map<StoredObject, StoredObject> moved = new LinkedHashMap<>();
  }

  /// A piece of a live object in a slab.
  ///
  /// @param unit where it is
  record Tenant(StoredObject object, int piece, int unit) {}

  /** What is wrong with an object, and where. */
  private record Unreadable(String message, int unit) {}

  private final ReentrantLock lock = new ReentrantLock();
  private final StoreId store;
  private final HeapMemory memory;
  private final SlabTable table;
  private final WaitingSlots waiting;
  private final List<HeapPin> pins = new ArrayList<>();
  private final Map<StoredObject, Unreadable> unreadable = new LinkedHashMap<>();

  /** Made when it is needed first, by a commit. */
  private @Nullable NameTable names;

  /** All objects in their order, as they were read; null once a batch has changed them. */
  private StoredObject @Nullable [] loaded;

  private long objectMemoryBytes;

  /** Live objects by the code of their kind. */
  private final long[] counts = new long[ObjectKind.VALUE.code() + 1];

  private long payloadBytes;

  /** The last number that was given to a batch; a void one's is not given again. */
  private long lastBegun;

  private volatile Committed committed;

  /// @param objects all there are, in their order; the table has them
  HeapObjects(
      StoreId store,
      HeapMemory memory,
      SlabTable table,
      StoredObject[] objects,
      Committed committed) {
    this.store = store;
    this.memory = memory;
    this.table = table;
    this.waiting = new WaitingSlots(memory);
    this.committed = committed;
    this.lastBegun = committed.batch();
    this.loaded = objects;
    memory.accept(HeapLayout.bytesOf(objects));
    for (StoredObject object : objects) {
      count(object, 1);
    }
    memory.accept(objectMemoryBytes);
  }

  private void count(StoredObject object, int sign) {
    counts[object.kind().code()] += sign;
    payloadBytes += (long) sign * object.payloadBytes();
    objectMemoryBytes += sign * object.memoryBytes();
  }

  Committed committed() {
    return committed;
  }

  SizeClasses classes() {
    return table.classes();
  }

  /// Begins a batch: gives back slots that nobody reads any more, and answers the batch's number.
  long begin(ReaderEpochs epochs) {
    lock.lock();
    try {
      long now = epochs.epoch();
      waiting.unreachable(now);
      while (waiting.count() > 0 && epochs.epoch() < now + 2 && epochs.tryAdvance()) {
        assert epochs.epoch() > now;
      }
      long oldestPin =
          pins.stream().mapToLong(pin -> pin.moment().batch()).min().orElse(Long.MAX_VALUE);
      waiting.release(epochs.epoch(), oldestPin, table::reuse);
      return ++lastBegun;
    } finally {
      lock.unlock();
    }
  }

  /// Takes slots of these classes.
  ///
  /// @throws dev.varve.kv.LimitException when the file would be too long
  int[] take(int[] sizeClasses) {
    lock.lock();
    int taken = 0;
    int[] units = new int[sizeClasses.length];
    try {
      while (taken < units.length) {
        units[taken] = table.take(sizeClasses[taken]);
        taken++;
      }
      return units;
    } finally {
      if (taken < units.length) {
        for (int i = 0; i < taken; i++) {
          table.untake(units[i]);
        }
      }
      lock.unlock();
    }
  }

  /// Gives back slots that were taken.
  void untake(int... units) {
    lock.lock();
    try {
      for (int unit : units) {
        table.untake(unit);
      }
    } finally {
      lock.unlock();
    }
  }

  /// Takes a slot for what leaves a slab; 0 when there is none.
  ///
  /// @param openBelow slabs that are in use are below this one
  /// @param freeBelow free ones are below this one
  int takeFor(Tenant tenant, int openBelow, int freeBelow) {
    lock.lock();
    try {
      int sizeClass = table.classes().of(table.slotBytes(tenant.unit));
      int unit = table.takeFor(sizeClass, openBelow, freeBelow);
      return unit == -1 ? 0 : unit;
    } finally {
      lock.unlock();
    }
  }

  /// Frees an object.
  ///
  /// @throws InvariantError when there is no such object
  void free(StoredObject object) {
    lock.lock();
    try {
      if (object.state() != State.LIVE || table.owner(object.unit(0)) != object) {
        throw new InvariantError("a " + object + " is freed, but is " + object.state());
      }
      object.enter(State.FREED);
    } finally {
      lock.unlock();
    }
  }

  /// The slabs, as a policy looks at them.
  List<SlabFigures> figures() {
    lock.lock();
    try {
      return table.figures();
    } finally {
      lock.unlock();
    }
  }

  /// Whether the file has more slabs than what is alive in it, what waits and the slack ask for.
  boolean isFragmented(double targetFill, long slackBytes) {
    lock.lock();
    try {
      long slabs = table.end() - SlabTable.HEAD_BYTES;
      return slabs > table.liveBytes() / targetFill + table.waitingBytes() + slackBytes;
    } finally {
      lock.unlock();
    }
  }

  /// Has no more slots of a slab given away while a batch is open. Answers who is in it.
  List<Tenant> leave(int index, Changes changes) {
    lock.lock();
    try {
      List<Tenant> tenants = new ArrayList<>();
      Slab slab = table.slab(index);
      if (slab == null) {
        return tenants;
      }
      table.leave(slab);
      changes.leaving.add(slab);
      for (int slot = 0; slot < slab.slots; slot++) {
        StoredObject owner = slab.owner(slot);
        if (owner != null && owner.state() != State.FREED) {
          int unit = table.unit(slab, slot);
          tenants.add(new Tenant(owner, pieceAt(owner, unit), unit));
        }
      }
      return tenants;
    } finally {
      lock.unlock();
    }
  }

  private static int pieceAt(StoredObject object, int unit) {
    int piece = 0;
    while (object.unit(piece) != unit) {
      piece++;
    }
    return piece;
  }

  /// A piece was copied to a slot that was taken.
  void move(Tenant tenant, int to, int checksum, Changes changes) {
    lock.lock();
    try {
      StoredObject object = tenant.object;
      int[] places = changes.moving.computeIfAbsent(object, StoredObject::places);
      places[2 * tenant.piece] = to;
      places[2 * tenant.piece + 1] = checksum;
      changes.moves.add(new Move(tenant.unit, to, checksum));
      object.enter(State.MOVING);
    } finally {
      lock.unlock();
    }
  }

  /// An object cannot be read: its slab stays as it is.
  void noteUnreadable(Tenant tenant, String message) {
    lock.lock();
    try {
      if (unreadable.putIfAbsent(tenant.object, new Unreadable(message, tenant.unit)) == null) {
        table.noteUnreadable(tenant.unit, 1);
      }
    } finally {
      lock.unlock();
    }
  }

  /// Checks that no name would have two objects.
  ///
  /// @throws InvariantError when one would
  void checkNames(Changes changes) {
    lock.lock();
    try {
      NameTable known = names();
      NameTable added = new NameTable(store, _ -> {});
      for (StoredObject object : changes.stored) {
        StoredObject live = known.find(object);
        if (added.put(object) != null || (live != null && live.state() != State.FREED)) {
          throw new InvariantError("a " + object + " has the name of another object");
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private NameTable names() {
    NameTable known = names;
    if (known == null) {
      NameTable made = new NameTable(store, memory);
      table.forEachLive(made::put);
      names = made;
      known = made;
    }
    return known;
  }

  /// Makes what will stand for the objects that are moved.
  void finishMoves(Changes changes) {
    changes.moving.forEach((from, places) -> changes.moved.put(from, from.movedTo(places)));
  }

  /// All objects as the changes will leave them, in their order.
  StoredObject[] sortedWith(Changes changes) {
    List<StoredObject> objects = new ArrayList<>();
    lock.lock();
    try {
      table.forEachLive(
          object -> {
            if (object.state() == State.LIVE) {
              objects.add(object);
            }
          });
    } finally {
      lock.unlock();
    }
    objects.addAll(changes.moved.values());
    objects.addAll(changes.stored);
    objects.sort(StoredObject.ORDER);
    return objects.toArray(StoredObject[]::new);
  }

  /// The changes are durable.
  void apply(Changes changes, Committed next) {
    lock.lock();
    try {
      NameTable known = names();
      long memoryBefore = objectMemoryBytes;
      IntList released = new IntList();
      for (StoredObject object : changes.freed) {
        known.remove(object);
        forgetUnreadable(object);
        for (int piece = 0; piece < object.pieces(); piece++) {
          table.retire(object.unit(piece));
          released.add(object.unit(piece));
        }
        object.enter(State.GONE);
        count(object, -1);
      }
      changes.moved.forEach((from, to) -> applyMove(known, from, to, released));
      for (StoredObject object : changes.stored) {
        settle(object);
        var _ = known.put(object);
      }
      changes.leaving.forEach(table::stay);
      waiting.add(next.batch(), released.toArray());
      forgetLoaded();
      memory.accept(objectMemoryBytes - memoryBefore);
      committed = next;
    } finally {
      lock.unlock();
    }
  }

  private void settle(StoredObject object) {
    for (int piece = 0; piece < object.pieces(); piece++) {
      table.settle(object.unit(piece), object);
    }
    object.enter(State.LIVE);
    count(object, 1);
  }

  private void applyMove(NameTable known, StoredObject from, StoredObject to, IntList released) {
    for (int piece = 0; piece < to.pieces(); piece++) {
      int unit = to.unit(piece);
      if (unit == from.unit(piece)) {
        table.replaceOwner(unit, to);
      } else {
        table.retire(from.unit(piece));
        released.add(from.unit(piece));
        table.settle(unit, to);
      }
    }
    var _ = known.put(to);
    Unreadable problem = unreadable.remove(from);
    if (problem != null) {
      unreadable.put(to, problem);
    }
    from.enter(State.GONE);
    to.enter(State.LIVE);
    count(from, -1);
    count(to, 1);
  }

  private void forgetUnreadable(StoredObject object) {
    Unreadable problem = unreadable.remove(object);
    if (problem != null) {
      table.noteUnreadable(problem.unit, -1);
    }
  }

  private void forgetLoaded() {
    StoredObject[] read = loaded;
    if (read != null) {
      memory.accept(-HeapLayout.bytesOf(read));
      loaded = null;
    }
  }

  /// The changes are void.
  void abandon(Changes changes) {
    lock.lock();
    try {
      for (StoredObject object : changes.stored) {
        for (int piece = 0; piece < object.pieces(); piece++) {
          table.untake(object.unit(piece));
        }
        object.enter(State.GONE);
      }
      changes.moves.forEach(move -> table.untake(move.to()));
      changes.moving.keySet().forEach(object -> object.enter(State.LIVE));
      changes.freed.forEach(object -> object.enter(State.LIVE));
      changes.leaving.forEach(table::stay);
    } finally {
      lock.unlock();
    }
  }

  /// Forgets free slabs at the end of the file; answers where the last one ends.
  long trim() {
    lock.lock();
    try {
      table.trim();
      return table.end();
    } finally {
      lock.unlock();
    }
  }

  /// Pins the moment.
  HeapPin pin(Consumer<HeapPin> release) {
    lock.lock();
    try {
      HeapPin pin = new HeapPin(committed, release);
      pins.add(pin);
      return pin;
    } finally {
      lock.unlock();
    }
  }

  void unpin(HeapPin pin) {
    lock.lock();
    try {
      pins.remove(pin);
    } finally {
      lock.unlock();
    }
  }

  /// Whether a pin needs the map of this number.
  boolean isMapPinned(long number) {
    lock.lock();
    try {
      return pins.stream().anyMatch(pin -> pin.needsMap(number));
    } finally {
      lock.unlock();
    }
  }

  /// All live objects, in their order.
  StoredObject[] sorted() {
    lock.lock();
    try {
      StoredObject[] read = loaded;
      if (read != null) {
        return read;
      }
      List<StoredObject> objects = new ArrayList<>();
      table.forEachLive(objects::add);
      objects.sort(StoredObject.ORDER);
      return objects.toArray(StoredObject[]::new);
    } finally {
      lock.unlock();
    }
  }

  /// Figures of what is in memory; those of the files are given.
  HeapStats stats(HeapCounters.Totals totals, long fileBytes) {
    lock.lock();
    try {
      return new HeapStats(
          fileBytes,
          committed.mapBytes(),
          table.classes().slabBytes(),
          table.count(),
          table.count() - table.used(),
          table.liveBytes(),
          table.waitingBytes(),
          counts[ObjectKind.LEAF.code()],
          counts[ObjectKind.VALUE.code()],
          payloadBytes,
          table.livePieces(),
          memory.used(),
          totals.batches(),
          totals.bytesWritten(),
          totals.mapBytesWritten(),
          totals.mapsReplaced(),
          totals.objectsMoved(),
          totals.bytesMoved(),
          unreadable.size(),
          unreadable.values().stream().map(Unreadable::message).findFirst().orElse(null),
          table.classFigures());
    } finally {
      lock.unlock();
    }
  }

  /// What is wrong, one sentence each.
  List<String> validate() {
    List<String> problems = new ArrayList<>();
    lock.lock();
    try {
      table.validate(problems::add);
      Set<StoredObject> objects = new HashSet<>();
      table.forEachLive(objects::add);
      validateObjects(objects, problems);
      long counted =
          table.memoryBytes() + waiting.memoryBytes() + objectMemoryBytes + loadedBytes();
      NameTable known = names;
      if (known != null) {
        counted += known.memoryBytes();
        if (known.count() != objects.size()) {
          problems.add(known.count() + " names of " + objects.size() + " objects");
        }
        for (StoredObject object : objects) {
          if (known.find(object) != object) {
            problems.add("the name of a " + object + " leads elsewhere");
          }
        }
      }
      if (counted != memory.used()) {
        problems.add("memory: " + memory.used() + " accounted, " + counted + " counted");
      }
    } finally {
      lock.unlock();
    }
    return problems;
  }

  private long loadedBytes() {
    StoredObject[] read = loaded;
    return read == null ? 0 : HeapLayout.bytesOf(read);
  }

  private void validateObjects(Set<StoredObject> objects, List<String> problems) {
    long pieces = 0;
    long payload = 0;
    long bytes = 0;
    for (StoredObject object : objects) {
      pieces += object.pieces();
      payload += object.payloadBytes();
      bytes += object.memoryBytes();
      if (object.state() == State.GONE || object.state() == State.PENDING) {
        problems.add("a " + object + " has slots, and is " + object.state());
      }
      for (int piece = 0; piece < object.pieces(); piece++) {
        if (table.owner(object.unit(piece)) != object) {
          problems.add("piece " + piece + " of a " + object + " is in another's slot");
        }
      }
    }
    long counted = Arrays.stream(counts).sum();
    if (counted != objects.size() || payload != payloadBytes || bytes != objectMemoryBytes) {
      problems.add(
          counted
              + " objects with "
              + payloadBytes
              + " bytes are counted, there are "
              + objects.size()
              + " with "
              + payload);
    }
    if (pieces != table.livePieces()) {
      problems.add(table.livePieces() + " slots are live, the objects have " + pieces);
    }
  }
}
