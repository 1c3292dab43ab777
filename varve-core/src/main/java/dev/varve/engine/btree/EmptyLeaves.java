package dev.varve.engine.btree;

import java.util.ArrayDeque;

/// The low keys of leaves of which everything was deleted, in the order of the deletes.
///
/// @threads the writer
final class EmptyLeaves {
  private final ArrayDeque<byte[]> lows = new ArrayDeque<>();

  void add(byte[] low) {
    lows.add(low);
  }

  boolean isEmpty() {
    return lows.isEmpty();
  }

  byte[] first() {
    return lows.getFirst();
  }

  void remove() {
    lows.removeFirst();
  }
}
