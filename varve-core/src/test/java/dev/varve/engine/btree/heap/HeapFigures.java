package dev.varve.engine.btree.heap;

import dev.varve.base.Clock;
import dev.varve.base.ReaderEpochs;
import dev.varve.cache.MemoryBudget;
import dev.varve.format.StoreId;
import dev.varve.fs.FileSystem;
import dev.varve.fs.OsFileSystem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/// Prints how fast a heap opens, writes and reads, and how long its files are, for leaves of 2 to 6
/// KB: with 23,000 of them as a million entries of 116 bytes make, and with fewer, for slabs of
/// several sizes.
///
/// Not a test: one thread; the time to open is the median of 41 in a warm JVM, files in the cache
/// of the operating system.
///
/// `java -Xmx1g -cp target/classes:target/test-classes dev.varve.engine.btree.heap.HeapFigures
/// DIRECTORY`, in `varve-core`
final class HeapFigures {
  private static final int OPENINGS = 41;
  private static final int LEAF_BYTES_MIN = 2000;
  private static final int LEAF_BYTES_MAX = 6000;

  private final FileSystem fs = OsFileSystem.INSTANCE;
  private final HeapEnvironment environment;
  private final MemoryBudget budget = new MemoryBudget(1L << 40);
  private final byte[] payload = new byte[LEAF_BYTES_MAX];
  private SplittableRandom random = new SplittableRandom(1);

  private HeapFigures(Path directory) {
    environment =
        new HeapEnvironment(
            fs, directory, new StoreId(1, 2), 1, Clock.SYSTEM, new ReaderEpochs(1), budget);
    random.nextBytes(payload);
  }

  public static void main(String[] args) throws IOException {
    Path directory = Path.of(args[0]);
    OsFileSystem.INSTANCE.createDirectories(directory);
    HeapFigures figures = new HeapFigures(directory);
    for (int leaves : new int[] {100, 1000, 10_000, 23_000}) {
      for (int slabBytes : new int[] {64 << 10, 128 << 10, 256 << 10}) {
        figures.print(leaves, slabBytes);
      }
    }
  }

  private void clear() throws IOException {
    for (String name : fs.list(environment.directory())) {
      fs.delete(environment.directory().resolve(name));
    }
  }

  private StoredObject store(HeapBatch batch, int i) throws IOException {
    byte[] name = ByteBuffer.allocate(16).putLong(i * 43L).array();
    int bytes = LEAF_BYTES_MIN + random.nextInt(LEAF_BYTES_MAX - LEAF_BYTES_MIN);
    return batch.store(ObjectKind.LEAF, name, payload, 0, bytes);
  }

  private void print(int leaves, int slabBytes) throws IOException {
    clear();
    random = new SplittableRandom(leaves);
    HeapOptions options = HeapOptions.DEFAULTS.withSlabBytes(slabBytes);
    byte[] state;
    try (Heap heap = Heap.create(environment, options)) {
      long begun = System.nanoTime();
      try (HeapBatch batch = heap.begin()) {
        for (int i = 0; i < leaves; i++) {
          var _ = store(batch, i);
        }
        batch.commit(1, new byte[50]);
      }
      double written = (System.nanoTime() - begun) / 1e9;
      HeapStats full = heap.stats();
      overwrite(heap, leaves);
      HeapStats later = heap.stats();
      state = heap.state();
      System.out.printf(
          "%,6d leaves, slabs of %3d KiB: %,12d payload bytes; file %,12d (%.3f), after as many are"
              + " overwritten in 20 batches %,12d (%.3f); map %,10d; memory %,d; %.0f MB/s; moved"
              + " %.3f of what was stored%n",
          leaves,
          slabBytes >> 10,
          full.payloadBytes(),
          full.fileBytes(),
          (double) full.fileBytes() / full.payloadBytes(),
          later.fileBytes(),
          (double) later.fileBytes() / later.payloadBytes(),
          later.mapBytes(),
          later.memoryBytes(),
          full.payloadBytes() / 1e6 / written,
          (double) later.bytesMoved() / (later.payloadBytes() + full.payloadBytes()));
    }
    open(options, state, leaves);
  }

  /** As many objects as there are, by chance, so that some are met twice and others never. */
  private void overwrite(Heap heap, int leaves) throws IOException {
    StoredObject[] known = heap.objects(ObjectKind.LEAF).toArray(StoredObject[]::new);
    for (int i = 0; i < leaves; i++) {
      int index = i;
      known[i].own((_, to) -> known[index] = to);
    }
    for (int round = 0; round < 20; round++) {
      boolean[] touched = new boolean[leaves];
      StoredObject[] next = new StoredObject[leaves];
      try (HeapBatch batch = heap.begin()) {
        for (int i = 0; i < leaves / 20; i++) {
          int which = random.nextInt(leaves);
          if (!touched[which]) {
            touched[which] = true;
            next[which] = store(batch, which);
            int index = which;
            next[which].own((_, to) -> known[index] = to);
            batch.free(known[which]);
          }
        }
        batch.defragment();
        batch.commit(2 + round, new byte[50]);
      }
      for (int i = 0; i < leaves; i++) {
        known[i] = touched[i] ? next[i] : known[i];
      }
    }
  }

  private void open(HeapOptions options, byte[] state, int leaves) throws IOException {
    double[] openings = new double[OPENINGS];
    double reads = 0;
    for (int i = 0; i < OPENINGS; i++) {
      long begun = System.nanoTime();
      try (Heap heap = Heap.open(environment, options, state)) {
        List<StoredObject> objects = heap.objects(ObjectKind.LEAF);
        openings[i] = (System.nanoTime() - begun) / 1e6;
        if (i == OPENINGS - 1) {
          reads = reads(heap, objects, leaves);
        }
      }
    }
    Arrays.sort(openings);
    System.out.printf(
        "       opens in %.2f ms (slowest %.2f); a read takes %.2f us%n",
        openings[OPENINGS / 2], openings[OPENINGS - 1], reads);
  }

  private double reads(Heap heap, List<StoredObject> objects, int leaves) throws IOException {
    long sink = 0;
    int count = 20_000;
    for (int i = 0; i < count; i++) {
      sink += heap.read(objects.get(random.nextInt(leaves))).length;
    }
    long begun = System.nanoTime();
    for (int i = 0; i < count; i++) {
      sink += heap.read(objects.get(random.nextInt(leaves))).length;
    }
    double micros = (System.nanoTime() - begun) / 1e3 / count;
    return sink == 0 ? 0 : micros;
  }
}
