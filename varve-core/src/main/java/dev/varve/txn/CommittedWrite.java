package dev.varve.txn;

import dev.varve.kv.KeyRange;
import org.jspecify.annotations.Nullable;

/// A key or a range that a commit wrote, in the chain of [RecentCommits].
///
/// @threads immutable but for the link to the next, which is set by whoever has the turn
public final class CommittedWrite {
  private final long sequence;
  private final int keyspace;
  private final byte @Nullable [] key;
  private final @Nullable KeyRange range;

  /** The bytes of the chain up to here, since it began. */
  private final long total;

  private volatile @Nullable CommittedWrite next;

  CommittedWrite(
      long sequence, int keyspace, byte @Nullable [] key, @Nullable KeyRange range, long total) {
    this.sequence = sequence;
    this.keyspace = keyspace;
    this.key = key;
    this.range = range;
    this.total = total;
  }

  /// The commit's number.
  public long sequence() {
    return sequence;
  }

  int keyspace() {
    return keyspace;
  }

  /// The key, or null when it is a range, or nothing at all, which begins a chain.
  byte @Nullable [] key() {
    return key;
  }

  @Nullable KeyRange range() {
    return range;
  }

  long total() {
    return total;
  }

  @Nullable CommittedWrite next() {
    return next;
  }

  void setNext(@Nullable CommittedWrite newNext) {
    next = newNext;
  }
}
