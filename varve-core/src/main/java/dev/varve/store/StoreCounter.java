package dev.varve.store;

import dev.varve.kv.Counter;
import dev.varve.kv.LimitException;
import dev.varve.kv.Limits;
import dev.varve.kv.UsageException;
import org.jspecify.annotations.Nullable;

/// A counter of a keyspace of an open store.
///
/// @threads safe
final class StoreCounter implements Counter {
  private static final int PERCENT_MAX = 100;

  private final StoreKeyspace keyspace;
  private final byte[] key;

  StoreCounter(StoreKeyspace keyspace, byte[] key) {
    Limits.checkKey(key);
    this.keyspace = keyspace;
    this.key = key.clone();
  }

  /** What a call makes of a number. */
  interface Change {
    long of(long current);
  }

  /// What [#increment] makes of a number.
  ///
  /// @throws LimitException when the sum does not fit
  static long sum(long current, long delta) {
    long sum = current + delta;
    if (((current ^ sum) & (delta ^ sum)) < 0) {
      throw new LimitException(
          "the counter does not fit in 64 bits any more: nothing was changed. Reset it, or count on"
              + " under another key");
    }
    return sum;
  }

  private static void require(boolean holds, String message) {
    if (!holds) {
      throw new UsageException(message);
    }
  }

  @Override
  public long get() {
    byte @Nullable [] value = keyspace.get(key);
    return value == null ? 0 : Counter.decode(value);
  }

  @Override
  public long increment(long delta) {
    return keyspace.increment(key, delta);
  }

  @Override
  public long decrement(long amount) {
    require(amount >= 0, "a counter is decremented by 0 or more; to add, use increment");
    return keyspace.count(
        key, current -> current <= 0 ? current : Math.max(0, current - amount), false);
  }

  @Override
  public long multiply(long factor) {
    return keyspace.count(key, current -> product(current, factor), false);
  }

  private static long product(long current, long factor) {
    long low = current * factor;
    long high = Math.multiplyHigh(current, factor);
    if (high == low >> (Long.SIZE - 1)) {
      return low;
    }
    return high < 0 ? Long.MIN_VALUE : Long.MAX_VALUE;
  }

  @Override
  public long divide(long divisor) {
    require(divisor != 0, "a counter cannot be divided by 0");
    return keyspace.count(
        key,
        current -> current == Long.MIN_VALUE && divisor == -1 ? Long.MAX_VALUE : current / divisor,
        false);
  }

  @Override
  public long percentage(int percent) {
    require(
        percent >= 0 && percent <= PERCENT_MAX,
        "a percentage is from 0 to 100, not " + percent + "; to make more of it, use multiply");
    return keyspace.count(
        key,
        current -> current / PERCENT_MAX * percent + current % PERCENT_MAX * percent / PERCENT_MAX,
        false);
  }

  @Override
  public long compareAndExchange(long expected, long updated) {
    return keyspace.count(key, current -> current == expected ? updated : current, true);
  }

  @Override
  public long getAndSet(long number) {
    return keyspace.count(key, _ -> number, true);
  }

  @Override
  public String toString() {
    return "counter of " + keyspace;
  }
}
