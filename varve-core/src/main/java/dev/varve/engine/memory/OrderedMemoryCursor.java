package dev.varve.engine.memory;

import dev.varve.base.ReaderEpochs;
import dev.varve.engine.EngineCursor;
import dev.varve.kv.KeyRange;
import org.jspecify.annotations.Nullable;

/// Walks an ordered index at one moment.
///
/// @threads one at a time
final class OrderedMemoryCursor implements EngineCursor {
  /* The cursor takes a window of records at a time: their addresses, in the direction of the last
   * move. The moment is pinned, so the records stay where they are without a look being held open. A
   * move past the window seeks from the key at its end. */

  private static final int WINDOW_FIRST = 4;
  private static final int WINDOW_MAX = 128;
  private static final byte[] NO_KEY = {};

  private final MemoryEngine engine;
  private final RecordHeap heap;
  private final ReaderEpochs epochs;
  private final OrderedKeyIndex index;
  private final KeyRange range;
  private final long sequence;

  private int[] window = new int[WINDOW_FIRST];
  private int count;
  private int at;
  private boolean ascending = true;

  OrderedMemoryCursor(
      MemoryEngine engine,
      RecordHeap heap,
      ReaderEpochs epochs,
      OrderedKeyIndex index,
      KeyRange range,
      long sequence) {
    this.engine = engine;
    this.heap = heap;
    this.epochs = epochs;
    this.index = index;
    this.range = range;
    this.sequence = sequence;
  }

  private boolean fill(byte[] from, boolean inclusive, boolean up) {
    ascending = up;
    count = 0;
    at = 0;
    int token = epochs.enter();
    try {
      if (up) {
        index.ascend(from, inclusive, this::take);
      } else {
        index.descend(from, inclusive, this::take);
      }
    } finally {
      epochs.exit(token);
    }
    return count > 0;
  }

  private boolean take(int newest) {
    int address = engine.visible(newest, sequence);
    if (address == 0 || heap.isTombstone(address)) {
      return true;
    }
    byte @Nullable [] end = ascending ? end() : begin();
    if (end != null) {
      int order = heap.compareKey(end, 0, end.length, address);
      if (ascending ? order <= 0 : order > 0) {
        return false;
      }
    }
    window[count++] = address;
    return count < window.length;
  }

  private byte @Nullable [] rangeFrom;
  private byte @Nullable [] rangeTo;
  private boolean rangeKnown;

  private byte @Nullable [] begin() {
    knowRange();
    return rangeFrom;
  }

  private byte @Nullable [] end() {
    knowRange();
    return rangeTo;
  }

  private void knowRange() {
    if (!rangeKnown) {
      rangeFrom = range.from();
      rangeTo = range.to();
      rangeKnown = true;
    }
  }

  @Override
  public boolean seekToFirst() {
    byte @Nullable [] from = begin();
    return restart(from == null ? NO_KEY : from, true, true);
  }

  @Override
  public boolean seekToLast() {
    byte @Nullable [] to = end();
    return (to != null && to.length == 0)
        ? none()
        : restart(to == null ? NO_KEY : to, false, false);
  }

  @Override
  public boolean seek(byte[] key) {
    return range.isBelow(key) ? seekToFirst() : restart(key, true, true);
  }

  @Override
  public boolean seekForPrevious(byte[] key) {
    if (key.length == 0) {
      // No key is empty; to the index this would stand for the very last.
      return none();
    }
    return range.isAbove(key) ? seekToLast() : restart(key, true, false);
  }

  private boolean restart(byte[] from, boolean inclusive, boolean up) {
    if (window.length > WINDOW_FIRST) {
      window = new int[WINDOW_FIRST];
    }
    return fill(from, inclusive, up);
  }

  private boolean none() {
    count = 0;
    at = 0;
    return false;
  }

  @Override
  public boolean next() {
    return move(true);
  }

  @Override
  public boolean previous() {
    return move(false);
  }

  private boolean move(boolean up) {
    int step = up == ascending ? 1 : -1;
    if (at + step >= 0 && at + step < count) {
      at += step;
      return true;
    }
    if (step > 0 && count < window.length) {
      // The window was not filled: there is no more in this direction.
      return none();
    }
    byte[] key = heap.key(window[at]);
    if (window.length < WINDOW_MAX) {
      // Short walks need short windows, long ones are cheaper with long ones.
      window = new int[window.length * 4];
    }
    return fill(key, false, up);
  }

  @Override
  public byte[] key() {
    return heap.key(window[at]);
  }

  @Override
  public byte[] value() {
    return heap.value(window[at]);
  }

  @Override
  public long valueSize() {
    return heap.valueLength(window[at]);
  }
}
