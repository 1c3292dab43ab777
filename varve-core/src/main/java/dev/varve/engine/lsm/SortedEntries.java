package dev.varve.engine.lsm;

import java.io.IOException;

/// Entries of a bulk load in the order of their keys, no key twice.
///
/// @threads one at a time
/// @lifetime until [#close]. Arrays are lent until it moves
interface SortedEntries extends AutoCloseable {
  /// Moves to the first entry, then to the next; answers whether there is one.
  ///
  /// @throws IOException when the device refuses
  boolean next() throws IOException;

  byte[] keyArray();

  int keyOffset();

  int keyLength();

  byte[] valueArray();

  int valueOffset();

  int valueLength();

  @Override
  void close() throws IOException;
}
