package dev.varve.engine.lsm.memtable;

import dev.varve.base.HeapLayout;
import dev.varve.base.Invariants;
import dev.varve.cache.MemoryBudget;
import dev.varve.kv.KeyRange;
import dev.varve.kv.MutationReader;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import org.jspecify.annotations.Nullable;

/// What was written last to a keyspace, in memory, in key order, with every revision of a key.
///
/// An entry is named by an `int`, as [#find] gives it; 0 is none. Names stay good until the
/// memtable is no longer in use.
///
/// @threads one writer at a time, which calls [#apply], [#seal] and [#close]; any number of
///   readers, which never wait for it nor for each other
/// @lifetime the caller closes it when nobody reads it any more. A reader that is late finds what
///   it always found, since the memory is the collector's; but it then is not in the budget
/// @source Mao, Kohler, Morris, Cache craftiness for fast multicore key-value storage, EuroSys
///   2012: slots that are filled once and an order beside them that says which key is where. Here
///   the order is of 64 keys, too large to be replaced by one store, and readers have a way without
///   it
public final class Memtable implements AutoCloseable {
  /* Structure. Records (RecordArena) are written once. A B+Tree (KeyTree) leads from a key to its
   * newest record, each record to the revision before. Ranges (RangeTombstones) are an immutable
   * list, replaced whole.
   *
   * I1: a record is complete before its address is released, and does not change afterwards.
   * I2: the records of a key have falling sequence numbers from its newest on. The last mutation of a
   *     commit on a key takes the place of the ones before: its record links past them.
   * I3: a reader at sequence number s, taken after commit s was applied, sees all of what commits up
   *     to s did and nothing of later ones, however far the writer has come.
   * I4: a range tombstone hides entries of smaller sequence numbers, never of its own: what a commit
   *     put before it deleted a range gets tombstones in the same commit.
   * I5: every read ends after a number of its own steps that the memtable's content bounds: the tree's
   *     height, the slots of a leaf, the logarithm of a key's revisions. None depends on a store of the
   *     writer that has not happened. Leaf says why.
   * I6: memoryBytes is the sum of the arrays and nodes that the structure refers to. Nodes that were
   *     replaced are the collector's, even where a reader still has one.
   */

  private static final int ENTRIES = 0;
  private static final int TOMBSTONES = 1;
  private static final int KEY_BYTES = 2;
  private static final int VALUE_BYTES = 3;
  private static final int SMALLEST_SEQUENCE = 4;
  private static final int LARGEST_SEQUENCE = 5;
  private static final int FIGURES = 6;

  private static final int COMMIT_RECORDS_MIN = 16;
  private static final int COMMIT_RECORDS_KEPT = 1 << 10;
  private static final byte[] LEAST_KEY = {};

  private final long number;
  private final MemoryBudget budget;
  private final AtomicLong memoryBytes = new AtomicLong();
  private final AtomicLongArray figures = new AtomicLongArray(FIGURES);
  private final RecordArena arena;
  private final KeyTree tree;
  private volatile RangeTombstones rangeTombstones = RangeTombstones.NONE;
  private volatile boolean sealed;
  private boolean closed;

  /** The records with values of the commit that is being applied. */
  private int[] commitRecords = new int[COMMIT_RECORDS_MIN];

  private int commitRecordCount;

  /// An empty one. `number` tells it from others; memory is taken from `budget`.
  public Memtable(long number, MemoryBudget budget) {
    this.number = number;
    this.budget = budget;
    this.arena = new RecordArena(budget, memoryBytes);
    this.tree = new KeyTree(arena, budget, memoryBytes);
    account(HeapLayout.bytesOf(commitRecords));
  }

  private void account(long bytes) {
    memoryBytes.setRelease(memoryBytes.getPlain() + bytes);
    budget.use(bytes);
  }

  /// What tells it from other memtables.
  public long number() {
    return number;
  }

  /// Applies a put, delete or range delete of a commit. Numbers never fall; several mutations may
  /// have the same one, and of these on one key the last one wins.
  ///
  /// @throws dev.varve.base.InvariantError when the memtable is sealed, or the number falls
  /// @throws OutOfMemoryError when there is no memory; the memtable is then good for reading only
  public void apply(long sequence, MutationReader mutation) {
    Invariants.require(!sealed, "a sealed memtable takes no mutation");
    long largest = figures.getPlain(LARGEST_SEQUENCE);
    if (sequence != largest) {
      Invariants.require(sequence > largest, "sequence numbers never fall");
      beginCommit(sequence, largest);
    }
    switch (mutation.kind()) {
      case PUT ->
          put(
              sequence,
              mutation.array(),
              mutation.keyOffset(),
              mutation.keyLength(),
              mutation.valueOffset(),
              mutation.valueLength());
      case DELETE -> delete(sequence, mutation.array(), mutation.keyOffset(), mutation.keyLength());
      case DELETE_RANGE -> deleteRange(sequence, mutation.range());
      case CREATE_KEYSPACE, DROP_KEYSPACE, INGEST ->
          throw new IllegalArgumentException("a memtable takes what concerns entries only");
    }
  }

  private void beginCommit(long sequence, long largest) {
    if (largest == 0) {
      figures.setRelease(SMALLEST_SEQUENCE, sequence);
    }
    figures.setRelease(LARGEST_SEQUENCE, sequence);
    commitRecordCount = 0;
    if (commitRecords.length > COMMIT_RECORDS_KEPT) {
      replaceCommitRecords(new int[COMMIT_RECORDS_MIN]);
    }
  }

  private void replaceCommitRecords(int[] replacement) {
    account(HeapLayout.bytesOf(replacement) - HeapLayout.bytesOf(commitRecords));
    commitRecords = replacement;
  }

  private void put(
      long sequence, byte[] array, int keyOffset, int keyLength, int valueOffset, int valueLength) {
    if (commitRecordCount == commitRecords.length) {
      replaceCommitRecords(Arrays.copyOf(commitRecords, commitRecordCount * 2));
    }
    int record = add(sequence, array, keyOffset, keyLength, valueOffset, valueLength);
    commitRecords[commitRecordCount++] = record;
  }

  private void delete(long sequence, byte[] array, int keyOffset, int keyLength) {
    add(sequence, array, keyOffset, keyLength, 0, -1);
  }

  private int add(
      long sequence, byte[] array, int keyOffset, int keyLength, int valueOffset, int valueLength) {
    int older = tree.locate(array, keyOffset, keyLength);
    int replaced = 0;
    if (older != 0 && arena.sequence(older) == sequence) {
      replaced = older;
      older = arena.older(older);
    }
    int record = arena.add(sequence, older, array, keyOffset, keyLength, valueOffset, valueLength);
    tree.set(array, keyOffset, keyLength, record);
    if (replaced != 0) {
      boolean tombstone = arena.kind(replaced) == RecordArena.TOMBSTONE;
      count(-1, keyLength, tombstone ? -1 : (int) arena.value(replaced));
    }
    count(1, keyLength, valueLength);
    return record;
  }

  private void count(int sign, int keyLength, int valueLength) {
    figure(ENTRIES, sign);
    figure(KEY_BYTES, (long) sign * keyLength);
    if (valueLength < 0) {
      figure(TOMBSTONES, sign);
    } else {
      figure(VALUE_BYTES, (long) sign * valueLength);
    }
  }

  private void figure(int which, long change) {
    figures.setRelease(which, figures.getPlain(which) + change);
  }

  private void deleteRange(long sequence, KeyRange range) {
    if (range.isEmpty()) {
      return;
    }
    byte[] from = range.from();
    byte[] least = from == null ? LEAST_KEY : from;
    byte[] past = range.to();
    if (!deleteOfCommitByWalking(sequence, least, past)) {
      deleteOfCommitByRecord(sequence, least, past);
    }
    RangeTombstones before = rangeTombstones;
    RangeTombstones after = before.with(least, past, sequence);
    account(after.memoryBytes() - before.memoryBytes());
    rangeTombstones = after;
  }

  /** Looks through the keys of a range, unless they are more than this commit's; see I4. */
  private boolean deleteOfCommitByWalking(long sequence, byte[] from, byte @Nullable [] to) {
    if (commitRecordCount == 0) {
      return true;
    }
    int steps = 0;
    MemtableCursor cursor = cursor(sequence, true);
    for (boolean valid = cursor.seek(from);
        valid && (to == null || cursor.compareKey(to) < 0);
        valid = cursor.next()) {
      if (steps++ == commitRecordCount) {
        return false;
      }
      if (cursor.sequence() == sequence && !cursor.isTombstone()) {
        delete(sequence, cursor.array(), cursor.keyOffset(), cursor.keyLength());
      }
    }
    return true;
  }

  /** Looks through the records of this commit, and forgets those in the range; see I4. */
  private void deleteOfCommitByRecord(long sequence, byte[] from, byte @Nullable [] to) {
    int kept = 0;
    for (int i = 0; i < commitRecordCount; i++) {
      int record = commitRecords[i];
      if (arena.compareKey(from, 0, from.length, record) > 0
          || (to != null && arena.compareKey(to, 0, to.length, record) <= 0)) {
        commitRecords[kept++] = record;
        continue;
      }
      long key = arena.key(record);
      int offset = (int) (key >>> 32);
      int newest = tree.locate(arena.array(record), offset, (int) key);
      if (arena.kind(newest) != RecordArena.TOMBSTONE) {
        delete(sequence, arena.array(record), offset, (int) key);
      }
    }
    commitRecordCount = kept;
  }

  /// The newest entry of a key up to a sequence number, or 0 when it has none. Range tombstones are
  /// not asked.
  public int find(byte[] key, int offset, int length, long sequence) {
    int newest = tree.find(key, offset, length);
    return newest == 0 ? 0 : arena.newestThrough(newest, sequence);
  }

  /// As the other `find`, for a whole array.
  public int find(byte[] key, long sequence) {
    return find(key, 0, key.length, sequence);
  }

  /// The number of the newest commit, up to `sequence`, that deleted a range with this key; 0 when
  /// none did. It hides entries of smaller numbers.
  public long rangeTombstoneCovering(byte[] key, long sequence) {
    return rangeTombstoneCovering(key, 0, key.length, sequence);
  }

  /// As the other `rangeTombstoneCovering`, for a part of an array.
  public long rangeTombstoneCovering(byte[] key, int offset, int length, long sequence) {
    return rangeTombstones.covering(key, offset, length, sequence);
  }

  /// The deleted ranges as they are now.
  public RangeTombstones rangeTombstones() {
    return rangeTombstones;
  }

  /// The number of the commit that made an entry.
  public long sequence(int entry) {
    return arena.sequence(entry);
  }

  /// Whether an entry says that its key is absent.
  public boolean isTombstone(int entry) {
    return arena.kind(entry) == RecordArena.TOMBSTONE;
  }

  /// The array that holds an entry's value; it must not be changed.
  public byte[] array(int entry) {
    return arena.array(entry);
  }

  /// Where an entry's value begins in [#array].
  public int valueOffset(int entry) {
    return (int) (arena.value(entry) >>> 32);
  }

  /// How many bytes an entry's value has; a tombstone has none.
  public int valueLength(int entry) {
    return (int) arena.value(entry);
  }

  /// A copy of an entry's value.
  public byte[] value(int entry) {
    long value = arena.value(entry);
    int offset = (int) (value >>> 32);
    return Arrays.copyOfRange(arena.array(entry), offset, offset + (int) value);
  }

  /// A cursor over the entries up to a sequence number: of each key all revisions, or only the
  /// newest of these.
  public MemtableCursor cursor(long sequence, boolean newestOnly) {
    return new MemtableCursor(arena, tree, sequence, newestOnly);
  }

  /// Refuses mutations from now on.
  public void seal() {
    sealed = true;
  }

  /// Whether mutations are refused.
  public boolean isSealed() {
    return sealed;
  }

  /// Whether nothing was applied but empty ranges.
  public boolean isEmpty() {
    return figures.getAcquire(ENTRIES) == 0 && rangeTombstones.count() == 0;
  }

  /// Figures of this moment; while a commit is being applied each one is right by itself.
  public MemtableStats stats() {
    return new MemtableStats(
        figures.getAcquire(ENTRIES),
        figures.getAcquire(TOMBSTONES),
        rangeTombstones.count(),
        figures.getAcquire(KEY_BYTES),
        figures.getAcquire(VALUE_BYTES),
        figures.getAcquire(SMALLEST_SEQUENCE),
        figures.getAcquire(LARGEST_SEQUENCE));
  }

  /// What it takes of the budget, in bytes.
  public long memoryBytes() {
    return memoryBytes.getAcquire();
  }

  /// Seals it and gives its memory back to the budget, once.
  @Override
  public void close() {
    seal();
    if (!closed) {
      closed = true;
      account(-memoryBytes.getPlain());
    }
  }
}
