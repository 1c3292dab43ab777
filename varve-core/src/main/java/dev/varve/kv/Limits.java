package dev.varve.kv;

/// What is the most that Varve takes.
public final class Limits {
  /// The most bytes of a key.
  public static final int KEY_BYTES_MAX = 64 << 10;

  /// The most bytes of a value.
  public static final int VALUE_BYTES_MAX = 1 << 30;

  /// The most bytes of a write batch, keys, values and a few bytes for each entry together.
  public static final int BATCH_BYTES_MAX = (1 << 30) + (1 << 20);

  /// The most bytes of a keyspace's name in UTF-8.
  public static final int NAME_BYTES_MAX = 255;

  private Limits() {}

  /// Checks a key.
  ///
  /// @throws LimitException when it is empty or too long
  public static void checkKey(byte[] key) {
    if ((key.length - 1) >>> 16 != 0) {
      throw new LimitException(
          "a key has 1 to " + KEY_BYTES_MAX + " bytes, this one has " + key.length);
    }
  }

  /// Checks a value.
  ///
  /// @throws LimitException when it is too long
  public static void checkValue(byte[] value) {
    if (value.length > VALUE_BYTES_MAX) {
      throw new LimitException(
          "a value has at most " + VALUE_BYTES_MAX + " bytes, this one has " + value.length);
    }
  }
}
