package dev.varve.bench;

import dev.varve.codec.Lz4Codec;
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

/// Compresses and decompresses a block of 4 KiB of values of which half repeat.
///
/// Hypothesis: neither allocates, and a decompression costs a fraction of a compression.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(2)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
public class Lz4Benchmark {
  private static final int BLOCK_BYTES = 4096;

  private final Lz4Codec codec = new Lz4Codec();
  private final byte[] block = new byte[BLOCK_BYTES];
  private final byte[] target = new byte[codec.compressedSizeMax(BLOCK_BYTES)];
  private final byte[] compressed = new byte[codec.compressedSizeMax(BLOCK_BYTES)];
  private int size;

  /// Makes the block and compresses it.
  @Setup(Level.Trial)
  public void fill() {
    StoreValues values = new StoreValues();
    for (int i = 0; i < BLOCK_BYTES; i += StoreValues.BYTES) {
      int length = Math.min(StoreValues.BYTES, BLOCK_BYTES - i);
      System.arraycopy(values.of(i, 0), 0, block, i, length);
    }
    size = codec.compress(block, 0, BLOCK_BYTES, compressed, 0);
    if (!decompress()) {
      throw new IllegalStateException("a block did not decompress");
    }
  }

  /// Compresses the block.
  @Benchmark
  public int compress() {
    return codec.compress(block, 0, BLOCK_BYTES, target, 0);
  }

  /// Decompresses it.
  @Benchmark
  public boolean decompress() {
    return codec.decompress(compressed, 0, size, target, 0, BLOCK_BYTES);
  }
}
