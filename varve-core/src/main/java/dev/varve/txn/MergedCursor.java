package dev.varve.txn;

import dev.varve.base.Bytes;
import dev.varve.engine.EngineCursor;
import dev.varve.kv.KeyRange;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Walks over an engine's entries with a transaction's writes over them.
///
/// @threads one at a time
final class MergedCursor implements EngineCursor {
  /* The base stands on the engine's next entry, in the direction of the last move, that the writes do
   * not hide, or on the entry where the cursor stands if that is the engine's. What is written is
   * looked up by key at each move, so the writes may change meanwhile; when they have, or the
   * direction does, the base is sought anew from where the cursor stands. */

  private final EngineCursor base;
  private final KeyRange range;
  private final byte @Nullable [] from;
  private final byte @Nullable [] to;
  private final KeyspaceAccess access;
  private final KeyspaceWrites writes;

  /** The engine's entry, or null when it has no more in this direction. */
  private byte @Nullable [] baseKey;

  private byte @Nullable [] key;

  /** What is written there, or null when the entry is the engine's. */
  private byte @Nullable [] value;

  private boolean ascending = true;
  private long changesSeen;
  private @Nullable RangeRead read;

  MergedCursor(EngineCursor base, KeyRange range, KeyspaceAccess access) {
    this.base = base;
    this.range = range;
    this.from = range.from();
    this.to = range.to();
    this.access = access;
    this.writes = access.writes();
  }

  @Override
  public boolean seekToFirst() {
    begin(true, base.seekToFirst());
    read = access.track(from, to, false);
    return settleUp(from, true);
  }

  @Override
  public boolean seekToLast() {
    begin(false, base.seekToLast());
    read = access.track(from, to, false);
    return settleDown(to, false);
  }

  @Override
  public boolean seek(byte[] target) {
    if (range.isBelow(target)) {
      return seekToFirst();
    }
    begin(true, base.seek(target));
    byte[] low = target.clone();
    read = range.isAbove(target) ? null : access.track(low, to, false);
    return settleUp(low, true);
  }

  @Override
  public boolean seekForPrevious(byte[] target) {
    if (range.isAbove(target)) {
      return seekToLast();
    }
    begin(false, base.seekForPrevious(target));
    byte[] high = target.clone();
    read = range.isBelow(target) ? null : access.track(from, high, true);
    return settleDown(high, true);
  }

  private void begin(boolean up, boolean found) {
    ascending = up;
    changesSeen = writes.changes();
    baseKey = found ? base.key() : null;
  }

  private byte[] standing() {
    if (key == null) {
      throw new IllegalStateException("the cursor stands on no entry");
    }
    return key;
  }

  /** Has the base stand behind the cursor's key in a direction. */
  private void advanceBase(byte[] at, boolean up) {
    if (ascending != up || changesSeen != writes.changes()) {
      begin(up, up ? base.seek(at) : base.seekForPrevious(at));
    }
    if (baseKey != null && Bytes.compare(baseKey, at) == 0) {
      moveBase();
    }
  }

  private void moveBase() {
    baseKey = (ascending ? base.next() : base.previous()) ? base.key() : null;
  }

  private void skipHidden() {
    while (baseKey != null && writes.find(baseKey) != null) {
      moveBase();
    }
  }

  @Override
  public boolean next() {
    byte[] at = standing();
    advanceBase(at, true);
    return settleUp(at, false);
  }

  @Override
  public boolean previous() {
    byte[] at = standing();
    advanceBase(at, false);
    return settleDown(at, false);
  }

  private boolean settleUp(byte @Nullable [] bound, boolean inclusive) {
    skipHidden();
    Map.Entry<byte[], byte[]> written = writes.isEmpty() ? null : writes.above(bound, inclusive);
    if (written != null && range.isAbove(written.getKey())) {
      written = null;
    }
    boolean own =
        written != null && (baseKey == null || Bytes.compare(written.getKey(), baseKey) < 0);
    stand(own ? written : null);
    if (read != null) {
      read.endAt(key == null ? to : key, key != null);
    }
    return key != null;
  }

  private boolean settleDown(byte @Nullable [] bound, boolean inclusive) {
    skipHidden();
    Map.Entry<byte[], byte[]> written = writes.isEmpty() ? null : writes.below(bound, inclusive);
    if (written != null && range.isBelow(written.getKey())) {
      written = null;
    }
    boolean own =
        written != null && (baseKey == null || Bytes.compare(written.getKey(), baseKey) > 0);
    stand(own ? written : null);
    if (read != null) {
      read.beginAt(key == null ? from : key);
    }
    return key != null;
  }

  private void stand(Map.@Nullable Entry<byte[], byte[]> written) {
    key = written == null ? baseKey : written.getKey();
    value = written == null ? null : written.getValue();
  }

  @Override
  public byte[] key() {
    return standing().clone();
  }

  @Override
  public byte[] value() {
    return value == null ? base.value() : value.clone();
  }

  @Override
  public long valueSize() {
    return value == null ? base.valueSize() : value.length;
  }

  @Override
  public void close() {
    base.close();
  }
}
