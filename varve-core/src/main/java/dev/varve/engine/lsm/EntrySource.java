package dev.varve.engine.lsm;

import java.io.IOException;

/// Walks over what one part of a keyspace, a memtable or sstables, has up to a sequence number: of
/// each key the newest entry, which may be a tombstone. Range tombstones are another matter.
///
/// The calls that move answer whether there is an entry then; the others are made only on an entry.
///
/// @threads one at a time
/// @lifetime until [#close]. Arrays are lent until it moves
interface EntrySource extends AutoCloseable {
  boolean seekToFirst() throws IOException;

  boolean seekToLast() throws IOException;

  /// Moves to the first key at `target` or behind.
  boolean seek(byte[] target) throws IOException;

  /// Moves to the last key at `target` or before.
  boolean seekForPrevious(byte[] target) throws IOException;

  /// Moves to the next key.
  boolean next() throws IOException;

  /// Moves to the key before.
  boolean previous() throws IOException;

  boolean isValid();

  byte[] keyArray();

  int keyOffset();

  int keyLength();

  long sequence();

  boolean isTombstone();

  /// Whether the value is a reference into a blob file.
  boolean isBlob();

  byte[] valueArray();

  int valueOffset();

  int valueLength();

  @Override
  void close() throws IOException;
}
