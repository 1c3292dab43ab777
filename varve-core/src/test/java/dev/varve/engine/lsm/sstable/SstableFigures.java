package dev.varve.engine.lsm.sstable;

import dev.varve.base.Clock;
import dev.varve.base.RandomSource;
import dev.varve.cache.BlockCache;
import dev.varve.cache.MemoryBudget;
import dev.varve.codec.BlockCodecs;
import dev.varve.format.StoreId;
import dev.varve.fs.FileSystem;
import dev.varve.fs.OsFileSystem;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;

/// Prints how large sstables are and how fast they are written, searched and scanned, beside a
/// binary search in a sorted array of the same keys, which costs what the machine has memory cost.
///
/// Not a test: one thread, each time is the median of several rounds.
///
/// `java -Xmx1g -cp target/classes:target/test-classes dev.varve.engine.lsm.sstable.SstableFigures
/// DIRECTORY [VALUE_BYTES]`, in `varve-core`
final class SstableFigures {
  private static final int ENTRIES = 1_000_000;
  private static final int KEY_BYTES = 16;
  private static final int ROUNDS = 7;
  private static final SstableOptions OPTIONS = SstableOptions.DEFAULTS.withResidentBytes(64 << 20);

  private final byte[][] keys = new byte[ENTRIES][KEY_BYTES];
  private final byte[][] sorted;
  private final byte[][] values;
  private final int[] order = new int[ENTRIES];
  private final int valueBytes;
  private final SstableEnvironment environment;
  private long sink;

  /** What is measured. */
  private interface Round {
    void run() throws IOException;
  }

  private SstableFigures(Path directory, int valueBytes) {
    this.valueBytes = valueBytes;
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < ENTRIES; i++) {
      random.nextBytes(keys[i]);
      order[i] = random.nextInt(ENTRIES);
    }
    sorted = keys.clone();
    Arrays.sort(sorted, Arrays::compareUnsigned);
    values = new byte[1000][valueBytes];
    for (byte[] value : values) {
      random.nextBytes(value);
      Arrays.fill(value, valueBytes / 2, valueBytes, (byte) 'v');
    }
    MemoryBudget budget = new MemoryBudget(1 << 30);
    environment =
        new SstableEnvironment(
            OsFileSystem.INSTANCE,
            directory,
            new StoreId(1, 2),
            1,
            new BlockCache(budget, 300 << 20),
            budget,
            RandomSource.seeded(5),
            Clock.SYSTEM);
  }

  public static void main(String[] args) throws IOException {
    Path directory = Path.of(args[0]);
    int valueBytes = args.length > 1 ? Integer.parseInt(args[1]) : 100;
    SstableFigures figures = new SstableFigures(directory, valueBytes);
    FileSystem fs = OsFileSystem.INSTANCE;
    fs.createDirectories(directory);
    try {
      figures.print();
    } finally {
      for (long number = 1; number <= 3; number++) {
        if (fs.exists(figures.environment.path(number))) {
          fs.delete(figures.environment.path(number));
        }
      }
      figures.environment.cache().close();
    }
  }

  /** The median of the rounds, in nanoseconds for each entry. */
  private static double median(Round round) throws IOException {
    double[] times = new double[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
      long begin = System.nanoTime();
      round.run();
      times[i] = (System.nanoTime() - begin) / (double) ENTRIES;
    }
    Arrays.sort(times);
    return times[ROUNDS / 2];
  }

  private void print() throws IOException {
    int payload = KEY_BYTES + valueBytes;
    String[] names = {"plain", "lz4", "plain, one sequence number"};
    int[] codecs = {BlockCodecs.NONE, BlockCodecs.LZ4, BlockCodecs.NONE};
    for (int i = 0; i < names.length; i++) {
      int file = i;
      double nanos = median(() -> write(file + 1, codecs[file], file == 2));
      SstableReader reader = SstableReader.open(environment, file + 1, OPTIONS);
      double size = (double) reader.info().size() / ENTRIES;
      reader.release();
      System.out.printf(
          "write %s: %.0f MB/s, %.2f B an entry, %.2f above key and value%n",
          names[i], payload * 1000.0 / nanos, size, size - payload);
    }
    for (int file = 0; file < 2; file++) {
      SstableReader reader = SstableReader.open(environment, file + 1, OPTIONS);
      double get = median(() -> get(reader));
      double array = median(this::searchArray);
      double absent = median(() -> askAbsent(reader));
      double scan = median(() -> scan(reader));
      System.out.printf(
          "%s: get %.0f ns, sorted array %.0f ns, ratio %.2f; absent %.0f ns; scan %.1f M/s%n",
          names[file], get, array, get / array, absent, 1000 / scan);
      reader.release();
    }
    System.out.println("(" + sink + ")");
  }

  private void write(long number, int codec, boolean oneSequence) throws IOException {
    try (SstableWriter writer = new SstableWriter(environment, number, OPTIONS.withCodec(codec))) {
      for (int i = 0; i < ENTRIES; i++) {
        long sequence = oneSequence ? 1 : 1 + i * 7919L % ENTRIES;
        writer.add(sorted[i], sequence, Stamp.VALUE, values[i % values.length]);
      }
      sink += writer.finish().size();
    }
  }

  private void get(SstableReader reader) throws IOException {
    SstableLookup lookup = new SstableLookup();
    for (int i : order) {
      if (!reader.get(keys[i], Stamp.SEQUENCE_MAX, lookup)) {
        throw new AssertionError("a key is missing");
      }
      sink += lookup.valueArray()[lookup.valueOffset()];
    }
  }

  private void searchArray() {
    for (int i : order) {
      sink += Arrays.binarySearch(sorted, keys[i], Arrays::compareUnsigned);
    }
  }

  private void askAbsent(SstableReader reader) throws IOException {
    SstableLookup lookup = new SstableLookup();
    byte[] key = new byte[KEY_BYTES];
    for (int i : order) {
      System.arraycopy(keys[i], 1, key, 0, KEY_BYTES - 1);
      sink += reader.get(key, Stamp.SEQUENCE_MAX, lookup) ? 1 : 0;
    }
  }

  private void scan(SstableReader reader) throws IOException {
    try (SstableCursor cursor = reader.scanCursor()) {
      int count = 0;
      for (boolean valid = cursor.seekToFirst(); valid; valid = cursor.next()) {
        sink += cursor.keyArray()[3] + cursor.stamp() + cursor.valueArray()[cursor.valueOffset()];
        count++;
      }
      if (count != ENTRIES) {
        throw new AssertionError(count + " entries");
      }
    }
  }
}
