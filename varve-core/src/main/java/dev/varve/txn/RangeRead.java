package dev.varve.txn;

import dev.varve.base.Bytes;
import dev.varve.kv.KeyRange;
import org.jspecify.annotations.Nullable;

/// The part of a range that a cursor went over since it was last sought: from a lowest key, which
/// is in it, to a highest, which may be.
///
/// @threads one at a time
final class RangeRead {
  private static final byte[] LEAST = {};

  private byte[] low;
  private byte @Nullable [] high;
  private boolean withHigh;

  /// @param low the lowest key, or null for the least of all
  /// @param high the highest key, or null for no end
  /// @param withHigh whether the highest key is in it
  RangeRead(byte @Nullable [] low, byte @Nullable [] high, boolean withHigh) {
    this.low = low == null ? LEAST : low;
    this.high = high;
    this.withHigh = withHigh;
  }

  byte[] low() {
    return low;
  }

  /// Has it begin at a key, or at the least of all.
  void beginAt(byte @Nullable [] key) {
    low = key == null ? LEAST : key;
  }

  /// Has it end with a key, or, without, before it; null for no end.
  void endAt(byte @Nullable [] key, boolean with) {
    high = key;
    withHigh = with;
  }

  boolean contains(byte[] key) {
    return Bytes.compare(key, low) >= 0 && !endsBefore(key);
  }

  private boolean endsBefore(byte[] key) {
    if (high == null) {
      return false;
    }
    int order = Bytes.compare(key, high);
    return withHigh ? order > 0 : order >= 0;
  }

  boolean meets(KeyRange range) {
    if (range.isEmpty()) {
      return false;
    }
    byte @Nullable [] from = range.from();
    byte @Nullable [] to = range.to();
    return (from == null || !endsBefore(from)) && (to == null || Bytes.compare(low, to) < 0);
  }

  RangeRead copy() {
    return new RangeRead(low, high, withHigh);
  }

  /// Whether another one, which begins no earlier, begins within it.
  boolean reaches(RangeRead later) {
    return !endsBefore(later.low);
  }

  /// Has it end where another one ends, if that is later.
  void extend(RangeRead other) {
    if (high == null) {
      return;
    }
    byte @Nullable [] end = other.high;
    int order = end == null ? 1 : Bytes.compare(end, high);
    if (order > 0) {
      endAt(end, other.withHigh);
    } else if (order == 0) {
      withHigh |= other.withHigh;
    }
  }
}
