package dev.varve.txn;

import dev.varve.kv.ByteSize;
import dev.varve.kv.ConflictCause;
import dev.varve.kv.KeyRange;
import dev.varve.kv.LimitException;
import dev.varve.kv.Limits;
import dev.varve.kv.Savepoint;
import dev.varve.kv.UsageException;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import org.jspecify.annotations.Nullable;

/// What a transaction reads and writes, in all keyspaces, and its savepoints.
///
/// @threads one at a time
public final class TransactionAccess {
  /** About what an entry of a write or read set takes besides its bytes. */
  static final int ENTRY_BYTES = 80;

  /// A write that a transaction depends on.
  ///
  /// @param cause what it takes the ground from
  /// @param keyspace the name of the keyspace
  /// @param sequence the commit's number
  public record Meeting(ConflictCause cause, String keyspace, long sequence) {}

  /** Undoes one write. */
  private record Undo(long bytes, Runnable work) {}

  /** A savepoint. */
  private static final class Point implements Savepoint {
    private final int undos;

    Point(int undos) {
      this.undos = undos;
    }
  }

  private final boolean tracksReads;
  private final ByteSize bytesMax;
  private final List<KeyspaceAccess> keyspaces = new ArrayList<>(2);
  private final List<Point> savepoints = new ArrayList<>(0);

  /** What was written since the first savepoint, the last write last. */
  private final List<Undo> undos = new ArrayList<>(0);

  private long bytes;
  private @Nullable CommittedWrite walked;

  /// @param tracksReads whether what it reads matters
  /// @param bytesMax the most that it may take in memory
  public TransactionAccess(boolean tracksReads, ByteSize bytesMax) {
    this.tracksReads = tracksReads;
    this.bytesMax = bytesMax;
  }

  /// Adds a keyspace.
  public KeyspaceAccess add(int keyspace, String name, boolean isOrdered) {
    KeyspaceAccess access = new KeyspaceAccess(this, keyspace, name, isOrdered, tracksReads);
    keyspaces.add(access);
    return access;
  }

  /// The bytes that it takes in memory, about.
  public long memoryBytes() {
    return bytes;
  }

  /** Takes more, or gives back. */
  void use(long more) {
    if (more > 0 && bytes + more > bytesMax.bytes()) {
      throw new LimitException(
          "a transaction has at most "
              + bytesMax
              + " in memory, and this one has "
              + ByteSize.ofBytes(bytes).rounded()
              + " without what was to be added; do it in parts, or begin it with more:"
              + " TransactionOptions.withBytesMax");
    }
    bytes += more;
  }

  // Writes.

  /// Puts a value.
  public void put(KeyspaceAccess keyspace, byte[] key, byte[] value) {
    Limits.checkKey(key);
    Limits.checkValue(value);
    set(keyspace, key, value.clone());
  }

  /// Makes a key absent.
  public void delete(KeyspaceAccess keyspace, byte[] key) {
    Limits.checkKey(key);
    set(keyspace, key, KeyspaceWrites.DELETED);
  }

  private void set(KeyspaceAccess keyspace, byte[] key, byte[] value) {
    long most = ENTRY_BYTES + (long) key.length + value.length;
    use(most);
    byte[] own = key.clone();
    byte @Nullable [] before = keyspace.writes().set(own, value);
    long added = most;
    if (before != null) {
      // The key was there; the value that was is kept while it may come back.
      added = value.length - (savepoints.isEmpty() ? (long) before.length : 0);
      bytes += added - most;
    }
    if (!savepoints.isEmpty()) {
      undos.add(new Undo(added, () -> keyspace.writes().unset(own, before)));
    }
  }

  /// Makes every key of a range absent.
  public void deleteRange(KeyspaceAccess keyspace, KeyRange range) {
    checkRangeEnd(range.from());
    checkRangeEnd(range.to());
    long added = 2L * ENTRY_BYTES + length(range.from()) + length(range.to());
    use(added);
    NavigableMap<byte[], byte[]> before = keyspace.writes().setRange(range);
    if (!savepoints.isEmpty()) {
      undos.add(new Undo(added, () -> keyspace.writes().unsetRange(before)));
    }
  }

  private static int length(byte @Nullable [] end) {
    return end == null ? 0 : end.length;
  }

  private static void checkRangeEnd(byte @Nullable [] end) {
    if (end != null && end.length > Limits.KEY_BYTES_MAX) {
      throw new LimitException(
          "an end of a range to delete has at most "
              + Limits.KEY_BYTES_MAX
              + " bytes, this one has "
              + end.length);
    }
  }

  /// Whether nothing is written.
  public boolean isEmpty() {
    for (int i = 0; i < keyspaces.size(); i++) {
      if (!keyspaces.get(i).writes().isEmpty()) {
        return false;
      }
    }
    return true;
  }

  /// Whether it only takes away.
  public boolean isOnlyDeletes() {
    for (int i = 0; i < keyspaces.size(); i++) {
      if (!keyspaces.get(i).writes().isOnlyDeletes()) {
        return false;
      }
    }
    return true;
  }

  /// Whether a key is locked.
  public boolean hasLocks() {
    for (int i = 0; i < keyspaces.size(); i++) {
      if (keyspaces.get(i).hasLocks()) {
        return true;
      }
    }
    return false;
  }

  // Savepoints.

  /// A point to go back to.
  public Savepoint savepoint() {
    Point point = new Point(undos.size());
    savepoints.add(point);
    return point;
  }

  private int find(Savepoint savepoint) {
    for (int i = savepoints.size() - 1; i >= 0; i--) {
      if (savepoints.get(i) == savepoint) {
        return i;
      }
    }
    throw new UsageException(
        "the savepoint is gone, or another transaction's: one that is released, or made after a"
            + " point that was gone back to, is no more");
  }

  /// Undoes what was written since.
  public void rollbackTo(Savepoint savepoint) {
    int at = find(savepoint);
    Point point = savepoints.get(at);
    while (undos.size() > point.undos) {
      Undo undo = undos.removeLast();
      undo.work().run();
      bytes -= undo.bytes();
    }
    savepoints.subList(at + 1, savepoints.size()).clear();
  }

  /// Forgets a savepoint and those after it.
  public void release(Savepoint savepoint) {
    savepoints.subList(find(savepoint), savepoints.size()).clear();
    if (savepoints.isEmpty()) {
      undos.clear();
    }
  }

  // What others wrote.

  /// Walks over what was committed behind `from`, up to now, and looks for what the transaction
  /// depends on. If there is nothing, [#walked] is how far it came.
  ///
  /// @param since the transaction's moment, or -1 when it reads the newest
  public @Nullable Meeting meet(CommittedWrite from, long since) {
    for (int i = 0; i < keyspaces.size(); i++) {
      keyspaces.get(i).settle();
    }
    CommittedWrite last = from;
    for (CommittedWrite next = last.next(); next != null; next = last.next()) {
      last = next;
      for (int i = 0; i < keyspaces.size(); i++) {
        KeyspaceAccess keyspace = keyspaces.get(i);
        if (keyspace.keyspace() == next.keyspace()) {
          @Nullable ConflictCause cause = keyspace.meets(next, since);
          if (cause != null) {
            return new Meeting(cause, keyspace.name(), next.sequence());
          }
        }
      }
    }
    walked = last;
    return null;
  }

  /// The last write that [#meet] looked at, or null.
  public @Nullable CommittedWrite walked() {
    return walked;
  }
}
