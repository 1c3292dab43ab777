package dev.varve.kv;

import dev.varve.base.Bytes;

/// A number under one key of a keyspace, which any number of threads may count at a time: each call
/// reads and writes in one commit, so that no step is lost, and what was acknowledged is as durable
/// as the store's [Durability] says.
///
/// A counter is an entry of its keyspace like any other: its value is [#encode]d in 8 bytes, it can
/// be read, put, deleted and batched with the calls of [Keyspace], and an absent one counts as 0. A
/// call that leaves the number as it is writes nothing.
///
/// Every call throws [UsageException] when the value under the key has not 8 bytes, and what reads
/// and writes of a [Keyspace] throw.
///
/// @threads safe
/// @lifetime as long as its keyspace; it needs no closing, and is no more than a keyspace and a key
public interface Counter {
  /// The 8 bytes of a counter's value: a signed number, its high byte first.
  static byte[] encode(long number) {
    byte[] value = new byte[Long.BYTES];
    Bytes.putLongBigEndian(value, 0, number);
    return value;
  }

  /// The number that a counter's value stands for.
  ///
  /// @throws UsageException when it has not 8 bytes
  static long decode(byte[] value) {
    if (value.length != Long.BYTES) {
      throw new UsageException(
          "a counter has 8 bytes, this value has "
              + value.length
              + "; use a key of its own for the counter");
    }
    return Bytes.getLongBigEndian(value, 0);
  }

  /// The number now.
  long get();

  /// Adds `delta` and answers the new number.
  ///
  /// @throws LimitException when the sum does not fit in 64 bits; nothing was changed
  long increment(long delta);

  /// Adds one and answers the new number.
  ///
  /// @throws LimitException when it does not fit in 64 bits; nothing was changed
  default long increment() {
    return increment(1);
  }

  /// Takes `amount` away, but never more than leaves 0, and answers the new number. A number below
  /// 0 stays as it is.
  ///
  /// @throws UsageException when `amount` is below 0
  long decrement(long amount);

  /// Multiplies by `factor` and answers the new number. What does not fit in 64 bits becomes the
  /// number next to it that does: [Long#MAX_VALUE] or [Long#MIN_VALUE].
  long multiply(long factor);

  /// Divides by `divisor`, leaving a fraction out, and answers the new number. What does not fit in
  /// 64 bits, which is [Long#MIN_VALUE] by -1, becomes [Long#MAX_VALUE].
  ///
  /// @throws UsageException when `divisor` is 0
  long divide(long divisor);

  /// Keeps `percent` hundredths of the number, leaving a fraction out, and answers the new number.
  ///
  /// @throws UsageException when `percent` is not from 0 to 100
  long percentage(int percent);

  /// Sets the number to `updated` if it is `expected`. Answers what it was: when that is
  /// `expected`, it was set.
  long compareAndExchange(long expected, long updated);

  /// Sets the number to `updated` if it is `expected`. Answers whether it was.
  default boolean compareAndSet(long expected, long updated) {
    return compareAndExchange(expected, updated) == expected;
  }

  /// Sets the number, whatever it is, and answers what it was.
  long getAndSet(long number);

  /// Sets the number to 0 and answers what it was.
  default long reset() {
    return getAndSet(0);
  }
}
