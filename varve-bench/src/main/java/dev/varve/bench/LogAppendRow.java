package dev.varve.bench;

import dev.varve.base.BackgroundThreads;
import dev.varve.base.Clock;
import dev.varve.base.FailureLatch;
import dev.varve.format.StoreId;
import dev.varve.fs.OsFileSystem;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.MutationWriter;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.StoreOptions;
import dev.varve.log.Log;
import dev.varve.log.LogEnvironment;
import dev.varve.log.LogOptions;
import dev.varve.log.LogRecovery;
import dev.varve.log.LogRecovery.ReplayFrom;
import dev.varve.log.RecordKind;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;

/// A record into the log, with no sync: the log by itself, and a put through the public API; beside
/// the two ways to get bytes into a file, a copy into a mapping and a call of the system.
///
/// Hypothesis: an append costs a checksum, a copy and two uncontended atomic operations.
final class LogAppendRow implements Row {
  private static final String LOG = "log";
  private static final String COPY = "copy and CRC-32C";
  private static final String PUT = "varve HASH put";
  private static final String WRITE = "write(2)";
  private static final String METRIC = "append";

  private static final int PAYLOAD_BYTES = 140;
  private static final int RECORD_BYTES = MutationWriter.HEADROOM_BYTES + PAYLOAD_BYTES + 4;

  /** Appends of a block; all blocks fit in one segment, so that no block waits for the device. */
  private static final int BLOCK = 100_000;

  private static final int BLOCKS = 12;

  /** Blocks that go by before the first is recorded: the compiler's. */
  private static final int BLOCKS_UNRECORDED = 4;

  /** So few keys that all of their records stay in the cache: it is the log that is measured. */
  private static final int KEYS = 1000;

  private static final long SEGMENT_BYTES = 512 << 20;

  @Override
  public String name() {
    return "log-append";
  }

  @Override
  public String about() {
    return "a record of 140 B, NONE, one thread";
  }

  @Override
  public List<String> processes() {
    return List.of("all");
  }

  @Override
  public Optional<String> yardstick() {
    return Optional.of(COPY);
  }

  @Override
  public List<Target> targets() {
    return List.of(Target.of(LOG, METRIC, 100, "at most 100 ns"));
  }

  @Override
  public void run(String process, Run run) throws Exception {
    Path directory = run.fresh("log");
    Path store = run.fresh("store");
    Path mapped = run.fresh("mapped");
    Path written = run.fresh("written");
    long size = Math.max(64 << 10, run.count(SEGMENT_BYTES));
    int block = (int) run.count(BLOCK);
    StoreOptions options = StoreOptions.defaults().withDurability(Durability.NONE);
    try (BackgroundThreads background = new BackgroundThreads("bench", 2, LogAppendRow::report);
        Log log = openLog(Files.createDirectories(directory), size, background);
        VarveSubject put = new VarveSubject(store, EngineKind.HASH, options);
        Arena arena = Arena.ofConfined();
        FileChannel target =
            FileChannel.open(written, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      MemorySegment memory = map(mapped, Math.max(size / 4, block * (long) RECORD_BYTES), arena);
      Blocks blocks = new Blocks(run, block);
      for (int i = 0; i < BLOCKS_UNRECORDED + BLOCKS; i++) {
        boolean recorded = i >= BLOCKS_UNRECORDED;
        blocks.copy(memory, recorded);
        blocks.append(log, recorded);
        blocks.put(put, recorded);
        blocks.write(target, recorded);
      }
    } finally {
      for (Path path : List.of(directory, mapped, written)) {
        Run.remove(path);
      }
    }
  }

  private static void report(Throwable failure) {
    throw new IllegalStateException("work in the background failed", failure);
  }

  /// Begins a log in a directory that is there, with one lane.
  static Log openLog(Path directory, long segmentBytes, BackgroundThreads background)
      throws IOException {
    FailureLatch failure = new FailureLatch();
    LogEnvironment environment =
        new LogEnvironment(
            OsFileSystem.INSTANCE, directory, new StoreId(1, 2), Clock.SYSTEM, background, failure);
    Log log =
        new Log(
            environment,
            new LogOptions(
                1, segmentBytes, segmentBytes, 1000, Duration.ZERO, Duration.ofMillis(50)),
            LogRecovery.recover(
                environment, ReplayFrom.BEGIN, (_, _, _, _, _) -> {}, ProgressListener.NONE),
            () -> new IllegalStateException("the log failed", failure.cause()));
    log.begin();
    return log;
  }

  private static MemorySegment map(Path file, long size, Arena arena) throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      MemorySegment memory = channel.map(FileChannel.MapMode.READ_WRITE, 0, size, arena);
      return memory.fill((byte) 0);
    }
  }

  /** The subjects' blocks. */
  private static final class Blocks {
    private final Run run;
    private final int block;
    private final byte[] record = new byte[RECORD_BYTES + MutationWriter.TAILROOM_BYTES];
    private final CRC32C crc = new CRC32C();
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(RECORD_BYTES);
    private final byte[] value = new byte[PAYLOAD_BYTES - Keys.BYTES - 6];
    private final Keys keys;
    private long at;

    Blocks(Run run, int block) {
      this.run = run;
      this.block = block;
      this.keys = new Keys(run.seed(), run.round());
    }

    private void end(Stopwatch stopwatch, String subject, boolean recorded) {
      if (recorded) {
        stopwatch.stop(run, subject, METRIC, block);
      }
    }

    void copy(MemorySegment memory, boolean recorded) {
      Stopwatch stopwatch = new Stopwatch();
      for (int i = 0; i < block; i++) {
        if (at + RECORD_BYTES > memory.byteSize()) {
          at = 0;
        }
        crc.reset();
        crc.update(record, 4, RECORD_BYTES - 4);
        record[0] = (byte) crc.getValue();
        MemorySegment.copy(record, 0, memory, ValueLayout.JAVA_BYTE, at, RECORD_BYTES);
        at += RECORD_BYTES;
      }
      end(stopwatch, COPY, recorded);
    }

    void append(Log log, boolean recorded) throws IOException {
      Stopwatch stopwatch = new Stopwatch();
      for (int i = 0; i < block; i++) {
        log.lock(0);
        try {
          long _ = log.append(0, RecordKind.COMMIT, record, PAYLOAD_BYTES, false, false);
        } finally {
          log.unlock(0);
        }
      }
      end(stopwatch, LOG, recorded);
    }

    void put(VarveSubject subject, boolean recorded) {
      Stopwatch stopwatch = new Stopwatch();
      for (int i = 0; i < block; i++) {
        subject.put(keys.of(keys.next(KEYS)), value);
      }
      end(stopwatch, PUT, recorded);
    }

    void write(FileChannel target, boolean recorded) throws IOException {
      Stopwatch stopwatch = new Stopwatch();
      for (int i = 0; i < block; i++) {
        buffer.clear();
        while (buffer.hasRemaining()) {
          int _ = target.write(buffer, (long) i * RECORD_BYTES + buffer.position());
        }
      }
      end(stopwatch, WRITE, recorded);
    }
  }
}
