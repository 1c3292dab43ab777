package dev.varve.engine.btree;

import dev.varve.base.Clock;
import dev.varve.base.ReaderEpochs;
import dev.varve.engine.EngineFixture;
import dev.varve.engine.btree.heap.Heap;
import dev.varve.engine.btree.heap.HeapEnvironment;
import dev.varve.engine.btree.heap.HeapOptions;
import dev.varve.kv.MutationReader;
import dev.varve.kv.MutationWriter;
import java.util.List;

/// A tree by itself, in memory alone: no engine, no flushes.
final class TreeRun {
  final Tree tree;
  final TreeWriter writer;
  final FlushEpochs epochs = new FlushEpochs();
  private final EngineFixture fixture = BtreeFixture.engine(3);
  private final LeafCache cache;
  private final Heap heap;
  private final MutationWriter mutations = new MutationWriter(64);
  private final MutationReader reader = new MutationReader();

  TreeRun(int order) {
    BtreeSettings settings =
        BtreeFixture.small(BtreeSettings.of(fixture.context.options(), 1L << 40), order);
    ReaderEpochs readers = new ReaderEpochs(2);
    heap =
        Heap.create(
            new HeapEnvironment(
                fixture.context.fileSystem(),
                fixture.context.directory(),
                fixture.context.store(),
                7,
                Clock.SYSTEM,
                readers,
                fixture.context.budget()),
            HeapOptions.DEFAULTS);
    cache = new LeafCache(fixture.context.budget(), () -> {}, (leaf, entries) -> {});
    LeafEntries none = new LeafBuilder(new byte[0], order, 64).build();
    Leaf first = new Leaf(new byte[0], none);
    cache.made(first, none);
    tree = Tree.of(fixture.context.budget(), order, List.of(first));
    LeafLoader loader =
        new LeafLoader(fixture.context, heap, readers, cache, new LargeValueTable());
    writer = new TreeWriter(tree, cache, loader, epochs, fixture, settings, Totals.NONE);
  }

  void put(byte[] key, byte[] value) {
    mutations.put(1, key, value);
    apply();
  }

  void delete(byte[] key) {
    mutations.delete(1, key);
    apply();
  }

  private void apply() {
    reader.reset(mutations.array(), MutationWriter.HEADROOM_BYTES, mutations.end());
    long sequence = fixture.visibleThrough() + 1;
    while (reader.next()) {
      if (reader.kind() == MutationReader.Kind.PUT) {
        writer.put(sequence, reader);
      } else {
        writer.delete(sequence, reader);
      }
    }
    writer.finish();
    mutations.clear();
    fixture.publish(sequence);
  }

  List<String> problems() {
    return new TreeCheck(tree).run(writer.totals());
  }

  void close() {
    cache.close();
    tree.close();
    heap.close();
    fixture.engine.close();
  }
}
