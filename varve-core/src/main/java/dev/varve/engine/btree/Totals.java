package dev.varve.engine.btree;

import dev.varve.base.Bytes;
import org.jspecify.annotations.Nullable;

/// What a keyspace has at a moment.
///
/// @param entries how many
/// @param keyBytes the bytes of all their keys
/// @param valueBytes the bytes of all their values
/// @param nextValue the number that the next value that is kept apart has
record Totals(long entries, long keyBytes, long valueBytes, long nextValue) {
  static final Totals NONE = new Totals(0, 0, 0, 1);

  private static final int BYTES = 4 * Long.BYTES;

  byte[] encode() {
    byte[] bytes = new byte[BYTES];
    Bytes.putLong(bytes, 0, entries);
    Bytes.putLong(bytes, Long.BYTES, keyBytes);
    Bytes.putLong(bytes, 2 * Long.BYTES, valueBytes);
    Bytes.putLong(bytes, 3 * Long.BYTES, nextValue);
    return bytes;
  }

  /// Reads them, or answers null for bytes that are none.
  static @Nullable Totals decode(byte[] bytes) {
    if (bytes.length == 0) {
      return NONE;
    }
    return bytes.length != BYTES
        ? null
        : new Totals(
            Bytes.getLong(bytes, 0),
            Bytes.getLong(bytes, Long.BYTES),
            Bytes.getLong(bytes, 2 * Long.BYTES),
            Bytes.getLong(bytes, 3 * Long.BYTES));
  }
}
