package dev.varve.log;

import dev.varve.base.Background;
import dev.varve.base.Clock;
import dev.varve.base.FailureLatch;
import dev.varve.base.InlineBackground;
import dev.varve.format.StoreId;
import dev.varve.fs.FileSystem;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.ProgressListener;
import dev.varve.log.LogRecovery.ReplayFrom;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// A log on a file system of choice, with what it recovered.
final class LogFixture implements AutoCloseable {
  static final Path DIRECTORY = Path.of("/memory/store");
  static final StoreId STORE = new StoreId(0x0807060504030201L, 0x100f0e0d0c0b0a09L);

  final FailureLatch failure = new FailureLatch();
  final List<String> payloads = new ArrayList<>();
  final List<Long> sequences = new ArrayList<>();
  final RecoveredLog recovered;
  final Log log;

  LogFixture(FileSystem fs, LogOptions options, ReplayFrom from, Background background)
      throws IOException {
    this(fs, DIRECTORY, options, from, background, Clock.SYSTEM);
  }

  LogFixture(
      FileSystem fs,
      Path directory,
      LogOptions options,
      ReplayFrom from,
      Background background,
      Clock clock)
      throws IOException {
    LogEnvironment env = new LogEnvironment(fs, directory, STORE, clock, background, failure);
    recovered =
        LogRecovery.recover(
            env,
            from,
            (kind, sequence, array, offset, length) -> {
              sequences.add(sequence);
              payloads.add(new String(array, offset, length, StandardCharsets.UTF_8));
            },
            ProgressListener.NONE);
    log =
        new Log(
            env, options, recovered, () -> new IllegalStateException("failed", failure.cause()));
  }

  static LogFixture open(FileSystem fs, LogOptions options) throws IOException {
    return new LogFixture(fs, options, ReplayFrom.BEGIN, new InlineBackground());
  }

  static MemoryFileSystem fileSystem() {
    MemoryFileSystem fs = new MemoryFileSystem();
    try {
      fs.createDirectories(DIRECTORY);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return fs;
  }

  static LogOptions options(int lanes, int segmentBytes) {
    return new LogOptions(
        lanes, segmentBytes, segmentBytes, 1000, Duration.ZERO, Duration.ofMillis(50));
  }

  long append(int lane, String payload) throws IOException {
    return append(lane, RecordKind.COMMIT, payload, false);
  }

  long append(int lane, RecordKind kind, String payload, boolean through) throws IOException {
    byte[] bytes = payload.getBytes(StandardCharsets.UTF_8);
    byte[] array = new byte[32 + bytes.length + 8];
    System.arraycopy(bytes, 0, array, 32, bytes.length);
    log.begin();
    log.lock(lane);
    try {
      return log.append(lane, kind, array, bytes.length, through, false);
    } finally {
      log.unlock(lane);
    }
  }

  @Override
  public void close() throws IOException {
    log.close();
  }
}
