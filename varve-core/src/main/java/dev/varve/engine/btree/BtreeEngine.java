package dev.varve.engine.btree;

import dev.varve.base.ReaderEpochs;
import dev.varve.engine.Engine;
import dev.varve.engine.EngineContext;
import dev.varve.engine.EngineCursor;
import dev.varve.engine.EngineStats;
import dev.varve.engine.btree.heap.Heap;
import dev.varve.engine.btree.heap.HeapEnvironment;
import dev.varve.engine.btree.heap.HeapStats;
import dev.varve.engine.btree.heap.ObjectKind;
import dev.varve.engine.btree.heap.StoredObject;
import dev.varve.kv.BtreeOptions;
import dev.varve.kv.BtreeStats;
import dev.varve.kv.EngineKind;
import dev.varve.kv.KeyRange;
import dev.varve.kv.MutationReader;
import dev.varve.kv.ProgressListener;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// An engine that keeps its entries in the leaves of a B+Tree: those that are used in memory, all
/// of them in a heap on the device.
///
/// @threads as [Engine]
public final class BtreeEngine implements Engine {
  /* A commit changes leaves in memory. The background ends an epoch between two commits, and writes what
   * changed in it (BtreeFlush, EpochFlush): all of it, or nothing, is on the device then.
   *
   * A reader finds the leaf of a key, takes its entries, from memory or from the device, and then what is
   * visible. Entries that were replaced in the leaf after that stay as they were, with every revision that
   * was visible then; so what the reader finds was the newest at some time during the read. Of the commit
   * that replaced them they may have a part: they say which it is, and the reader sees what was before. */

  private static final byte[] NO_VALUE = {};

  private final EngineContext context;
  private final BtreeSettings settings;
  private final ReaderEpochs epochs = new ReaderEpochs(Runtime.getRuntime().availableProcessors());
  private volatile @Nullable Parts parts;

  /** What there is once it is known what is on the device. */
  private record Parts(
      Heap heap,
      Tree tree,
      LeafCache cache,
      LeafLoader loader,
      LargeValueTable table,
      FlushEpochs flushEpochs,
      TreeWriter writer,
      BtreeFlush flush) {}

  private final AtomicLong entriesSeen = new AtomicLong();
  private final AtomicLong keyBytesSeen = new AtomicLong();
  private final AtomicLong valueBytesSeen = new AtomicLong();
  private final AtomicLong writtenBytes = new AtomicLong();

  /** Of the commit that is being applied. */
  private long bytes;

  private BtreeEngine(EngineContext context, BtreeSettings settings) {
    this.context = context;
    this.settings = settings;
    this.parts = null;
    begin(Heap.create(heapEnvironment(), settings.heap()));
  }

  /// Makes the engine.
  public static Engine of(EngineContext context) {
    return of(context, settings -> settings);
  }

  /// Makes the engine with other settings than its options lead to.
  public static BtreeEngine of(EngineContext context, UnaryOperator<BtreeSettings> tuning) {
    BtreeSettings settings = BtreeSettings.of(context.options(), context.budget().bytesMax());
    return new BtreeEngine(context, tuning.apply(settings));
  }

  private HeapEnvironment heapEnvironment() {
    return new HeapEnvironment(
        context.fileSystem(),
        context.directory(),
        context.store(),
        context.keyspace(),
        context.clock(),
        epochs,
        context.budget());
  }

  private Parts parts() {
    Parts now = parts;
    if (now == null) {
      throw new IllegalStateException("the engine has not begun");
    }
    return now;
  }

  private void begin(Heap heap) {
    Totals totals = Totals.decode(heap.note());
    if (totals == null) {
      throw new IllegalStateException("the heap's note is none of this engine's");
    }
    LargeValueTable table = new LargeValueTable();
    for (StoredObject object : heap.objects(ObjectKind.VALUE)) {
      table.add(new LargeValue(object));
    }
    List<Leaf> leaves = new ArrayList<>();
    LeafCache cache = new LeafCache(context.budget(), this::wantsFlush, this::evicted);
    for (StoredObject object : heap.objects(ObjectKind.LEAF)) {
      Leaf leaf = new Leaf(object);
      leaves.add(leaf);
      cache.found(leaf);
    }
    if (leaves.isEmpty()) {
      LeafEntries none =
          new LeafBuilder(new byte[0], settings.order(), settings.leafBytesFirst()).build();
      Leaf first = new Leaf(new byte[0], none);
      leaves.add(first);
      cache.made(first, none);
    }
    Tree tree = Tree.of(context.budget(), settings.order(), leaves);
    LeafLoader loader = new LeafLoader(context, heap, epochs, cache, table);
    FlushEpochs flushEpochs = new FlushEpochs();
    TreeWriter writer =
        new TreeWriter(tree, cache, loader, flushEpochs, context.visibility(), settings, totals);
    BtreeFlush flush = new BtreeFlush(context, settings, heap, cache, table, flushEpochs, writer);
    parts = new Parts(heap, tree, cache, loader, table, flushEpochs, writer, flush);
    show(totals);
  }

  private void wantsFlush() {
    Parts now = parts;
    if (now != null) {
      now.flush.request();
    }
  }

  private void evicted(Leaf leaf, LeafEntries entries) {
    Parts now = parts;
    if (now != null) {
      now.tree.forget(leaf, entries);
    }
  }

  private void show(Totals totals) {
    entriesSeen.setRelease(totals.entries());
    keyBytesSeen.setRelease(totals.keyBytes());
    valueBytesSeen.setRelease(totals.valueBytes());
  }

  @Override
  public EngineKind kind() {
    return EngineKind.BTREE;
  }

  @Override
  public boolean prepares() {
    return true;
  }

  @Override
  public void prepare(MutationReader mutation) {
    Parts now = parts();
    if (now.cache.isComplete()) {
      return;
    }
    switch (mutation.kind()) {
      case PUT, DELETE -> {
        Leaf leaf = now.tree.find(mutation.array(), mutation.keyOffset(), mutation.keyLength());
        LeafEntries _ = now.loader.entries(leaf);
      }
      case DELETE_RANGE -> now.writer.prepareDelete(mutation.range());
      case CREATE_KEYSPACE, DROP_KEYSPACE, INGEST -> {}
    }
  }

  @Override
  public void apply(long sequence, MutationReader mutation) {
    TreeWriter writer = parts().writer;
    switch (mutation.kind()) {
      case PUT -> {
        writer.put(sequence, mutation);
        bytes += mutation.keyLength() + mutation.valueLength();
      }
      case DELETE -> {
        writer.delete(sequence, mutation);
        bytes += mutation.keyLength();
      }
      case DELETE_RANGE -> {
        writer.deleteRange(sequence, mutation.range());
        bytes += mutation.keyLength() + mutation.valueLength();
      }
      case CREATE_KEYSPACE, DROP_KEYSPACE, INGEST ->
          throw new IllegalArgumentException("not for this engine: " + mutation.kind());
    }
  }

  @Override
  public void finish(long sequence) {
    parts().writer.finish();
    show(parts().writer.totals());
    writtenBytes.setRelease(writtenBytes.getPlain() + bytes);
    parts().flush.wrote(bytes);
    bytes = 0;
  }

  @Override
  public void reclaim() {
    parts().flush.request();
  }

  @Override
  public boolean hasRoom(long entryBytes) {
    return false;
  }

  @Override
  public void awaitRoom(long bytes, boolean mayRefuse) {
    parts().flush.throttle().await(bytes, mayRefuse);
  }

  @Override
  public byte @Nullable [] get(byte[] key, long sequence) {
    Parts now = parts();
    Inner above = now.tree.above(key, 0, key.length);
    if (above != null) {
      int index = above.childFor(key, 0, key.length);
      LeafEntries entries = above.entries(index);
      long[] words = above.words(index);
      if (entries != null && words == entries.words()) {
        now.cache.hit(entries);
        int record = visible(entries, words, key, sequence);
        return record == 0 ? null : now.loader.value(entries, record);
      }
    }
    return read(now, key, sequence, true);
  }

  /** What a reader sees who has these entries. In this order: see the head of this class. */
  private long moment(LeafEntries entries, long sequence) {
    return sequence == LATEST ? entries.whole(context.visibility().visibleThrough()) : sequence;
  }

  /** What a reader sees of a key: a record with a value, or 0. */
  private int visible(LeafEntries entries, long[] words, byte[] key, long sequence) {
    long at = moment(entries, sequence);
    int record = entries.visible(entries.find(words, key, 0, key.length), at);
    return record == 0 || LeafRecord.isTombstone(entries.records(), record) ? 0 : record;
  }

  /** As [#get], by the leaf; an empty array in the place of a value that is not to be read. */
  private byte @Nullable [] read(Parts now, byte[] key, long sequence, boolean withValue) {
    Leaf leaf = now.tree.find(key, 0, key.length);
    // In this order: see Leaf.
    long[] covers = leaf.covers();
    LeafEntries entries = now.loader.entries(leaf);
    if (covers.length == 0) {
      now.tree.note(key, 0, key.length, leaf, entries);
    }
    long at = moment(entries, sequence);
    int record = entries.visible(entries.find(key, 0, key.length), at);
    if (record == 0
        || LeafRecord.isTombstone(entries.records(), record)
        || LeafRecord.sequence(entries.records(), record) < BtreeCursor.newestThrough(covers, at)) {
      return null;
    }
    return withValue ? now.loader.value(entries, record) : NO_VALUE;
  }

  @Override
  public boolean contains(byte[] key, long sequence) {
    Parts now = parts();
    Inner above = now.tree.above(key, 0, key.length);
    if (above != null) {
      int index = above.childFor(key, 0, key.length);
      LeafEntries entries = above.entries(index);
      long[] words = above.words(index);
      if (entries != null && words == entries.words()) {
        now.cache.hit(entries);
        return visible(entries, words, key, sequence) != 0;
      }
    }
    return read(now, key, sequence, false) != null;
  }

  @Override
  public EngineCursor cursor(KeyRange range, long sequence) {
    return new BtreeCursor(parts().tree, parts().loader, range, sequence);
  }

  @Override
  public long count() {
    return entriesSeen.get();
  }

  @Override
  public EngineStats stats() {
    Parts now = parts();
    HeapStats heap = now.heap.stats();
    return new EngineStats(
        entriesSeen.get(),
        keyBytesSeen.get(),
        valueBytesSeen.get(),
        now.cache.bytes() + now.tree.memoryBytes() + heap.memoryBytes(),
        entriesSeen.get(),
        heap.fileBytes() + heap.mapBytes(),
        null,
        figures(now, heap));
  }

  /// Its own figures.
  public BtreeStats figures() {
    Parts now = parts();
    return figures(now, now.heap.stats());
  }

  /// How many values were kept apart so far, in the life of the keyspace.
  public long valuesKeptApart() {
    return parts().writer.totals().nextValue() - 1;
  }

  private BtreeStats figures(Parts now, HeapStats heap) {
    return new BtreeStats(
        new BtreeStats.Tree(
            now.tree.height(),
            now.tree.leafCount(),
            now.tree.order(),
            now.tree.memoryBytes(),
            now.writer.splits(),
            now.writer.merges()),
        now.cache.stats(now.flushEpochs.dirtyBytes()),
        now.loader.stats(),
        now.flush.stats(),
        now.flush.throttle().stats(),
        new BtreeStats.Heap(
            heap.fileBytes(),
            heap.mapBytes(),
            heap.liveBytes(),
            heap.fill(),
            heap.leaves() + heap.values(),
            heap.values(),
            heap.bytesWritten(),
            heap.mapBytesWritten(),
            heap.mapsReplaced(),
            heap.objectsMoved(),
            heap.bytesMoved(),
            heap.unreadable(),
            heap.unreadableMessage()),
        writtenBytes.get());
  }

  @Override
  public byte[] flush(long sequence, ProgressListener listener) throws IOException {
    BtreeFlush flush = parts().flush;
    if (flush.flushedThrough() < sequence && !flush.run(sequence, listener)) {
      throw new IllegalStateException("a flush from within a commit");
    }
    return parts().heap.state();
  }

  @Override
  public void compact(KeyRange range, ProgressListener listener) throws IOException {
    // Objects of all ranges are side by side in the heap.
    parts().flush.compact(listener);
  }

  @Override
  public long flushedThrough() {
    return parts().flush.flushedThrough();
  }

  @Override
  public void load(byte[] state, ProgressListener listener) throws IOException {
    if (state.length > 0) {
      Heap heap = Heap.open(heapEnvironment(), settings.heap(), state);
      release(parts());
      begin(heap);
    }
  }

  @Override
  public void started() {
    BtreeOptions.WarmUp kind = context.options().btree().warmUp();
    if (kind != BtreeOptions.WarmUp.NONE) {
      Parts now = parts();
      WarmUp warmUp = new WarmUp(context.budget(), now.tree, now.loader, now.flush::isClosed);
      context.services().longWork().submit(() -> warmUp.run(kind, now.heap));
    }
  }

  @Override
  public Set<String> files(byte[] state) {
    return parts().heap.files(state);
  }

  @Override
  public long verify(byte[] state, Consumer<String> problems) throws IOException {
    Parts now = parts();
    try {
      return now.heap.verify(problems);
    } catch (IOException e) {
      if (now.flush.isClosed()) {
        // The keyspace was dropped meanwhile, and its files were closed.
        return 0;
      }
      throw e;
    }
  }

  @Override
  public Hold hold() {
    return parts().heap.pin()::close;
  }

  @Override
  public List<String> validate() {
    Parts now = parts();
    TreeCheck check = new TreeCheck(now.tree);
    List<String> problems = check.run(now.writer.totals());
    now.flush.ifStill(
        () -> {
          check.checkObjects(now.heap.objects(ObjectKind.LEAF), now.flushEpochs.all());
          problems.addAll(now.heap.validate());
        });
    return problems;
  }

  @Override
  public void stop() {
    parts().flush.stop();
  }

  @Override
  public void close() {
    Parts now = parts();
    now.loader.close();
    now.flush.close(() -> release(now));
  }

  private static void release(Parts parts) {
    parts.cache.close();
    parts.tree.close();
    parts.heap.close();
  }
}
