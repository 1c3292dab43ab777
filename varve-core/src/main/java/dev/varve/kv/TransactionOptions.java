package dev.varve.kv;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// How a transaction works.
///
/// @param isolation what it is kept from noticing of others
/// @param readOnly whether it only reads; then it is never refused, and nobody need take note of it
/// @param timeout after this long it is rolled back and can do nothing more (1 ms to 1 day, default
///   1 minute)
/// @param lockTimeout how long it waits for a lock (0 to 1 day, default 1 s)
/// @param bytesMax what it may keep in memory of what it has written and, at
///   [Isolation#SERIALIZABLE], read (at most 1 GiB, default 64 MiB)
/// @param priority of transactions that wait for one another in a circle the one with the least
///   goes (default 0), of several the youngest
/// @param attempts how often [Store#transact(TransactionOptions, TransactionFunction)] tries before
///   it gives up (1 to 1,000,000, default 100)
/// @param durability when its commit is acknowledged; null, the default, for as the store says
public record TransactionOptions(
    Isolation isolation,
    boolean readOnly,
    Duration timeout,
    Duration lockTimeout,
    ByteSize bytesMax,
    int priority,
    int attempts,
    @Nullable Durability durability) {
  private static final Duration TIME_MAX = Duration.ofDays(1);

  /** What a batch can hold, less what each mutation takes besides key and value. */
  private static final ByteSize BYTES_MAX = ByteSize.ofGibibytes(1);

  public TransactionOptions {
    if (timeout.compareTo(Duration.ofMillis(1)) < 0 || timeout.compareTo(TIME_MAX) > 0) {
      throw new UsageException("a transaction's timeout is 1ms to 1 day, not " + timeout);
    }
    if (lockTimeout.isNegative() || lockTimeout.compareTo(TIME_MAX) > 0) {
      throw new UsageException(
          "a transaction waits for a lock for 0 to 1 day, not for " + lockTimeout);
    }
    if (bytesMax.compareTo(BYTES_MAX) > 0) {
      throw new UsageException(
          "a transaction has at most " + BYTES_MAX + " of memory, not " + bytesMax);
    }
    if (attempts < 1 || attempts > 1_000_000) {
      throw new UsageException("a transaction is tried 1 to 1,000,000 times, not " + attempts);
    }
  }

  /// What a transaction of this level has when nothing else is said.
  public static TransactionOptions of(Isolation isolation) {
    return new TransactionOptions(
        isolation,
        false,
        Duration.ofMinutes(1),
        Duration.ofSeconds(1),
        ByteSize.ofMebibytes(64),
        0,
        100,
        null);
  }

  /// A copy with another [#readOnly].
  public TransactionOptions withReadOnly(boolean readOnly) {
    return new TransactionOptions(
        isolation, readOnly, timeout, lockTimeout, bytesMax, priority, attempts, durability);
  }

  /// A copy with another [#timeout].
  public TransactionOptions withTimeout(Duration timeout) {
    return new TransactionOptions(
        isolation, readOnly, timeout, lockTimeout, bytesMax, priority, attempts, durability);
  }

  /// A copy with another [#lockTimeout].
  public TransactionOptions withLockTimeout(Duration lockTimeout) {
    return new TransactionOptions(
        isolation, readOnly, timeout, lockTimeout, bytesMax, priority, attempts, durability);
  }

  /// A copy with another [#bytesMax].
  public TransactionOptions withBytesMax(ByteSize bytesMax) {
    return new TransactionOptions(
        isolation, readOnly, timeout, lockTimeout, bytesMax, priority, attempts, durability);
  }

  /// A copy with another [#priority].
  public TransactionOptions withPriority(int priority) {
    return new TransactionOptions(
        isolation, readOnly, timeout, lockTimeout, bytesMax, priority, attempts, durability);
  }

  /// A copy with other [#attempts].
  public TransactionOptions withAttempts(int attempts) {
    return new TransactionOptions(
        isolation, readOnly, timeout, lockTimeout, bytesMax, priority, attempts, durability);
  }

  /// A copy with another [#durability].
  public TransactionOptions withDurability(Durability durability) {
    return new TransactionOptions(
        isolation, readOnly, timeout, lockTimeout, bytesMax, priority, attempts, durability);
  }
}
