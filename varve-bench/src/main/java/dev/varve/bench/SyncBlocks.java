package dev.varve.bench;

import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.Store;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/// Rates of synced writes, in short blocks that alternate, so that what else the device does hits
/// all subjects alike.
///
/// @threads one at a time
final class SyncBlocks {
  private static final String METRIC = "commits";
  private static final int VALUE_BYTES = 100;

  private final Run run;
  private final long blockNanos;

  /// One subject's block.
  interface Block {
    void run() throws Exception;
  }

  SyncBlocks(Run run) {
    this.run = run;
    this.blockNanos = run.count(250_000_000);
  }

  /// Runs the blocks in turns.
  ///
  /// @throws Exception what a block throws
  static void alternate(long turns, List<Block> blocks) throws Exception {
    for (long turn = 0; turn < turns; turn++) {
      for (Block block : blocks) {
        block.run();
      }
    }
  }

  /// Writes `bytes` bytes and syncs, again and again.
  Block device(Device device, String subject, int bytes) {
    ByteBuffer buffer = ByteBuffer.allocateDirect(bytes);
    return () -> {
      Histogram latencies = new Histogram(3);
      long begin = System.nanoTime();
      long end = begin;
      long count = 0;
      while (count == 0 || end - begin < blockNanos) {
        long before = end;
        device.append(buffer);
        device.sync();
        end = System.nanoTime();
        latencies.recordValue(end - before);
        count++;
      }
      record(subject, count, end - begin, latencies);
    };
  }

  /// The keyspace that the other blocks write.
  static Keyspace keyspace(Store store) {
    return store.keyspace("bench", KeyspaceOptions.of(EngineKind.HASH));
  }

  /// One thread puts, each put durable before the next.
  Block put(Keyspace keyspace, String subject) {
    return () -> {
      Histogram latencies = new Histogram(3);
      Keys keys = new Keys(run.seed(), 0);
      byte[] value = new byte[VALUE_BYTES];
      long begin = System.nanoTime();
      long end = begin;
      long count = 0;
      while (count == 0 || end - begin < blockNanos) {
        long before = end;
        keyspace.put(keys.of(count), value, Durability.SYNC);
        end = System.nanoTime();
        latencies.recordValue(end - before);
        count++;
      }
      record(subject, count, end - begin, latencies);
    };
  }

  private void record(String subject, long count, long nanos, Histogram latencies) {
    run.record(subject, METRIC, Unit.PER_SECOND, count * 1e9 / nanos);
    run.record(subject, "latency", latencies);
  }

  /// Many threads put, each put durable in a group before the thread's next.
  Block putTogether(Keyspace keyspace, String subject, int threads, Thread.Builder builder) {
    return () -> {
      AtomicLong commits = new AtomicLong();
      AtomicBoolean stop = new AtomicBoolean();
      AtomicInteger number = new AtomicInteger();
      AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
      List<Thread> started = new ArrayList<>();
      long begin = System.nanoTime();
      for (int i = 0; i < threads; i++) {
        started.add(
            builder.start(
                () -> {
                  try {
                    commits.addAndGet(putUntil(stop, keyspace, number.getAndIncrement()));
                  } catch (Throwable thrown) {
                    failure.set(thrown);
                  }
                }));
      }
      Thread.sleep(blockNanos / 1_000_000, (int) (blockNanos % 1_000_000));
      stop.set(true);
      for (Thread thread : started) {
        thread.join();
      }
      long nanos = System.nanoTime() - begin;
      if (failure.get() != null) {
        throw new IOException("a thread of " + subject + " failed", failure.get());
      }
      run.record(subject, METRIC, Unit.PER_SECOND, commits.get() * 1e9 / nanos);
    };
  }

  private long putUntil(AtomicBoolean stop, Keyspace keyspace, int thread) {
    Keys keys = new Keys(run.seed() + thread + 1, 0);
    byte[] value = new byte[VALUE_BYTES];
    long count = 0;
    do {
      keyspace.put(keys.of(count), value, Durability.GROUP);
      count++;
    } while (!stop.get());
    return count;
  }
}
