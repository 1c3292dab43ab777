package dev.varve.bench;

import dev.varve.base.BackgroundThreads;
import dev.varve.kv.MutationWriter;
import dev.varve.log.Log;
import dev.varve.log.RecordKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// Appends a record with a payload of 140 B to the log's mapped segment, not synced. An iteration
/// is a fixed number of them in a log of its own, so that the device has room for all and catches
/// up between.
///
/// Hypothesis: an append costs the checksum and the copy, and allocates nothing.
@State(Scope.Thread)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(2)
@Warmup(iterations = 10)
@Measurement(iterations = 10)
public class LogAppendBenchmark {
  private static final int PAYLOAD_BYTES = 140;
  private static final int APPENDS = 1_000_000;
  private static final long SEGMENT_BYTES = 64 << 20;

  private final byte[] record =
      new byte[MutationWriter.HEADROOM_BYTES + PAYLOAD_BYTES + MutationWriter.TAILROOM_BYTES];
  private Path directory = Path.of("");
  private @Nullable BackgroundThreads background;
  private @Nullable Log log;

  /// Begins a log.
  @Setup(Level.Iteration)
  public void begin() throws IOException {
    directory = Files.createTempDirectory("varve-bench");
    background =
        new BackgroundThreads(
            "bench",
            2,
            failure -> {
              throw new IllegalStateException("work in the background failed", failure);
            });
    log = LogAppendRow.openLog(directory, SEGMENT_BYTES, background);
  }

  /// Ends the log and removes it.
  @TearDown(Level.Iteration)
  public void end() throws IOException {
    log.close();
    background.close();
    Run.remove(directory);
  }

  /// Appends.
  @Benchmark
  @OperationsPerInvocation(APPENDS)
  public long append() throws IOException {
    long last = 0;
    for (int i = 0; i < APPENDS; i++) {
      log.lock(0);
      try {
        last = log.append(0, RecordKind.COMMIT, record, PAYLOAD_BYTES, false, false);
      } finally {
        log.unlock(0);
      }
    }
    return last;
  }
}
