package dev.varve.engine.lsm;

import java.io.IOException;

/// Walks over what one part of a keyspace, a memtable or sstables, has up to a sequence number: of
/// each key the newest entry, which may be a tombstone. Range tombstones are another matter.
///
/// The calls that move answer whether there may be an entry then; the others are made only when
/// there may be.
///
/// A source may put off to look for its entry, because that would cost a read: it then gives in
/// place of the key a bound, which no entry that it may stand on comes before in the direction of
/// the move, and has no sequence number and no value until [#resolve].
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

  /// Moves to the last key before `target`.
  boolean seekBefore(byte[] target) throws IOException;

  /// Moves to the next key.
  boolean next() throws IOException;

  /// Moves to the key before.
  boolean previous() throws IOException;

  boolean isValid();

  /// Whether it has not looked for its entry yet.
  boolean isDeferred();

  /// Looks for the entry. Afterwards it stands on one, on none, or is deferred with another bound.
  boolean resolve() throws IOException;

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
