package dev.varve.bench;

import dev.varve.cache.MemoryBudget;
import dev.varve.engine.lsm.memtable.Memtable;
import dev.varve.kv.MutationReader;
import dev.varve.kv.MutationWriter;
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

/// A put into the memtable, from an empty one to one of 200,000 entries, and a get from that.
///
/// Hypothesis: a put allocates what the entry takes in the arena and no more, a get nothing.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(2)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
public class MemtableBenchmark {
  private static final int ENTRIES = 200_000;

  private final Keys keys = new Keys(1, 1);
  private final StoreValues values = new StoreValues();
  private final MutationWriter writer = new MutationWriter(256);
  private final MutationReader reader = new MutationReader();
  private Memtable full = new Memtable(1, new MemoryBudget(Long.MAX_VALUE));

  /// Fills the memtable that gets read.
  @Setup(Level.Trial)
  public void fill() {
    full = filled();
  }

  private Memtable filled() {
    Memtable memtable = new Memtable(1, new MemoryBudget(Long.MAX_VALUE));
    for (int i = 0; i < ENTRIES; i++) {
      writer.clear();
      writer.put(1, keys.of(i), values.of(i, 0));
      int begin = MutationWriter.HEADROOM_BYTES;
      reader.reset(writer.array(), begin, begin + writer.byteSize());
      boolean _ = reader.next();
      memtable.apply(i + 1L, reader);
    }
    return memtable;
  }

  /// Encodes a put and applies it.
  @Benchmark
  @OperationsPerInvocation(ENTRIES)
  public Memtable put() {
    return filled();
  }

  /// Finds a random key that is there.
  @Benchmark
  public int get() {
    return full.find(keys.of(keys.next(ENTRIES)), Long.MAX_VALUE);
  }
}
