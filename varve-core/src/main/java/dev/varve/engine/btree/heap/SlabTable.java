package dev.varve.engine.btree.heap;

import dev.varve.base.HeapLayout;
import dev.varve.base.InvariantError;
import dev.varve.kv.LimitException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/// Which slots of a heap file are free, and whose the others are.
///
/// @threads under the heap's lock
final class SlabTable {
  /* I1: a slab that is in use has slots of one class, of which at least one is taken; the others are
   *     null, and in `free`.
   * I2: `open` has, for each class, the slabs of that class with a free slot, but those that the
   *     batch which is open empties.
   * I3: lower slabs and slots are given first: a batch's rise through the file, and its end becomes
   *     free. */

  /// What stands before the first slab.
  static final int HEAD_BYTES = 4 << 10;

  private static final int HEAD_UNITS = HEAD_BYTES / SizeClasses.UNIT_BYTES;

  private final SizeClasses classes;
  private final LongConsumer memory;
  private final int slabUnits;
  private @Nullable Slab[] slabs = new Slab[16];

  /** Slabs of the file; what is behind the last one in use may be cut off. */
  private int count;

  private final SlabSet[] open;
  private final SlabSet free = new SlabSet();
  private int used;
  private long liveBytes;
  private long pendingBytes;
  private long waitingBytes;
  private long livePieces;

  /// @param memory is told how many bytes more it takes
  SlabTable(SizeClasses classes, LongConsumer memory) {
    this.classes = classes;
    this.memory = memory;
    this.slabUnits = classes.slabBytes() / SizeClasses.UNIT_BYTES;
    this.open = new SlabSet[classes.count()];
    Arrays.setAll(open, _ -> new SlabSet());
    memory.accept(memoryBytes());
  }

  SizeClasses classes() {
    return classes;
  }

  /// Slabs of the file, the free ones included.
  int count() {
    return count;
  }

  /// Slabs that are in use.
  int used() {
    return used;
  }

  /// Bytes of slots that live objects have.
  long liveBytes() {
    return liveBytes;
  }

  /// Bytes of slots that may still be read, though their object is gone.
  long waitingBytes() {
    return waitingBytes;
  }

  /// Slots that live objects have.
  long livePieces() {
    return livePieces;
  }

  /// Where the last slab of the file ends.
  long end() {
    return HEAD_BYTES + (long) count * classes.slabBytes();
  }

  private int indexOf(int unit) {
    return (int) ((Integer.toUnsignedLong(unit) - HEAD_UNITS) / slabUnits);
  }

  private Slab slabOf(int unit) {
    Slab slab = slabs[indexOf(unit)];
    if (slab == null) {
      throw new InvariantError("no slab in use at unit " + Integer.toUnsignedLong(unit));
    }
    return slab;
  }

  private int slotOf(Slab slab, int unit) {
    return (int) ((Integer.toUnsignedLong(unit) - HEAD_UNITS) % slabUnits)
        * SizeClasses.UNIT_BYTES
        / classes.bytes(slab.sizeClass);
  }

  private int unitOf(Slab slab, int slot) {
    long slotUnits = classes.bytes(slab.sizeClass) / SizeClasses.UNIT_BYTES;
    return (int) (HEAD_UNITS + (long) slab.index * slabUnits + slot * slotUnits);
  }

  /// The slab of this number, or null for one that is free.
  @Nullable Slab slab(int index) {
    return slabs[index];
  }

  /// The place of a slot.
  int unit(Slab slab, int slot) {
    return unitOf(slab, slot);
  }

  /// How many bytes the slot at this place has.
  int slotBytes(int unit) {
    return classes.bytes(slabOf(unit).sizeClass);
  }

  /// Who has the slot that begins at this place, or null.
  @Nullable StoredObject owner(int unit) {
    long inSlabs = Integer.toUnsignedLong(unit) - HEAD_UNITS;
    long index = inSlabs / slabUnits;
    Slab slab = inSlabs < 0 || index >= count ? null : slabs[(int) index];
    if (slab == null) {
      return null;
    }
    int slot = slotOf(slab, unit);
    return slot < slab.slots && unitOf(slab, slot) == unit ? slab.owner(slot) : null;
  }

  /// Takes a slot of a class, the lowest there is.
  ///
  /// @throws LimitException when the file would be longer than places reach
  int take(int sizeClass) {
    int found = open[sizeClass].first();
    return takeIn(sizeClass, found < 0 ? free.first() : found);
  }

  /// Takes a slot of a class for what leaves a slab, in a slab that has some already, or in a free
  /// one; -1 when there is none.
  ///
  /// @param openBelow slabs that have some already are below this one
  /// @param freeBelow free ones are below this one
  int takeFor(int sizeClass, int openBelow, int freeBelow) {
    int found = open[sizeClass].first();
    if (found < 0 || found >= openBelow) {
      found = free.first();
      if (found < 0 || found >= freeBelow) {
        return -1;
      }
    }
    return takeIn(sizeClass, found);
  }

  /** Takes a slot in a slab of the class, or in a free one; -1 stands for one behind the last. */
  private int takeIn(int sizeClass, int index) {
    Slab slab = index < 0 ? null : slabs[index];
    if (slab == null) {
      slab = begin(index < 0 ? count : index, sizeClass);
    }
    int slot = slab.take();
    pendingBytes += classes.bytes(sizeClass);
    if (slab.free() == 0) {
      open[sizeClass].remove(slab.index);
    }
    return unitOf(slab, slot);
  }

  private Slab begin(int index, int sizeClass) {
    if (index >= count) {
      if (!reaches(index)) {
        throw new LimitException(
            "a heap file has at most " + (1L << 32) * SizeClasses.UNIT_BYTES + " bytes");
      }
      grow(index + 1);
    }
    Slab slab = new Slab(index, sizeClass, classes.slots(sizeClass));
    slabs[index] = slab;
    used++;
    free.remove(index);
    memory.accept(slab.memoryBytes() + open[sizeClass].add(index));
    return slab;
  }

  /** Whether places reach to the end of a slab. */
  private boolean reaches(int index) {
    return HEAD_UNITS + (index + 1L) * slabUnits < 1L << 32;
  }

  private void grow(int newCount) {
    if (newCount > slabs.length) {
      long before = HeapLayout.bytesOf(slabs);
      slabs = Arrays.copyOf(slabs, Math.max(newCount, slabs.length * 2));
      memory.accept(HeapLayout.bytesOf(slabs) - before);
    }
    for (; count < newCount; count++) {
      memory.accept(free.add(count));
    }
  }

  /** What became of a slot may have made room in its slab, or have made that free. */
  private void settleSlab(Slab slab) {
    if (slab.isEmpty()) {
      slabs[slab.index] = null;
      used--;
      open[slab.sizeClass].remove(slab.index);
      memory.accept(free.add(slab.index) - slab.memoryBytes());
    } else if (slab.free() > 0 && !slab.isLeaving()) {
      memory.accept(open[slab.sizeClass].add(slab.index));
    }
  }

  /// Gives back a slot that was taken.
  void untake(int unit) {
    Slab slab = slabOf(unit);
    slab.untake(slotOf(slab, unit));
    pendingBytes -= classes.bytes(slab.sizeClass);
    settleSlab(slab);
  }

  /// An object has a slot that was taken.
  void settle(int unit, StoredObject owner) {
    Slab slab = slabOf(unit);
    slab.settle(slotOf(slab, unit), owner);
    pendingBytes -= classes.bytes(slab.sizeClass);
    liveBytes += classes.bytes(slab.sizeClass);
    livePieces++;
  }

  /// An object has a slot in the place of another.
  void replaceOwner(int unit, StoredObject owner) {
    Slab slab = slabOf(unit);
    slab.replaceOwner(slotOf(slab, unit), owner);
  }

  /// An object does not have its slot any more, which waits now.
  void retire(int unit) {
    Slab slab = slabOf(unit);
    slab.retire(slotOf(slab, unit));
    int bytes = classes.bytes(slab.sizeClass);
    liveBytes -= bytes;
    waitingBytes += bytes;
    livePieces--;
  }

  /// A slot that waited is free.
  void reuse(int unit) {
    Slab slab = slabOf(unit);
    slab.reuse(slotOf(slab, unit));
    waitingBytes -= classes.bytes(slab.sizeClass);
    settleSlab(slab);
  }

  /// An object has a slot of this class here, as a map says. Answers what is wrong with that, or
  /// null.
  @Nullable String place(int unit, int sizeClass, StoredObject owner) {
    long inSlabs = Integer.toUnsignedLong(unit) - HEAD_UNITS;
    int slotUnits = classes.bytes(sizeClass) / SizeClasses.UNIT_BYTES;
    if (inSlabs < 0 || inSlabs % slabUnits % slotUnits != 0) {
      return "no slot of " + classes.bytes(sizeClass) + " bytes begins there";
    }
    int index = (int) (inSlabs / slabUnits);
    int slot = (int) (inSlabs % slabUnits / slotUnits);
    if (slot >= classes.slots(sizeClass) || !reaches(index)) {
      return "no slot of " + classes.bytes(sizeClass) + " bytes ends in that slab";
    }
    Slab slab = index < count ? slabs[index] : null;
    if (slab == null) {
      slab = begin(index, sizeClass);
    }
    if (slab.sizeClass != sizeClass) {
      return "its slab has slots of " + classes.bytes(slab.sizeClass) + " bytes";
    }
    if (slab.isTaken(slot)) {
      return "another object has it";
    }
    slab.place(slot, owner);
    if (slab.free() == 0) {
      open[sizeClass].remove(index);
    }
    liveBytes += classes.bytes(sizeClass);
    livePieces++;
    return null;
  }

  /// So many more objects with a piece in this slab cannot be read.
  void noteUnreadable(int unit, int change) {
    slabOf(unit).noteUnreadable(change);
  }

  /// No slot of a slab is given away until [#stay].
  void leave(Slab slab) {
    slab.leave(true);
    open[slab.sizeClass].remove(slab.index);
  }

  /// Slots of a slab may be given away again.
  void stay(Slab slab) {
    slab.leave(false);
    if (slabs[slab.index] == slab) {
      settleSlab(slab);
    }
  }

  /// Forgets the free slabs at the end.
  void trim() {
    while (count > 0 && slabs[count - 1] == null) {
      count--;
      free.remove(count);
    }
  }

  /// Calls for each live object, in the order of their first pieces.
  void forEachLive(Consumer<StoredObject> action) {
    for (int index = 0; index < count; index++) {
      Slab slab = slabs[index];
      if (slab == null) {
        continue;
      }
      for (int slot = 0; slot < slab.slots; slot++) {
        StoredObject owner = slab.owner(slot);
        if (owner != null && owner.unit(0) == unitOf(slab, slot)) {
          action.accept(owner);
        }
      }
    }
  }

  /// The slabs as a policy looks at them.
  List<SlabFigures> figures() {
    List<SlabFigures> figures = new ArrayList<>(count);
    for (int index = 0; index < count; index++) {
      Slab slab = slabs[index];
      figures.add(
          slab == null
              ? SlabFigures.free(index)
              : new SlabFigures(
                  index,
                  classes.bytes(slab.sizeClass),
                  slab.slots,
                  slab.live() + slab.pending(),
                  slab.waiting(),
                  slab.pending() == 0 && !slab.hasUnreadable()));
    }
    return figures;
  }

  /// Figures of each class that has slabs.
  List<HeapStats.SlotClass> classFigures() {
    int[] slabCounts = new int[classes.count()];
    long[] live = new long[classes.count()];
    long[] waiting = new long[classes.count()];
    for (int index = 0; index < count; index++) {
      Slab slab = slabs[index];
      if (slab != null) {
        slabCounts[slab.sizeClass]++;
        live[slab.sizeClass] += slab.live();
        waiting[slab.sizeClass] += slab.waiting();
      }
    }
    List<HeapStats.SlotClass> figures = new ArrayList<>();
    for (int i = 0; i < slabCounts.length; i++) {
      if (slabCounts[i] > 0) {
        long slots = (long) slabCounts[i] * classes.slots(i);
        figures.add(
            new HeapStats.SlotClass(classes.bytes(i), slabCounts[i], slots, live[i], waiting[i]));
      }
    }
    return figures;
  }

  /// What is wrong, one sentence each.
  void validate(Consumer<String> problems) {
    long[] sums = new long[5];
    for (int index = 0; index < slabs.length; index++) {
      Slab slab = slabs[index];
      if (slab == null) {
        if (free.has(index) != (index < count)) {
          problems.accept("slab " + index + " of " + count + " is not known as free");
        }
      } else {
        validate(slab, sums, problems);
      }
    }
    require(sums[0] == used, "slabs in use: " + used + ", " + sums[0] + " counted", problems);
    require(sums[1] == liveBytes, "live: " + liveBytes + ", " + sums[1] + " counted", problems);
    require(sums[2] == pendingBytes, "pending: " + pendingBytes + ", " + sums[2], problems);
    require(sums[3] == waitingBytes, "waiting: " + waitingBytes + ", " + sums[3], problems);
    require(sums[4] == livePieces, "live pieces: " + livePieces + ", " + sums[4], problems);
    require(free.count() == count - used, "free slabs: " + free.count(), problems);
  }

  private static void require(boolean holds, String what, Consumer<String> problems) {
    if (!holds) {
      problems.accept(what);
    }
  }

  private void validate(Slab slab, long[] sums, Consumer<String> problems) {
    int live = 0;
    int taken = 0;
    for (int slot = 0; slot < slab.slots; slot++) {
      StoredObject owner = slab.owner(slot);
      taken += slab.isTaken(slot) ? 1 : 0;
      if (owner != null) {
        live++;
        int unit = unitOf(slab, slot);
        require(slab.isTaken(slot), "a free slot has an owner in slab " + slab.index, problems);
        require(has(owner, unit), owner + " does not know its slot " + unit, problems);
      }
    }
    String where = "slab " + slab.index + " counts ";
    require(slab.index < count, where + "not as one of " + count, problems);
    require(live == slab.live(), where + slab.live() + " live of " + live, problems);
    require(
        taken == live + slab.pending() + slab.waiting(), where + taken + " slots taken", problems);
    require(taken > 0, where + "nothing, and is in use", problems);
    require(!free.has(slab.index), where + "as free", problems);
    require(
        open[slab.sizeClass].has(slab.index) == (slab.free() > 0 && !slab.isLeaving()),
        where + slab.free() + " free slots, and is not known so",
        problems);
    long bytes = classes.bytes(slab.sizeClass);
    sums[0]++;
    sums[1] += bytes * slab.live();
    sums[2] += bytes * slab.pending();
    sums[3] += bytes * slab.waiting();
    sums[4] += slab.live();
  }

  private static boolean has(StoredObject object, int unit) {
    for (int piece = 0; piece < object.pieces(); piece++) {
      if (object.unit(piece) == unit) {
        return true;
      }
    }
    return false;
  }

  /// What it takes of memory, the objects aside.
  long memoryBytes() {
    long bytes =
        HeapLayout.bytesOfObject(5, 3 * Integer.BYTES + 4 * Long.BYTES)
            + HeapLayout.bytesOf(slabs)
            + HeapLayout.bytesOf(open)
            + free.memoryBytes();
    for (SlabSet set : open) {
      bytes += set.memoryBytes();
    }
    for (Slab slab : slabs) {
      bytes += slab == null ? 0 : slab.memoryBytes();
    }
    return bytes;
  }
}
