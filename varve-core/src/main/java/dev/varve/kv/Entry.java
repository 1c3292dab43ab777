package dev.varve.kv;

import java.util.Arrays;

/// A key and its value. The arrays are the receiver's own.
public record Entry(byte[] key, byte[] value) {
  @Override
  public boolean equals(Object other) {
    return other instanceof Entry(byte[] otherKey, byte[] otherValue)
        && Arrays.equals(key, otherKey)
        && Arrays.equals(value, otherValue);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(key) + Arrays.hashCode(value);
  }

  /// Says only how long they are: keys and values do not belong in logs.
  @Override
  public String toString() {
    return "Entry[key=" + key.length + " B, value=" + value.length + " B]";
  }
}
