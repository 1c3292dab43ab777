package dev.varve.engine.btree.heap;

import java.util.Arrays;
import java.util.TreeSet;

/// The sizes that slots have, and how an object is cut into pieces, each for one slot;
/// `docs/format/heap.md` has the rules, which are part of the format.
///
/// @threads immutable
final class SizeClasses {
  /* Sizes divide a slab into 4 to 15 slots, 16, 18, …, 30, 32, 36, … and so on, rounded down to whole
   * units: eight sizes for each doubling, four for the largest, and next to nothing is left over at
   * the end of a slab. At most a ninth of a slot is unused, a fifth of a large one, the very small
   * ones aside. Then there are the half and the whole. */

  /// Slots begin and end at multiples of so many bytes.
  static final int UNIT_BYTES = 64;

  private static final int DIVISORS_FROM = 8;

  /** Up to this share of a slab the smallest slot that is large enough is good enough. */
  private static final int SINGLE_SHARE = 4;

  private final int slabBytes;
  private final int[] bytes;

  /// @param slabBytes a power of two, 4 KiB or more
  SizeClasses(int slabBytes) {
    this.slabBytes = slabBytes;
    TreeSet<Integer> sizes = new TreeSet<>();
    for (int scale = 1; slabBytes / (DIVISORS_FROM * scale) >= UNIT_BYTES; scale *= 2) {
      for (int divisor = DIVISORS_FROM; divisor < 2 * DIVISORS_FROM; divisor++) {
        sizes.add(slabBytes / (divisor * scale) / UNIT_BYTES * UNIT_BYTES);
      }
    }
    for (int divisor = SINGLE_SHARE; divisor < DIVISORS_FROM; divisor++) {
      sizes.add(slabBytes / divisor / UNIT_BYTES * UNIT_BYTES);
    }
    sizes.remove(0);
    sizes.add(slabBytes / 2);
    sizes.add(slabBytes);
    this.bytes = sizes.stream().mapToInt(Integer::intValue).toArray();
  }

  /// How large a slab is.
  int slabBytes() {
    return slabBytes;
  }

  /// How many sizes there are; they are numbered from 0, by size.
  int count() {
    return bytes.length;
  }

  /// How many bytes a slot of this class has.
  int bytes(int sizeClass) {
    return bytes[sizeClass];
  }

  /// How many slots of this class a slab has.
  int slots(int sizeClass) {
    return slabBytes / bytes[sizeClass];
  }

  /// The class of the smallest slots that hold so many bytes, at most a slab's.
  int of(int needed) {
    int found = Arrays.binarySearch(bytes, needed);
    return found >= 0 ? found : -found - 1;
  }

  /// The class of the slot for a piece with so many bytes of the object.
  int ofPiece(int length) {
    return of(SlotHeader.BYTES + length);
  }

  /// Into how many pieces an object of so many bytes, name and payload together, is cut.
  int pieces(long objectBytes) {
    int count = 1;
    long rest = objectBytes;
    for (int next = first(rest); next < rest; next = first(rest)) {
      rest -= next;
      count++;
    }
    return count;
  }

  /// How many bytes of the object the first piece of it has, or of what is left of it.
  int first(long rest) {
    long needed = SlotHeader.BYTES + rest;
    if (needed <= slabBytes) {
      int own = bytes[of((int) needed)];
      // A larger slot must be filled to seven eighths.
      if (own <= slabBytes / SINGLE_SHARE || needed * 8 >= own * 7L) {
        return (int) rest;
      }
    }
    int size = slabBytes;
    while (size > needed) {
      size /= 2;
    }
    return size - SlotHeader.BYTES;
  }
}
