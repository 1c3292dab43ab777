package dev.varve.txn;

import dev.varve.engine.EngineCursor;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Goes through an engine without order, with a transaction's writes over its entries: first what
/// the engine has, with the values that are written, then what is written and the engine has not.
///
/// @threads one at a time
final class UnorderedMergedCursor implements EngineCursor {
  private final EngineCursor base;
  private final KeyspaceAccess access;
  private final KeyspaceWrites writes;

  /** Whether the engine has an entry, at the moment that is walked over. */
  private final Predicate<byte[]> inEngine;

  private boolean inBase;
  private byte @Nullable [] key;

  /** What is written there, or null when the entry is the engine's. */
  private byte @Nullable [] value;

  UnorderedMergedCursor(EngineCursor base, KeyspaceAccess access, Predicate<byte[]> inEngine) {
    this.base = base;
    this.access = access;
    this.writes = access.writes();
    this.inEngine = inEngine;
  }

  @Override
  public boolean seekToFirst() {
    access.trackEverything();
    inBase = true;
    return settle(base.seekToFirst());
  }

  @Override
  public boolean next() {
    if (inBase) {
      return settle(base.next());
    }
    byte @Nullable [] at = key;
    if (at == null) {
      throw new IllegalStateException("the cursor stands on no entry");
    }
    return settleWritten(at);
  }

  private boolean settle(boolean found) {
    for (boolean more = found; more; more = base.next()) {
      byte[] at = base.key();
      byte @Nullable [] written = writes.isEmpty() ? null : writes.find(at);
      if (written != KeyspaceWrites.DELETED) {
        key = at;
        value = written;
        return true;
      }
    }
    inBase = false;
    return settleWritten(null);
  }

  private boolean settleWritten(byte @Nullable [] behind) {
    Map.Entry<byte[], byte[]> written = writes.above(behind, false);
    while (written != null && inEngine.test(written.getKey())) {
      written = writes.above(written.getKey(), false);
    }
    key = written == null ? null : written.getKey();
    value = written == null ? null : written.getValue();
    return written != null;
  }

  @Override
  public byte[] key() {
    if (key == null) {
      throw new IllegalStateException("the cursor stands on no entry");
    }
    return key.clone();
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
  public boolean seekToLast() {
    throw noOrder();
  }

  @Override
  public boolean seek(byte[] target) {
    throw noOrder();
  }

  @Override
  public boolean seekForPrevious(byte[] target) {
    throw noOrder();
  }

  @Override
  public boolean previous() {
    throw noOrder();
  }

  private static UnsupportedOperationException noOrder() {
    return new UnsupportedOperationException("the store asks only engines that have an order");
  }
}
