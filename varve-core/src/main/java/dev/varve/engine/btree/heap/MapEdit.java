package dev.varve.engine.btree.heap;

import java.util.List;

/// What a batch changes, as the map has it.
///
/// @param generation the batch's number
/// @param cut the objects hold everything up to this sequence number
/// @param note what the heap keeps for its user
/// @param goes objects that are freed
/// @param moves pieces that are elsewhere now
/// @param comes objects that are stored
record MapEdit(
    long generation,
    long cut,
    byte[] note,
    List<StoredObject> goes,
    List<Move> moves,
    List<StoredObject> comes) {
  /// A piece that is elsewhere now.
  ///
  /// @param from where it was, in units of 64 bytes from the file's begin, without sign
  /// @param to where it is
  /// @param checksum what its slot's checksum is there
  record Move(int from, int to, int checksum) {}
}
