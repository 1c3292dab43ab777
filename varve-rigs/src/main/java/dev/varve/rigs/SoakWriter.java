package dev.varve.rigs;

import dev.varve.Varve;
import dev.varve.kv.ByteSize;
import dev.varve.kv.EngineKind;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.Snapshot;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;

/// The process that a soak kills: it looks at what the one before left, then its threads write,
/// read, take snapshots and scan them until it is killed.
///
/// It prints `ready`, then `thread number` for each batch that was acknowledged, `reads number` and
/// `scanned number` now and then, and `VIOLATION …` when something is wrong.
final class SoakWriter {
  private static final int POINTS_AT_START = 4000;
  private static final int SCANNED = 20_000;
  private static final long PAUSE_NANOS = 50_000_000;

  private final Store store;
  private final Keyspace keyspace;
  private final SoakLoad load;
  private final PrintStream out = System.out;

  private SoakWriter(Store store, Keyspace keyspace, SoakLoad load) {
    this.store = store;
    this.keyspace = keyspace;
    this.load = load;
  }

  /// @param arguments directory, seed, threads, entries, memtable in KiB, round, the numbers that
  ///   were acknowledged, with commas, then the options of the store as `name=value`
  public static void main(String[] arguments) {
    SoakLoad load =
        new SoakLoad(
            Long.parseLong(arguments[1]),
            Integer.parseInt(arguments[2]),
            Long.parseLong(arguments[3]));
    StoreOptions options = StoreOptions.defaults();
    for (int i = 7; i < arguments.length; i++) {
      int equals = arguments[i].indexOf('=');
      options = options.with(arguments[i].substring(0, equals), arguments[i].substring(equals + 1));
    }
    long begun = System.nanoTime();
    Store store = Varve.open(Path.of(arguments[0]), options);
    Keyspace keyspace =
        store.keyspace(
            "load",
            KeyspaceOptions.of(EngineKind.LSM)
                .withMemtable(ByteSize.ofKibibytes(Long.parseLong(arguments[4]))));
    SoakWriter writer = new SoakWriter(store, keyspace, load);
    System.out.println("opened " + (System.nanoTime() - begun) / 1_000_000);
    long round = Long.parseLong(arguments[5]);
    writer.guarded(() -> writer.check(round, arguments[6]));
    System.out.println("ready");
    for (int t = 0; t < load.threads(); t++) {
      int thread = t;
      Thread _ = Thread.ofPlatform().start(() -> writer.guarded(() -> writer.write(thread)));
    }
    Thread _ = Thread.ofPlatform().start(() -> writer.guarded(() -> writer.read(round)));
    Thread _ = Thread.ofPlatform().start(() -> writer.guarded(() -> writer.scan(round)));
  }

  /** A violation ends the process, which the rig takes note of. */
  private void guarded(Runnable work) {
    try {
      work.run();
    } catch (RuntimeException | Error e) {
      e.printStackTrace();
      out.println("VIOLATION " + e);
      Runtime.getRuntime().halt(3);
    }
  }

  private void check(long round, String acknowledged) {
    long[] least = new long[load.threads()];
    String[] parts = acknowledged.split(",", -1);
    for (int thread = 0; thread < least.length; thread++) {
      least[thread] = Long.parseLong(parts[thread]);
    }
    SoakCheck check = new SoakCheck(load, keyspace);
    check.requireAtLeast(least);
    SplittableRandom random = new SplittableRandom(load.seed() + round);
    check.points(random, POINTS_AT_START);
    long _ = check.scan(load.key(0, random.nextLong(load.entriesOfThread())), SCANNED, false);
    long _ = check.scan(load.key(0, random.nextLong(load.entriesOfThread())), SCANNED, true);
  }

  private void write(int thread) {
    for (long number = load.batches(keyspace, thread) + 1; ; number++) {
      store.write(load.batch(keyspace, thread, number));
      out.println(thread + " " + number);
    }
  }

  /** Readers leave most of the processors to the writers. */
  private static void pause() {
    LockSupport.parkNanos(PAUSE_NANOS);
  }

  /** Reads of snapshots that are as old as they get. */
  private void read(long round) {
    SplittableRandom random = new SplittableRandom(load.seed() - round);
    while (true) {
      try (Snapshot snapshot = store.snapshot()) {
        SoakCheck check = new SoakCheck(load, keyspace.at(snapshot));
        for (int i = 0; i < 10; i++) {
          check.points(random, 100);
          out.println("reads 100");
        }
      }
      pause();
    }
  }

  private void scan(long round) {
    SplittableRandom random = new SplittableRandom(load.seed() - round);
    while (true) {
      try (Snapshot snapshot = store.snapshot()) {
        SoakCheck check = new SoakCheck(load, keyspace.at(snapshot));
        byte[] from = load.key(0, random.nextLong(load.entriesOfThread()));
        out.println("scanned " + check.scan(from, SCANNED, random.nextBoolean()));
      }
      pause();
    }
  }
}
