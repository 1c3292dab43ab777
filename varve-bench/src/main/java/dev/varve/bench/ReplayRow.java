package dev.varve.bench;

import dev.varve.Varve;
import dev.varve.kv.ByteSize;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/// The reopening of a store whose log has everything and whose entries are few, beside the plain
/// reading and checking of the same files.
///
/// Hypothesis: replay costs what its checksums and applies cost, and holds one buffer of the log.
final class ReplayRow implements Row {
  private static final String PLAIN = "read and CRC-32C, 1 GiB";
  private static final int KEYS = 10_000;
  private static final int REOPENS = 3;
  private static final int BUFFER_BYTES = 1 << 20;

  /** A log's length and the values in it. */
  private enum Length {
    SHORT("256 MiB, values of 100 B", 256, 100),
    LONG("1 GiB, values of 100 B", 1024, 100),
    LARGE("1 GiB, values of 1,000 B", 1024, 1000);

    private final String text;
    private final long bytes;
    private final int valueBytes;

    Length(String text, int mebibytes, int valueBytes) {
      this.text = text;
      this.bytes = (long) mebibytes << 20;
      this.valueBytes = valueBytes;
    }
  }

  @Override
  public String name() {
    return "replay";
  }

  @Override
  public String about() {
    return "reopening a store of 10,000 entries with a long log";
  }

  @Override
  public List<String> processes() {
    return Stream.concat(Stream.of(Length.values()).map(l -> l.text), Stream.of(PLAIN)).toList();
  }

  @Override
  public List<String> jvmFlags() {
    return List.of("-Xmx256m");
  }

  @Override
  public Optional<String> yardstick() {
    return Optional.of(PLAIN);
  }

  @Override
  public List<Target> targets() {
    return List.of(
        Target.of(Length.LONG.text, "replay", 500, "at least 500 MB/s"),
        Target.of(Length.LARGE.text, "replay", 500, "at least 500 MB/s"),
        Target.ratio(
            Length.LONG.text,
            "heap after collections, most",
            Length.SHORT.text,
            1.25,
            "memory does not grow with the log's length"));
  }

  @Override
  public void run(String process, Run run) throws Exception {
    if (process.equals(PLAIN)) {
      plain(run, store(run, Length.LONG));
      return;
    }
    for (Length length : Length.values()) {
      if (process.equals(length.text)) {
        replay(run, length, store(run, length));
      }
    }
  }

  private static StoreOptions options() {
    return StoreOptions.defaults()
        .withDurability(Durability.NONE)
        .withMemory(ByteSize.ofMebibytes(96))
        .withCheckpointAfter(ByteSize.ofGibibytes(64));
  }

  /** The store with a log of this length, made when it is not there. */
  private static Path store(Run run, Length length) {
    Path directory = run.directory().resolve(length.name());
    if (!Files.exists(directory)) {
      long bytes = run.count(length.bytes);
      try (Store store = Varve.open(directory, options())) {
        Keyspace keyspace = store.keyspace("bench", KeyspaceOptions.of(EngineKind.HASH));
        Keys keys = new Keys(run.seed(), 0);
        byte[] value = new byte[length.valueBytes];
        for (long written = 0; written < bytes; ) {
          for (int i = 0; i < 1000; i++) {
            keyspace.put(keys.of(keys.next(KEYS)), value);
          }
          written = store.stats().log().bytes();
        }
      }
    }
    return directory;
  }

  private static void replay(Run run, Length length, Path directory) throws Exception {
    for (int i = 0; i < REOPENS; i++) {
      long before = Meter.heapBytes();
      try (Meter.Collections collections = new Meter.Collections()) {
        long cpu = Meter.cpuNanos();
        long begin = System.nanoTime();
        try (Store store = Varve.open(directory, options())) {
          double nanos = System.nanoTime() - begin;
          double cpuNanos = Meter.cpuNanos() - cpu;
          double bytes = store.recovery().logBytes();
          if (store.recovery().commits() == 0) {
            throw new IOException("there was nothing to replay");
          }
          record(run, length.text, bytes, nanos, cpuNanos);
          run.record(length.text, "each commit", Unit.NANOS, nanos / store.recovery().commits());
          if (collections.count() > 0) {
            run.record(
                length.text,
                "heap after collections, most",
                Unit.BYTES,
                collections.bytesAfterMax());
          }
          run.record(length.text, "heap of the open store", Unit.BYTES, Meter.heapBytes() - before);
        }
      }
    }
  }

  private static void record(Run run, String subject, double bytes, double nanos, double cpuNanos) {
    run.record(subject, "replay", Unit.MEGABYTES_PER_SECOND, bytes * 1e3 / nanos);
    run.record(
        subject,
        "replay" + Stopwatch.ON_PROCESSOR,
        Unit.MEGABYTES_PER_SECOND,
        bytes * 1e3 / Math.max(1, cpuNanos));
  }

  private static void plain(Run run, Path directory) throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.list(directory)) {
      files = all.filter(Files::isRegularFile).sorted().toList();
    }
    byte[] array = new byte[BUFFER_BYTES];
    for (int i = 0; i < REOPENS; i++) {
      CRC32C crc = new CRC32C();
      long bytes = 0;
      long cpu = Meter.cpuNanos();
      long begin = System.nanoTime();
      for (Path file : files) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
          ByteBuffer buffer = ByteBuffer.wrap(array);
          for (int got = channel.read(buffer); got > 0; got = channel.read(buffer.clear())) {
            crc.update(array, 0, got);
            bytes += got;
          }
        }
      }
      double nanos = System.nanoTime() - begin;
      double cpuNanos = Meter.cpuNanos() - cpu;
      if (crc.getValue() == 0) {
        throw new IOException("the files are empty");
      }
      record(run, PLAIN, (double) bytes, nanos, cpuNanos);
    }
  }
}
