package dev.varve.bench;

import dev.varve.Varve;
import dev.varve.kv.BulkLoad;
import dev.varve.kv.ByteSize;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import dev.varve.kv.WriteBatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/// How many entries of 16 + 100 bytes a second enter an LSM keyspace by a bulk load, in order and
/// not, and by batches of 1,000: in turns in one process, each into a new store with 256 MiB.
///
/// ```
/// java -Xmx2g -cp varve-core/target/classes:varve-bench/target/classes dev.varve.bench.BulkLoads 1000000 3
/// ```
final class BulkLoads {
  private static final int BATCH = 1000;

  private BulkLoads() {}

  public static void main(String[] arguments) throws IOException {
    int entries = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 1_000_000;
    int rounds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 3;
    for (int round = 1; round <= rounds; round++) {
      System.out.printf(
          Locale.ROOT,
          "round %d: bulk sorted %,d/s, bulk random %,d/s, batches sorted %,d/s, batches random"
              + " %,d/s%n",
          round,
          run(entries, true, true),
          run(entries, false, true),
          run(entries, true, false),
          run(entries, false, false));
    }
  }

  private static long run(int entries, boolean sorted, boolean bulk) throws IOException {
    Path directory = Files.createTempDirectory("varve-bulk");
    try (Store store =
        Varve.open(
            directory,
            StoreOptions.defaults()
                .withMemory(ByteSize.ofMebibytes(256))
                .withDurability(Durability.NONE))) {
      Keyspace keyspace = store.keyspace("k", KeyspaceOptions.of(EngineKind.LSM));
      long begun = System.nanoTime();
      if (bulk) {
        load(keyspace, entries, sorted);
      } else {
        write(store, keyspace, entries, sorted);
      }
      store.sync();
      return (long) (entries * 1e9 / (System.nanoTime() - begun));
    } finally {
      delete(directory);
    }
  }

  private static void load(Keyspace keyspace, int entries, boolean sorted) {
    SplittableRandom random = new SplittableRandom(1);
    try (BulkLoad load = keyspace.bulkLoad()) {
      for (int i = 0; i < entries; i++) {
        load.put(key(i, sorted, random), value(random));
      }
      load.commit();
    }
  }

  private static void write(Store store, Keyspace keyspace, int entries, boolean sorted) {
    SplittableRandom random = new SplittableRandom(1);
    WriteBatch batch = new WriteBatch();
    for (int i = 0; i < entries; i++) {
      batch.put(keyspace, key(i, sorted, random), value(random));
      if (batch.size() == BATCH || i == entries - 1) {
        store.write(batch);
        batch.clear();
      }
    }
  }

  private static byte[] key(int i, boolean sorted, SplittableRandom random) {
    byte[] key = new byte[16];
    random.nextBytes(key);
    if (sorted) {
      for (int at = 0; at < Long.BYTES; at++) {
        key[at] = (byte) ((long) i >>> (8 * (Long.BYTES - 1 - at)));
      }
    }
    return key;
  }

  private static byte[] value(SplittableRandom random) {
    byte[] value = new byte[100];
    random.nextBytes(value);
    return value;
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
