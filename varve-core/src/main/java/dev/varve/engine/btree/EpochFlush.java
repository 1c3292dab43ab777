package dev.varve.engine.btree;

import dev.varve.engine.EngineContext;
import dev.varve.engine.btree.FlushEpochs.Sealed;
import dev.varve.engine.btree.PageCodec.Page;
import dev.varve.engine.btree.heap.Heap;
import dev.varve.engine.btree.heap.HeapBatch;
import dev.varve.engine.btree.heap.ObjectKind;
import dev.varve.engine.btree.heap.StoredObject;
import dev.varve.kv.Progress;
import dev.varve.kv.ProgressListener;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;

/// Writes one sealed epoch to the heap.
///
/// @threads one at a time
final class EpochFlush {
  /** What was written for a leaf. */
  private record Stored(DirtyLeaf dirty, StoredObject object, LargeValue[] values) {}

  /** What was written for a value that is kept apart. */
  private record StoredValue(LargeValue value, StoredObject object) {}

  private final EngineContext context;
  private final Heap heap;
  private final LeafCache cache;
  private final LargeValueTable table;
  private final PageCodec pages;
  private final LargeValueCodec valueCodec;
  private final Sealed sealed;
  private final Retention retention;
  private final List<Stored> stored = new ArrayList<>();
  private final List<StoredValue> storedValues = new ArrayList<>();

  /** By how much the number of pages that refer to a value changes. */
  private final Map<LargeValue, Integer> references = new HashMap<>();

  EpochFlush(
      EngineContext context,
      BtreeSettings settings,
      Heap heap,
      LeafCache cache,
      LargeValueTable table,
      Sealed sealed) {
    this.context = context;
    this.heap = heap;
    this.cache = cache;
    this.table = table;
    this.pages = new PageCodec(settings.codec());
    this.valueCodec = new LargeValueCodec(settings.codec());
    this.sealed = sealed;
    this.retention = Retention.of(context.visibility()).asOf(sealed.cut());
  }

  /// Writes it; when the call returns it is durable, and its leaves are clean.
  ///
  /// @throws dev.varve.fs.NoSpaceException when the device is full; it may be tried again
  /// @throws CancellationException when the listener stopped it; it may be tried again
  /// @throws IOException when the device refuses; the store has failed then
  void run(ProgressListener listener, FlushPhases phases) throws IOException {
    try (HeapBatch batch = heap.begin()) {
      long begun = context.clock().nanos();
      int done = 0;
      for (DirtyLeaf dirty : sealed.leaves()) {
        write(batch, dirty);
        done++;
        report(listener, done, begun);
      }
      List<LargeValue> unreferenced = freeValues(batch);
      long serialized = phases.serialized(begun);
      batch.defragment();
      long defragmented = phases.defragmented(serialized);
      // What the heap holds must not be what the log could lose.
      context.services().syncLog(sealed.cut());
      batch.commit(sealed.cut(), sealed.totals().encode());
      long committed = phases.committed(defragmented);
      publish(unreferenced);
      phases.published(committed);
    }
  }

  private void report(ProgressListener listener, int done, long begun) {
    if (listener != ProgressListener.NONE
        && !listener.onProgress(
            new Progress(
                "flush " + context.name(),
                "leaves",
                done,
                sealed.leaves().size(),
                Duration.ofNanos(context.clock().nanos() - begun)))) {
      throw new CancellationException("the flush was stopped");
    }
  }

  private void write(HeapBatch batch, DirtyLeaf dirty) throws IOException {
    Leaf leaf = dirty.leaf();
    LeafEntries entries;
    long[] covers;
    @Nullable StoredObject before;
    synchronized (leaf) {
      before = leaf.stored();
      refer(leaf.storedValues(), -1);
      switch (dirty.state()) {
        case CHANGED -> {
          dirty.freeze(leaf.entries(), leaf.covers());
          dirty.become(DirtyLeaf.State.TAKEN);
        }
        case HANDED_OVER -> dirty.become(DirtyLeaf.State.TAKEN);
        case TAKEN, DELETED -> {
          // An attempt before has taken it; or there is nothing to take.
        }
      }
      entries = dirty.frozen();
      covers = dirty.frozenCovers();
    }
    if (before != null) {
      batch.free(before);
    }
    if (dirty.state() == DirtyLeaf.State.DELETED) {
      return;
    }
    if (entries == null) {
      throw new IllegalStateException("a dirty leaf without entries");
    }
    Page page = pages.encode(entries, covers, retention, sealed.cut());
    LargeValue[] values = page.values().toArray(LargeValue[]::new);
    for (LargeValue value : values) {
      write(batch, value);
    }
    refer(values, 1);
    StoredObject object = batch.store(ObjectKind.LEAF, leaf.low(), page.bytes(), 0, page.length());
    stored.add(new Stored(dirty, object, values));
  }

  private void write(HeapBatch batch, LargeValue value) throws IOException {
    byte[] bytes = value.bytes();
    if (bytes != null && !references.containsKey(value)) {
      byte[] encoded = valueCodec.encode(bytes);
      storedValues.add(
          new StoredValue(
              value, batch.store(ObjectKind.VALUE, value.name(), encoded, 0, encoded.length)));
    }
  }

  private void refer(LargeValue[] values, int change) {
    for (LargeValue value : values) {
      references.merge(value, change, Integer::sum);
    }
  }

  /** Frees the values to which no page refers any more; answers which these are. */
  private List<LargeValue> freeValues(HeapBatch batch) {
    List<LargeValue> unreferenced = new ArrayList<>();
    references.forEach(
        (value, change) -> {
          StoredObject object = value.stored();
          if (object != null && value.refer(0) + change == 0) {
            batch.free(object);
            unreferenced.add(value);
          }
        });
    return unreferenced;
  }

  /** Has readers find the new objects, and makes the leaves clean that did not change since. */
  private void publish(List<LargeValue> unreferenced) {
    references.forEach(LargeValue::refer);
    long apart = 0;
    for (StoredValue one : storedValues) {
      table.add(one.value);
      one.value.stored(one.object);
    }
    unreferenced.forEach(table::remove);
    for (LargeValue value : sealed.values()) {
      // Written, or replaced within the epoch and read by nobody who is not there already.
      apart += value.length();
    }
    for (Stored one : stored) {
      Leaf leaf = one.dirty.leaf();
      synchronized (leaf) {
        leaf.setStored(one.object, one.values);
      }
    }
    for (DirtyLeaf dirty : sealed.leaves()) {
      apart += dirty.frozenBytes() + settle(dirty);
    }
    cache.useApart(-apart);
  }

  /** Answers what went from memory. */
  private long settle(DirtyLeaf dirty) {
    Leaf leaf = dirty.leaf();
    synchronized (leaf) {
      DirtyLeaf now = leaf.dirty();
      if (now == dirty) {
        leaf.setDirty(null);
        return leaf.covers().length > 0 && !leaf.isGone() ? cache.dropCovered(leaf) : 0;
      }
      if (now != null) {
        now.settled();
      }
      return 0;
    }
  }
}
