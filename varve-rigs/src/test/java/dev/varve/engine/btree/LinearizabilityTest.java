package dev.varve.engine.btree;

import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.StressOptions;
import org.jetbrains.lincheck.datastructures.Validate;
import org.junit.jupiter.api.Test;

/// What threads see of a tree could have come of one thread alone, in some order that keeps each
/// thread's own: checked with Lincheck, by stress. Its model checker does not know the views of
/// arrays of bytes through which [dev.varve.base.Bytes] goes.
///
/// `-Dvarve.testArgs="-Dvarve.lincheck.iterations=1000"` has it look longer.
final class LinearizabilityTest {
  private static final int FIRST_VALUE = 100;
  private static final int RANGE = 3;
  private static final int OVERWRITES = 12;

  private static StressOptions stress(int share) {
    return new StressOptions()
        .iterations(share * Integer.getInteger("varve.lincheck.iterations", 20))
        .invocationsPerIteration(Integer.getInteger("varve.lincheck.invocations", 250))
        .threads(3)
        .actorsPerThread(4)
        .actorsBefore(6)
        .actorsAfter(3);
  }

  /// Sorted numbers: what a tree is to be like.
  public static final class SortedNumbers {
    private final TreeMap<Integer, Integer> all = new TreeMap<>();

    public void put(int key, int value) {
      all.put(key, value);
    }

    public void delete(int key) {
      all.remove(key);
    }

    public void deleteRange(int from) {
      all.subMap(from, from + RANGE).clear();
    }

    public int get(int key) {
      return all.getOrDefault(key, -1);
    }

    public int ceiling(int key) {
      Integer found = all.ceilingKey(key);
      return found == null ? -1 : found;
    }

    public void evict() {}

    public int flushed(int key) {
      return get(key);
    }
  }

  /// The tree alone.
  @Param(name = "key", gen = IntGen.class, conf = "0:7")
  @Param(name = "value", gen = IntGen.class, conf = "1:1000")
  public static final class Nodes {
    private final ConcurrentTree tree = new ConcurrentTree();

    @Operation
    public void put(@Param(name = "key") int key, @Param(name = "value") int value) {
      tree.put(key, value);
    }

    @Operation
    public void delete(@Param(name = "key") int key) {
      tree.delete(key);
    }

    @Operation
    public int get(@Param(name = "key") int key) {
      return tree.get(key);
    }

    @Operation
    public int ceiling(@Param(name = "key") int key) {
      return tree.ceiling(key);
    }

    @Validate
    public void check() {
      tree.check();
    }
  }

  /// The cache: most leaves are on the device, and come and go.
  @Param(name = "key", gen = IntGen.class, conf = "0:7")
  @Param(name = "value", gen = IntGen.class, conf = "1:1000")
  public static final class Cache {
    private final ConcurrentTree tree = new ConcurrentTree();

    public Cache() {
      for (int key = 0; key < 8; key += 2) {
        tree.put(key, FIRST_VALUE);
      }
      int _ = tree.flushed(0);
      tree.evict();
    }

    @Operation
    public void evict() {
      tree.evict();
    }

    @Operation
    public void put(@Param(name = "key") int key, @Param(name = "value") int value) {
      tree.put(key, value);
    }

    @Operation
    public int get(@Param(name = "key") int key) {
      return tree.get(key);
    }

    @Operation
    public int ceiling(@Param(name = "key") int key) {
      return tree.ceiling(key);
    }

    @Validate
    public void check() {
      tree.check();
    }
  }

  /// As [SortedNumbers], with what [Cache] begins with.
  public static final class SomeNumbers {
    private final SortedNumbers all = new SortedNumbers();

    public SomeNumbers() {
      for (int key = 0; key < 8; key += 2) {
        all.put(key, FIRST_VALUE);
      }
    }

    public void evict() {}

    public void put(int key, int value) {
      all.put(key, value);
    }

    public int get(int key) {
      return all.get(key);
    }

    public int ceiling(int key) {
      return all.ceiling(key);
    }
  }

  /// The epochs: what a flush has of a key when it is done is what the key had at some moment
  /// meanwhile, whatever the writer replaces, divides and joins under its hands.
  @Param(name = "key", gen = IntGen.class, conf = "0:3")
  @Param(name = "value", gen = IntGen.class, conf = "1:1000")
  public static final class Epochs {
    private final ConcurrentTree tree = new ConcurrentTree();

    /** A put is many commits of one value: whoever writes has to wait until all are made. */
    private final ReentrantLock writing = new ReentrantLock();

    @Operation
    public void put(@Param(name = "key") int key, @Param(name = "value") int value) {
      writing.lock();
      try {
        // So often that the leaf is full, and is made anew.
        for (int i = 0; i < OVERWRITES; i++) {
          tree.put(key, value);
        }
      } finally {
        writing.unlock();
      }
    }

    @Operation
    public void delete(@Param(name = "key") int key) {
      writing.lock();
      try {
        tree.delete(key);
      } finally {
        writing.unlock();
      }
    }

    @Operation
    public void deleteRange(@Param(name = "key") int from) {
      writing.lock();
      try {
        tree.deleteRange(from, from + RANGE);
      } finally {
        writing.unlock();
      }
    }

    @Operation
    public int flushed(@Param(name = "key") int key) {
      return tree.flushed(key);
    }

    @Operation
    public void evict() {
      tree.evict();
    }

    @Validate
    public void check() {
      tree.check();
    }
  }

  @Test
  void leaves_that_are_evicted_and_read() {
    stress(1).sequentialSpecification(SomeNumbers.class).check(Cache.class);
  }

  @Test
  void epochs_that_are_flushed_while_the_next_goes_on() {
    stress(2).sequentialSpecification(SortedNumbers.class).check(Epochs.class);
  }

  @Test
  void nodes_that_are_divided_and_joined() {
    stress(1).sequentialSpecification(SortedNumbers.class).check(Nodes.class);
  }
}
