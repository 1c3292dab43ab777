package dev.varve.txn;

import dev.varve.base.Bytes;
import dev.varve.engine.EngineCursor;
import dev.varve.kv.ConflictCause;
import dev.varve.kv.KeyRange;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// What a transaction does in one keyspace.
///
/// @threads one at a time
public final class KeyspaceAccess {
  /// What [#written] answers of a key that the transaction makes absent; known by identity.
  public static final byte[] DELETED = KeyspaceWrites.DELETED;

  private final TransactionAccess transaction;
  private final int keyspace;
  private final String name;
  private final boolean ordered;
  private final KeyspaceWrites writes = new KeyspaceWrites();

  /** Of a serializable transaction. */
  private final @Nullable KeyspaceReads reads;

  /** For each locked key the last commit that its reading saw for sure. */
  private @Nullable NavigableMap<byte[], Long> locked;

  KeyspaceAccess(
      TransactionAccess transaction, int keyspace, String name, boolean ordered, boolean tracks) {
    this.transaction = transaction;
    this.keyspace = keyspace;
    this.name = name;
    this.ordered = ordered;
    this.reads = tracks ? new KeyspaceReads() : null;
  }

  /// The keyspace's number.
  public int keyspace() {
    return keyspace;
  }

  /// The keyspace's name.
  public String name() {
    return name;
  }

  /// What it writes.
  public KeyspaceWrites writes() {
    return writes;
  }

  /// What it writes at a key: a value, [#DELETED], or null when it writes nothing there.
  public byte @Nullable [] written(byte[] key) {
    return writes.isEmpty() ? null : writes.find(key);
  }

  /// Takes note that a key is read which the transaction has not written.
  ///
  /// @throws dev.varve.kv.LimitException when the transaction gets too large
  public void read(byte[] key) {
    KeyspaceReads own = reads;
    if (own != null) {
      transaction.use(TransactionAccess.ENTRY_BYTES + key.length);
      if (!own.add(key.clone())) {
        transaction.use(-TransactionAccess.ENTRY_BYTES - key.length);
      }
    }
  }

  /// Puts what the transaction writes over a cursor of the engine, and takes note of what is read.
  ///
  /// @param inEngine whether the engine has an entry where the cursor walks
  public EngineCursor over(EngineCursor base, KeyRange range, Predicate<byte[]> inEngine) {
    return ordered
        ? new MergedCursor(base, range, this)
        : new UnorderedMergedCursor(base, this, inEngine);
  }

  /** Takes note of what a cursor goes over; null when nobody wants to know. */
  @Nullable RangeRead track(byte @Nullable [] low, byte @Nullable [] high, boolean withHigh) {
    KeyspaceReads own = reads;
    if (own == null) {
      return null;
    }
    transaction.use(2L * TransactionAccess.ENTRY_BYTES);
    RangeRead range = new RangeRead(low, high, withHigh);
    own.add(range);
    return range;
  }

  /** Takes note that all is read. */
  void trackEverything() {
    if (reads != null) {
      reads.addEverything();
    }
  }

  /// Takes note that a key is locked, and that its reading sees every commit up to `since`.
  public void lock(byte[] key, long since) {
    NavigableMap<byte[], Long> keys = locked;
    if (keys == null) {
      keys = new TreeMap<>(Bytes::compare);
      locked = keys;
    }
    var _ = keys.putIfAbsent(key, since);
  }

  /// Whether a key is locked.
  public boolean isLocked(byte[] key) {
    return locked != null && locked.containsKey(key);
  }

  boolean hasLocks() {
    return locked != null;
  }

  void settle() {
    if (reads != null) {
      reads.settle();
    }
  }

  /**
   * What of this a commit's write takes the ground from, or null.
   *
   * @param since the transaction's moment, or -1 when it has none
   */
  @Nullable ConflictCause meets(CommittedWrite write, long since) {
    if (locked != null && meetsLock(write, locked)) {
      return ConflictCause.LOCKED;
    }
    if (since < 0 || write.sequence() <= since) {
      return null;
    }
    if (writes.meets(write)) {
      return ConflictCause.WRITTEN;
    }
    return reads != null && reads.meets(write) ? ConflictCause.READ : null;
  }

  private static boolean meetsLock(CommittedWrite write, NavigableMap<byte[], Long> keys) {
    byte @Nullable [] key = write.key();
    if (key != null) {
      Long since = keys.get(key);
      return since != null && write.sequence() > since;
    }
    KeyRange range = write.range();
    if (range == null) {
      return false;
    }
    for (var entry : keys.entrySet()) {
      if (write.sequence() > entry.getValue() && range.contains(entry.getKey())) {
        return true;
      }
    }
    return false;
  }
}
