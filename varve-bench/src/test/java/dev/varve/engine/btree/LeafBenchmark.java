package dev.varve.engine.btree;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/// Finds a key in a leaf of the B+Tree, as a reader and as the writer do, and fills a leaf with
/// keys in random order. The leaves that are searched are more than the nearest caches hold.
///
/// Hypothesis: a search waits for the words and for the record and allocates nothing; an insertion
/// allocates its share of the leaf and no more.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(2)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
public class LeafBenchmark {
  private static final int LEAVES = 1024;
  private static final int ENTRIES = 48;
  private static final int CAPACITY = 64;
  private static final int KEY_BYTES = 16;
  private static final int VALUE_BYTES = 100;
  private static final byte[] NO_PREFIX = {};

  private final LeafEntries[] leaves = new LeafEntries[LEAVES];
  private final byte[][][] keys = new byte[LEAVES][ENTRIES][KEY_BYTES];
  private final byte[] both = new byte[KEY_BYTES + VALUE_BYTES];
  private final SplittableRandom random = new SplittableRandom(1);

  /// Makes the leaves.
  @Setup(Level.Trial)
  public void make() {
    for (int l = 0; l < LEAVES; l++) {
      for (byte[] key : keys[l]) {
        random.nextBytes(key);
        // What the keys of one leaf of a large tree have in common.
        key[0] = (byte) (l >>> 2);
        key[1] = (byte) (l << 6);
      }
      leaves[l] = filled(keys[l]);
    }
    for (int i = 0; i < LEAVES * ENTRIES; i++) {
      LeafEntries leaf = leaves[i / ENTRIES];
      byte[] key = keys[i / ENTRIES][i % ENTRIES];
      if (!Arrays.equals(leaf.key(find(i)), key) || !leaf.hasKey(locate(i), key)) {
        throw new IllegalStateException("an entry is not found");
      }
    }
  }

  private LeafEntries filled(byte[][] from) {
    int bytes = LeafRecord.bytes(false, KEY_BYTES, VALUE_BYTES);
    LeafEntries leaf =
        new LeafEntries(
            NO_PREFIX, CAPACITY, (int) LeafEntries.roomFor((long) CAPACITY * bytes, CAPACITY));
    for (int i = 0; i < from.length; i++) {
      int place = leaf.locate(from[i], 0, KEY_BYTES);
      System.arraycopy(from[i], 0, both, 0, KEY_BYTES);
      int record = leaf.append(i + 1L, 0, both, 0, KEY_BYTES, KEY_BYTES, VALUE_BYTES);
      leaf.insert(-1 - place, from[i], 0, KEY_BYTES, record);
    }
    return leaf;
  }

  private int find(int number) {
    return leaves[number / ENTRIES].find(keys[number / ENTRIES][number % ENTRIES], 0, KEY_BYTES);
  }

  private int locate(int number) {
    return leaves[number / ENTRIES].locate(keys[number / ENTRIES][number % ENTRIES], 0, KEY_BYTES);
  }

  /// A random key of a random leaf, as a reader finds it.
  @Benchmark
  public int find() {
    return find(random.nextInt(LEAVES * ENTRIES));
  }

  /// The same, as the writer finds it.
  @Benchmark
  public int locate() {
    return locate(random.nextInt(LEAVES * ENTRIES));
  }

  /// A leaf made and filled, for each entry.
  @Benchmark
  @OperationsPerInvocation(ENTRIES)
  public Object insert() {
    return filled(keys[random.nextInt(LEAVES)]);
  }
}
