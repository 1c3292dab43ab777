package dev.varve.engine.lsm;

import dev.varve.engine.lsm.memtable.Memtable;
import dev.varve.engine.lsm.memtable.MemtableCursor;

/// The entries of a memtable.
///
/// @threads one at a time
final class MemtableSource implements EntrySource {
  private final MemtableCursor cursor;

  MemtableSource(Memtable memtable, long sequence) {
    this.cursor = memtable.cursor(sequence, true);
  }

  @Override
  public boolean seekToFirst() {
    return cursor.seekToFirst();
  }

  @Override
  public boolean seekToLast() {
    return cursor.seekToLast();
  }

  @Override
  public boolean seek(byte[] target) {
    return cursor.seek(target);
  }

  @Override
  public boolean seekForPrevious(byte[] target) {
    return cursor.seekForPrevious(target);
  }

  @Override
  public boolean seekBefore(byte[] target) {
    boolean found = cursor.seekForPrevious(target);
    return (found && cursor.compareKey(target) == 0) ? cursor.previous() : found;
  }

  @Override
  public boolean next() {
    return cursor.next();
  }

  @Override
  public boolean previous() {
    return cursor.previous();
  }

  @Override
  public boolean isValid() {
    return cursor.isValid();
  }

  @Override
  public boolean isDeferred() {
    return false;
  }

  @Override
  public boolean resolve() {
    return isValid();
  }

  @Override
  public byte[] keyArray() {
    return cursor.array();
  }

  @Override
  public int keyOffset() {
    return cursor.keyOffset();
  }

  @Override
  public int keyLength() {
    return cursor.keyLength();
  }

  @Override
  public long sequence() {
    return cursor.sequence();
  }

  @Override
  public boolean isTombstone() {
    return cursor.isTombstone();
  }

  @Override
  public boolean isBlob() {
    return false;
  }

  @Override
  public byte[] valueArray() {
    return cursor.array();
  }

  @Override
  public int valueOffset() {
    return cursor.valueOffset();
  }

  @Override
  public int valueLength() {
    return cursor.valueLength();
  }

  @Override
  public void close() {}
}
