package dev.varve.engine.btree.heap;

/// A slab as [DefragmentPolicy] looks at it.
///
/// @param index which slab of the file it is, from 0
/// @param slotBytes how large its slots are; 0 for a slab that is free
/// @param slots how many it has
/// @param live how many hold a piece of an object that stays
/// @param waiting how many hold one whose object is gone, but may still be read
/// @param isMovable whether all that is live may be moved
record SlabFigures(int index, int slotBytes, int slots, int live, int waiting, boolean isMovable) {
  static SlabFigures free(int index) {
    return new SlabFigures(index, 0, 0, 0, 0, true);
  }

  boolean isFree() {
    return slotBytes == 0;
  }

  long liveBytes() {
    return (long) live * slotBytes;
  }

  int freeSlots() {
    return slots - live - waiting;
  }
}
