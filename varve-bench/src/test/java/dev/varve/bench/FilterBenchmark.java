package dev.varve.bench;

import dev.varve.filter.FilterShape;
import dev.varve.filter.FilterWriter;
import dev.varve.filter.KeyHash;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/// Asks a filter that lets one absent key in a hundred pass: for keys that are there, and for
/// others.
///
/// Hypothesis: the answer costs the key's hash and one line of memory, whatever it is.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(2)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
public class FilterBenchmark {
  private static final double FALSE_POSITIVES = 0.01;
  private static final long SEED = 42;

  /// How many keys the filter has: of a small file, and of many.
  @Param({"50000", "5000000"})
  public int entries;

  private final Keys keys = new Keys(1, 1);
  private byte[] lines = {};
  private int count;
  private int probes;

  /// Makes the filter.
  @Setup(Level.Trial)
  public void fill() {
    FilterWriter writer = new FilterWriter(FilterShape.forRate(FALSE_POSITIVES));
    for (int i = 0; i < entries; i++) {
      writer.add(hash(i));
    }
    lines = writer.finish();
    count = lines.length / FilterShape.LINE_BYTES;
    probes = writer.probes();
  }

  private long hash(long number) {
    return KeyHash.of(SEED, keys.of(number), 0, Keys.BYTES);
  }

  private boolean mayContain(long number) {
    long hash = hash(number);
    int line = FilterShape.line(hash, count);
    return FilterShape.mayContain(lines, line * FilterShape.LINE_BYTES, hash, probes);
  }

  /// A random key that is there.
  @Benchmark
  public boolean hit() {
    return mayContain(keys.next(entries));
  }

  /// A random key that is not.
  @Benchmark
  public boolean miss() {
    return mayContain(entries + keys.next(entries));
  }
}
