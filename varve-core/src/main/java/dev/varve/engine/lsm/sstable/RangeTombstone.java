package dev.varve.engine.lsm.sstable;

import org.jspecify.annotations.Nullable;

/// Hides the entries from one key to before another whose sequence number is less than its own.
///
/// The arrays are nobody's to change.
///
/// @param from the first key
/// @param to the first key that it leaves alone, greater than `from`; null where it has no end
/// @param sequence its sequence number
public record RangeTombstone(byte[] from, byte @Nullable [] to, long sequence) {
  /// Says nothing of the keys: they do not belong in logs.
  @Override
  public String toString() {
    return "RangeTombstone[sequence=" + sequence + "]";
  }
}
