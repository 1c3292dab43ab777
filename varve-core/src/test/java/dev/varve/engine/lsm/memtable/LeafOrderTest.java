package dev.varve.engine.lsm.memtable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.cache.MemoryBudget;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// Readers that copy a leaf's order all the time, beside a writer that fills one leaf after
/// another.
final class LeafOrderTest {
  private static final int LEAVES = 40_000;

  private final RecordArena arena = new RecordArena(new MemoryBudget(1 << 20), new AtomicLong());
  private final AtomicReference<long[]> current =
      new AtomicReference<>(Leaf.empty(Leaf.CAPACITY_MAX));
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private volatile boolean done;

  @Test
  void a_copied_order_is_always_whole_and_sorted() throws Exception {
    long seed = Long.getLong("varve.seed", System.nanoTime());
    Thread[] readers = {new Thread(this::read), new Thread(this::read)};
    for (Thread reader : readers) {
      reader.start();
    }
    SplittableRandom random = new SplittableRandom(seed);
    long[] heads = new long[Leaf.CAPACITY_MAX];
    for (int i = 0; i < LEAVES && failure.get() == null; i++) {
      fill(random, heads);
    }
    done = true;
    for (Thread reader : readers) {
      reader.join();
    }
    Throwable first = failure.get();
    if (first != null) {
      throw new AssertionError(
          "mvn test -pl varve-core -Dtest=LeafOrderTest -Dvarve.testArgs=-Dvarve.seed=" + seed,
          first);
    }
  }

  private void fill(SplittableRandom random, long[] sorted) {
    long[] leaf = Leaf.empty(Leaf.CAPACITY_MAX);
    current.setRelease(leaf);
    boolean falling = random.nextBoolean();
    for (int count = 0; count < Leaf.CAPACITY_MAX; count++) {
      long head = falling ? -count : random.nextLong();
      int rank = count;
      while (rank > 0 && sorted[rank - 1] > head) {
        sorted[rank] = sorted[rank - 1];
        rank--;
      }
      sorted[rank] = head;
      Leaf.insert(leaf, rank, head, count + 1);
    }
  }

  private void read() {
    try {
      byte[] slots = new byte[Leaf.CAPACITY_MAX];
      while (!done) {
        long[] leaf = current.getAcquire();
        int before = Leaf.count(leaf);
        int count = Leaf.copyOrder(leaf, arena, slots);
        assertTrue(count >= before && count <= Leaf.count(leaf), "no key is missing");
        long seen = 0;
        for (int rank = 0; rank < count; rank++) {
          seen |= 1L << slots[rank];
          assertEquals(slots[rank] + 1, Leaf.address(leaf, slots[rank]));
          assertTrue(
              rank == 0 || Leaf.headAt(leaf, slots[rank - 1]) < Leaf.headAt(leaf, slots[rank]),
              "sorted");
        }
        assertEquals(count, Long.bitCount(seen), "each slot once");
      }
    } catch (Throwable e) {
      failure.compareAndSet(null, e);
    }
  }
}
