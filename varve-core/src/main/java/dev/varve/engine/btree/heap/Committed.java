package dev.varve.engine.btree.heap;

import dev.varve.format.EditFile.Pointer;

/// What is known of the last batch that is durable.
///
/// @param batch its number; 0 before the first
/// @param cut the objects hold everything up to this sequence number
/// @param note what the heap keeps for its user
/// @param map where the map is and how much is in it; null before the first batch
/// @param mapBytes the map's length
/// @param heapBytes the heap file's length
record Committed(
    long batch,
    long cut,
    byte[] note,
    @org.jspecify.annotations.Nullable Pointer map,
    long mapBytes,
    long heapBytes) {
  static final Committed NOTHING = new Committed(0, 0, new byte[0], null, 0, 0);
}
