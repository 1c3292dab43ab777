package dev.varve.engine.btree.heap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.Clock;
import dev.varve.base.ReaderEpochs;
import dev.varve.cache.MemoryBudget;
import dev.varve.fs.MemoryFileSystem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Files stay about as long as what is alive in them asks for.
final class HeapFragmentationTest {
  private static final int OBJECTS = 2000;

  private final MemoryFileSystem fs = MemoryFileSystem.withoutCrashes();
  private final SplittableRandom random = new SplittableRandom(Long.getLong("varve.seed", 3));
  private final List<StoredObject> objects = new ArrayList<>();
  private final byte[] payload = new byte[3000];
  private long cut;

  @BeforeEach
  void makeDirectory() throws IOException {
    fs.createDirectories(HeapRun.DIRECTORY);
  }

  private Heap heap(HeapOptions options) {
    return Heap.create(
        new HeapEnvironment(
            fs,
            HeapRun.DIRECTORY,
            HeapRun.STORE,
            HeapRun.KEYSPACE,
            Clock.SYSTEM,
            new ReaderEpochs(1),
            new MemoryBudget(Long.MAX_VALUE)),
        options);
  }

  private static byte[] name(int i) {
    return ByteBuffer.allocate(8).putInt(i).array();
  }

  private StoredObject store(HeapBatch batch, int i) throws IOException {
    int bytes = 300 + random.nextInt(600);
    StoredObject object = batch.store(ObjectKind.LEAF, name(i), payload, 0, bytes);
    object.own((_, to) -> objects.set(i, to));
    return object;
  }

  private void load(Heap heap) throws IOException {
    try (HeapBatch batch = heap.begin()) {
      for (int i = 0; i < OBJECTS; i++) {
        objects.add(store(batch, i));
      }
      batch.defragment();
      batch.commit(++cut, new byte[0]);
    }
  }

  /** Overwrites objects `from` to before `to`, in the order of a shuffle. */
  private void overwrite(Heap heap, int[] order, int from, int to) throws IOException {
    List<StoredObject> fresh = new ArrayList<>();
    try (HeapBatch batch = heap.begin()) {
      for (int i = from; i < to; i++) {
        fresh.add(store(batch, order[i]));
        batch.free(objects.get(order[i]));
      }
      batch.defragment();
      batch.commit(++cut, new byte[0]);
    }
    for (int i = from; i < to; i++) {
      objects.set(order[i], fresh.get(i - from));
    }
  }

  private int[] shuffle() {
    int[] order = new int[objects.size()];
    for (int i = 0; i < order.length; i++) {
      int j = random.nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }

  private static void emptyBatches(Heap heap, long cut, int count) throws IOException {
    for (int i = 0; i < count; i++) {
      try (HeapBatch batch = heap.begin()) {
        batch.defragment();
        batch.commit(cut, new byte[0]);
      }
    }
  }

  @Test
  void after_a_hundred_rounds_of_overwriting_everything_files_are_about_as_long_as_at_first()
      throws IOException {
    for (int batches : new int[] {1, 10, 100}) {
      objects.clear();
      try (Heap heap = heap(HeapRun.TINY)) {
        load(heap);
        // In one batch the old version of everything is there beside the new one.
        if (batches == 1) {
          overwrite(heap, shuffle(), 0, OBJECTS);
        }
        long first = heap.stats().fileBytes();
        long stored = 0;
        for (int round = 0; round < 100; round++) {
          int[] order = shuffle();
          for (int batch = 0; batch < batches; batch++) {
            overwrite(heap, order, OBJECTS * batch / batches, OBJECTS * (batch + 1) / batches);
          }
          stored += heap.stats().payloadBytes();
        }
        HeapStats stats = heap.stats();
        String what = batches + " batches: " + stats.fileBytes() + " after " + first + ", " + stats;
        assertTrue(stats.fileBytes() <= first * 3 / 2, what);
        assertTrue(stats.mapBytes() <= 8 * 40 * OBJECTS, what);
        assertTrue(stats.bytesWritten() < 3 * stored, "moving costs about as much as storing");
        assertEquals(List.of(), heap.validate());
        System.out.println(
            "heap fragmentation test: "
                + batches
                + " batches a round, file "
                + first
                + " -> "
                + stats.fileBytes()
                + ", written "
                + stats.bytesWritten() * 100 / stored
                + " % of what was stored");
      }
      fs.delete(HeapRun.DIRECTORY.resolve("ks-3-1.heap"));
      for (String name : fs.list(HeapRun.DIRECTORY)) {
        fs.delete(HeapRun.DIRECTORY.resolve(name));
      }
    }
  }

  @Test
  void what_was_mostly_deleted_shrinks_even_if_batches_are_nearly_empty() throws IOException {
    try (Heap heap = heap(HeapRun.TINY)) {
      load(heap);
      long full = heap.stats().fileBytes();
      try (HeapBatch batch = heap.begin()) {
        for (int i = 0; i < OBJECTS; i++) {
          if (i % 10 != 3) {
            batch.free(objects.get(i));
          }
        }
        batch.defragment();
        batch.commit(++cut, new byte[0]);
      }
      long live = heap.stats().liveBytes();
      assertTrue(live * 8 < full);
      // Each batch may move a slab; there are as many to move as hold what is alive, about.
      int bound = (int) (3 * live / HeapRun.TINY.moveBytesMin()) + 10;
      emptyBatches(heap, cut, bound);
      HeapStats stats = heap.stats();
      long classes = stats.classes().size() * (long) stats.slabBytes() / 2;
      assertTrue(
          stats.fileBytes() - SlabTable.HEAD_BYTES <= live / 0.9 + classes,
          stats.fileBytes() + " for " + live + " alive, " + stats);
      // Then it comes to rest.
      long moved = stats.objectsMoved();
      emptyBatches(heap, cut, 5);
      assertEquals(moved, heap.stats().objectsMoved());
      assertEquals(stats.fileBytes(), fs.bytes(HeapRun.DIRECTORY.resolve("ks-3-1.heap")).length);
      System.out.println(
          "heap fragmentation test: file "
              + full
              + " -> "
              + stats.fileBytes()
              + " for "
              + live
              + " alive, "
              + stats.objectsMoved()
              + " moved");
      assertEquals(List.of(), heap.validate());
    }
  }

  @Test
  void an_empty_heap_has_an_empty_file() throws IOException {
    try (Heap heap = heap(HeapRun.TINY)) {
      load(heap);
      try (HeapBatch batch = heap.begin()) {
        objects.forEach(batch::free);
        batch.commit(++cut, new byte[0]);
      }
      emptyBatches(heap, cut, 1);
      assertEquals(SlabTable.HEAD_BYTES, heap.stats().fileBytes());
      assertEquals(0, heap.stats().slabs());
    }
  }

  @Test
  void a_batch_moves_about_as_much_as_it_writes() throws IOException {
    try (Heap heap = heap(HeapRun.TINY)) {
      load(heap);
      try (HeapBatch batch = heap.begin()) {
        for (int i = 0; i < OBJECTS; i += 2) {
          batch.free(objects.get(i));
        }
        batch.commit(++cut, new byte[0]);
      }
      long before = heap.stats().bytesMoved();
      emptyBatches(heap, cut, 1);
      long moved = heap.stats().bytesMoved() - before;
      assertTrue(moved > 0 && moved <= HeapRun.TINY.moveBytesMin(), moved + " bytes");
    }
  }

  @Test
  void a_target_of_half_is_content_with_half() throws IOException {
    try (Heap heap = heap(HeapRun.TINY.withTargetFill(0.4))) {
      load(heap);
      try (HeapBatch batch = heap.begin()) {
        for (int i = 0; i < OBJECTS; i += 2) {
          batch.free(objects.get(i));
        }
        batch.commit(++cut, new byte[0]);
      }
      emptyBatches(heap, cut, 20);
      assertEquals(0, heap.stats().objectsMoved());
    }
  }
}
