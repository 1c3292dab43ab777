package dev.varve.engine.memory;

import dev.varve.base.ReaderEpochs;
import dev.varve.engine.Engine;
import dev.varve.engine.EngineContext;
import dev.varve.engine.EngineCursor;
import dev.varve.engine.EngineStats;
import dev.varve.engine.Visibility;
import dev.varve.kv.EngineKind;
import dev.varve.kv.KeyRange;
import dev.varve.kv.MutationReader;
import dev.varve.kv.ProgressListener;
import java.io.IOException;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// An engine that keeps every entry in memory and, when asked, writes all of them to one file.
///
/// @threads as [Engine]
public final class MemoryEngine implements Engine {
  /* A write puts a record into the heap, linked to the one it replaces, and then its address into the
   * index: from that moment readers find it. A reader takes the newest record from the index and
   * follows the links to the first that is not newer than what it may see. Revisions sees to it that
   * this record is there. */

  private static final byte[] FIRST_KEY = {};
  private static final int DELETE_PART_ENTRIES = 1024;

  private final EngineContext context;
  private final EngineKind kind;
  private final ReaderEpochs epochs;
  private final Visibility visibility;
  private final RecordHeap heap;
  private final KeyIndex index;
  private final Revisions revisions;
  private final MemorySnapshots snapshots;

  // The writer's.
  private long entries;
  private long keyBytes;
  private long valueBytes;
  private int changes;
  private long accountedBytes;

  // The same, as readers see them: set by the writer when a commit has been applied.
  private final AtomicLong entriesSeen = new AtomicLong();
  private final AtomicLong keyBytesSeen = new AtomicLong();
  private final AtomicLong valueBytesSeen = new AtomicLong();

  private MemoryEngine(EngineContext context) {
    this.context = context;
    this.kind = context.options().engine();
    this.epochs = context.epochs();
    this.visibility = context.visibility();
    this.heap = new RecordHeap(epochs, context.budget(), context.background());
    this.index =
        switch (kind) {
          case ARRAY -> new ArrayIndex(heap);
          case RBTREE -> new RedBlackIndex(heap, epochs);
          case HASH -> new HashIndex(heap, context.random());
          case BTREE, LSM -> throw new IllegalArgumentException(kind + " is not kept in memory");
        };
    this.revisions = new Revisions(heap, index, visibility);
    this.snapshots = new MemorySnapshots(context);
  }

  /// Makes the engine that the context's options name.
  public static Engine of(EngineContext context) {
    return new MemoryEngine(context);
  }

  @Override
  public EngineKind kind() {
    return kind;
  }

  @Override
  public void apply(long sequence, MutationReader mutation) {
    switch (mutation.kind()) {
      case PUT -> put(sequence, mutation);
      case DELETE -> delete(sequence, mutation.array(), mutation.keyOffset(), mutation.keyLength());
      case DELETE_RANGE -> deleteRange(sequence, mutation.range());
      case CREATE_KEYSPACE, DROP_KEYSPACE, INGEST ->
          throw new IllegalArgumentException("not for an engine in memory: " + mutation.kind());
    }
  }

  private void put(long sequence, MutationReader m) {
    byte[] array = m.array();
    int old = index.locate(array, m.keyOffset(), m.keyLength());
    int address =
        heap.allocate(
            sequence, old, array, m.keyOffset(), m.keyLength(), m.valueOffset(), m.valueLength());
    forget(old);
    entries++;
    keyBytes += m.keyLength();
    valueBytes += m.valueLength();
    replace(sequence, old, address);
  }

  private void delete(long sequence, byte[] array, int keyOffset, int keyLength) {
    int old = index.locate(array, keyOffset, keyLength);
    if (old == 0 || heap.isTombstone(old)) {
      return;
    }
    int address = heap.allocate(sequence, old, array, keyOffset, keyLength, 0, -1);
    forget(old);
    replace(sequence, old, address);
  }

  /** Takes the entry that a record stood for out of the totals. */
  private void forget(int old) {
    if (old != 0 && !heap.isTombstone(old)) {
      entries--;
      keyBytes -= heap.keyLength(old);
      valueBytes -= heap.valueLength(old);
    }
  }

  private void replace(long sequence, int old, int address) {
    index.set(address);
    changes++;
    if (old != 0) {
      revisions.add(sequence, address);
    }
  }

  private void deleteRange(long sequence, KeyRange range) {
    if (index instanceof OrderedKeyIndex ordered) {
      deleteOrdered(sequence, ordered, range);
      return;
    }
    IntList part = new IntList();
    for (long position = 0; position >= 0; ) {
      position = index.scan(position, address -> collect(address, part));
      deleteAll(sequence, part);
    }
  }

  private void deleteOrdered(long sequence, OrderedKeyIndex ordered, KeyRange range) {
    IntList part = new IntList();
    byte @Nullable [] to = range.to();
    byte @Nullable [] first = range.from();
    byte[] from = first == null ? FIRST_KEY : first;
    boolean inclusive = true;
    do {
      part.clear();
      ordered.ascend(
          from,
          inclusive,
          address ->
              (to == null || heap.compareKey(to, 0, to.length, address) > 0)
                  && collect(address, part));
      inclusive = false;
      if (!part.isEmpty()) {
        from = heap.key(part.get(part.size() - 1));
      }
    } while (deleteAll(sequence, part));
  }

  private boolean collect(int address, IntList part) {
    if (!heap.isTombstone(address)) {
      part.add(address);
    }
    return part.size() < DELETE_PART_ENTRIES;
  }

  private boolean deleteAll(long sequence, IntList part) {
    for (int i = 0; i < part.size(); i++) {
      int address = part.get(i);
      // The record stays where it is: it is linked to what replaces it until the commit is visible.
      delete(sequence, heap.array(address), heap.keyOffset(address), heap.keyLength(address));
    }
    boolean any = !part.isEmpty();
    part.clear();
    return any;
  }

  @Override
  public void finish(long sequence) {
    entriesSeen.setRelease(entries);
    keyBytesSeen.setRelease(keyBytes);
    valueBytesSeen.setRelease(valueBytes);
    revisions.reclaim(changes);
    changes = 0;
    account();
  }

  private void account() {
    long bytes = index.memoryBytes() + revisions.memoryBytes();
    if (bytes != accountedBytes) {
      context.budget().use(bytes - accountedBytes);
      accountedBytes = bytes;
    }
  }

  @Override
  public void reclaim() {
    int before;
    do {
      before = revisions.waiting();
      revisions.reclaim(before);
    } while (revisions.waiting() < before);
    heap.release();
    account();
  }

  @Override
  public boolean hasRoom(long entryBytes) {
    return heap.hasRoom(entryBytes);
  }

  /** The newest record at or before `sequence`, which is pinned, or 0; within a look. */
  int visible(int newest, long sequence) {
    int address = newest;
    while (address != 0 && heap.sequence(address) > sequence) {
      address = heap.previous(address);
    }
    return address;
  }

  /** The record of a key that readers at `sequence`, or at [#LATEST], see, or 0; within a look. */
  private int find(byte[] key, long sequence) {
    if (sequence != LATEST) {
      return visible(index.find(key, 0, key.length), sequence);
    }
    while (true) {
      // First of all: a record found before this is known may be one that a batch, becoming visible
      // meanwhile, has written over itself.
      long seen = visibility.visibleThrough();
      int newest = index.find(key, 0, key.length);
      int address = visible(newest, seen);
      // Above what was found nothing is unlinked before it is visible. So if nothing became visible
      // meanwhile, nothing was missing on the way.
      VarHandle.acquireFence();
      if (address == newest || visibility.visibleThrough() == seen) {
        return address;
      }
    }
  }

  @Override
  public byte @Nullable [] get(byte[] key, long sequence) {
    if (sequence == LATEST && index instanceof HashIndex hash) {
      byte @Nullable [] value = hash.getUnguarded(key, visibility);
      if (value != HashIndex.UNSURE) {
        return value;
      }
    }
    int token = epochs.enter();
    try {
      int address = find(key, sequence);
      return address == 0 || heap.isTombstone(address) ? null : heap.value(address);
    } finally {
      epochs.exit(token);
    }
  }

  @Override
  public boolean contains(byte[] key, long sequence) {
    int token = epochs.enter();
    try {
      int address = find(key, sequence);
      return address != 0 && !heap.isTombstone(address);
    } finally {
      epochs.exit(token);
    }
  }

  @Override
  public EngineCursor cursor(KeyRange range, long sequence) {
    return index instanceof OrderedKeyIndex ordered
        ? new OrderedMemoryCursor(this, heap, epochs, ordered, range, sequence)
        : new UnorderedMemoryCursor(this, heap, epochs, index, sequence);
  }

  @Override
  public long count() {
    return entriesSeen.get();
  }

  @Override
  public EngineStats stats() {
    long seen = entriesSeen.get();
    return new EngineStats(
        seen,
        keyBytesSeen.get(),
        valueBytesSeen.get(),
        heap.allocatedBytes() + index.memoryBytes() + revisions.memoryBytes(),
        seen + revisions.waiting(),
        snapshots.fileBytes(),
        null,
        null);
  }

  @Override
  public byte[] flush(long sequence, ProgressListener listener) throws IOException {
    return snapshots.write(cursor(KeyRange.all(), sequence), sequence, count(), listener);
  }

  @Override
  public void load(byte[] state, ProgressListener listener) throws IOException {
    MutationReader reader = new MutationReader();
    snapshots.read(
        state,
        (sequence, array, offset, end) -> {
          reader.reset(array, offset, end);
          while (reader.next()) {
            apply(sequence, reader);
          }
          finish(sequence);
        },
        listener);
  }

  @Override
  public Set<String> files(byte[] state) {
    return snapshots.files(state);
  }

  @Override
  public long verify(byte[] state, Consumer<String> problems) throws IOException {
    return snapshots.verify(state, problems);
  }

  @Override
  public List<String> validate() {
    List<String> problems = new ArrayList<>();
    long records = index.validate(problems);
    if (records < entries) {
      problems.add(entries + " entries are counted, the index holds " + records);
    }
    return problems;
  }

  @Override
  public void close() {
    heap.close();
    context.budget().use(-accountedBytes);
    accountedBytes = 0;
  }
}
