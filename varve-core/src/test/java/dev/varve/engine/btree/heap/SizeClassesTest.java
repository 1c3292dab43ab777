package dev.varve.engine.btree.heap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

final class SizeClassesTest {
  private static final int[] SLABS = {4 << 10, 16 << 10, 128 << 10, 256 << 10, 16 << 20};

  @Test
  void sizes_are_whole_units_rise_and_waste_little_of_a_slab() {
    for (int slabBytes : SLABS) {
      SizeClasses classes = new SizeClasses(slabBytes);
      assertEquals(64, classes.bytes(0));
      assertEquals(slabBytes, classes.bytes(classes.count() - 1));
      assertEquals(slabBytes / 4, classes.bytes(classes.count() - 3));
      for (int i = 0; i < classes.count(); i++) {
        int bytes = classes.bytes(i);
        assertEquals(0, bytes % 64);
        assertTrue(i == 0 || bytes > classes.bytes(i - 1));
        int left = slabBytes - classes.slots(i) * bytes;
        assertTrue(left >= 0 && left < bytes, bytes + " leaves " + left);
        // Rounding to units costs up to 64 bytes a slot.
        assertTrue(left <= classes.slots(i) * 64L, bytes + " leaves " + left);
        // Above that, steps are an eighth at most.
        int before = i == 0 ? 0 : classes.bytes(i - 1);
        if (bytes <= slabBytes / 8) {
          assertTrue(bytes - before <= Math.max(64, before / 8 + 64), before + " to " + bytes);
        } else if (bytes <= slabBytes / 4) {
          assertTrue(bytes - before <= before / 4 + 64, before + " to " + bytes);
        }
      }
    }
  }

  @Test
  void the_smallest_slot_that_is_large_enough_is_found() {
    for (int slabBytes : SLABS) {
      SizeClasses classes = new SizeClasses(slabBytes);
      for (int needed = 1; needed <= slabBytes; needed += 1 + needed / 100) {
        int found = classes.of(needed);
        assertTrue(classes.bytes(found) >= needed);
        assertTrue(found == 0 || classes.bytes(found - 1) < needed);
      }
    }
  }

  @Test
  void objects_are_cut_into_few_pieces_that_fill_their_slots() {
    for (int slabBytes : SLABS) {
      SizeClasses classes = new SizeClasses(slabBytes);
      for (long bytes = 0; bytes < 6L * slabBytes; bytes += 1 + bytes / 200) {
        int pieces = classes.pieces(bytes);
        long rest = bytes;
        long slots = 0;
        for (int piece = 0; piece < pieces; piece++) {
          int length = classes.first(rest);
          assertTrue(length <= rest && length <= slabBytes - SlotHeader.BYTES);
          assertTrue(length > 0 || bytes == 0);
          slots += classes.bytes(classes.ofPiece(length));
          rest -= length;
        }
        assertEquals(0, rest);
        String what = bytes + " bytes in " + pieces + " pieces of slabs of " + slabBytes;
        assertTrue(pieces <= 4 + bytes / (slabBytes - SlotHeader.BYTES), what);
        long used = bytes + (long) pieces * SlotHeader.BYTES;
        assertTrue(slots - used <= Math.max(64, used / 4) + 64, what + " take " + slots);
        if (used <= slabBytes / 8 || used > slabBytes / 2) {
          assertTrue(slots - used <= Math.max(64, used / 7) + 64, what + " take " + slots);
        }
        if (used <= slabBytes / 4) {
          assertEquals(1, pieces, what);
        }
      }
    }
  }

  @Test
  void the_longest_object_has_as_many_pieces_as_slabs_ask_for() {
    SizeClasses classes = new SizeClasses(4 << 10);
    long bytes = (1L << 30) + (64 << 10);
    int pieces = classes.pieces(bytes);
    assertTrue(pieces >= bytes / 4096 && pieces < bytes / 4064 + 5, "" + pieces);
  }
}
