package dev.varve.engine.lsm.sstable;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/// Finds a key in a block of an sstable: opens the view and searches. The blocks are those of a
/// file, more than the nearest cache holds, so that a search meets its block as a get does.
///
/// Hypothesis: a search costs a few lines of memory that are fetched together, and no allocation.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(2)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
public class EntryBlockBenchmark {
  private static final int BLOCKS = 1024;
  private static final int ENTRIES = 34;
  private static final int KEY_BYTES = 16;
  private static final int VALUE_BYTES = 100;

  private final byte[][] blocks = new byte[BLOCKS][];
  private final byte[][][] keys = new byte[BLOCKS][ENTRIES][KEY_BYTES];
  private final EntryBlock view = new EntryBlock();
  private final SplittableRandom random = new SplittableRandom(1);

  /// Makes the blocks.
  @Setup(Level.Trial)
  public void fill() {
    EntryBlockBuilder builder = new EntryBlockBuilder();
    byte[] value = new byte[VALUE_BYTES];
    for (int b = 0; b < BLOCKS; b++) {
      builder.clear();
      for (byte[] key : keys[b]) {
        random.nextBytes(key);
        // What the keys of one block of a large file have in common.
        key[0] = (byte) (b >>> 2);
        key[1] = (byte) (b << 6);
      }
      Arrays.sort(keys[b], Arrays::compareUnsigned);
      for (int i = 0; i < ENTRIES; i++) {
        long stamp = Stamp.of(b * ENTRIES + i, Stamp.VALUE);
        builder.add(keys[b][i], 0, KEY_BYTES, stamp, value, 0, VALUE_BYTES);
      }
      blocks[b] = new byte[builder.size()];
      int end = builder.write(blocks[b], 0);
      blocks[b] = Arrays.copyOf(blocks[b], end);
    }
    for (int i = 0; i < BLOCKS * ENTRIES; i++) {
      if (!isFound(i / ENTRIES, i % ENTRIES)) {
        throw new IllegalStateException("an entry is not found");
      }
    }
  }

  private int search(int block, int entry) {
    view.openToSearch(blocks[block], 0, blocks[block].length);
    return view.find(keys[block][entry], 0, KEY_BYTES, Stamp.MAX);
  }

  private boolean isFound(int block, int entry) {
    return search(block, entry) == entry && view.hasKey(entry, keys[block][entry], 0, KEY_BYTES);
  }

  /// A random key of a random block.
  @Benchmark
  public int find() {
    int number = random.nextInt(BLOCKS * ENTRIES);
    return search(number / ENTRIES, number % ENTRIES);
  }
}
