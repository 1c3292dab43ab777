package dev.varve.bench;

import dev.varve.bench.OrderedStore.Walk;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/// The operations of [LsmRow] on one product, each timed, and a check of what they left.
///
/// @threads one at a time
final class LsmMeasurement {
  private static final int BATCH = 1000;
  private static final int SEEK_NEXT = 10;

  /** Of more entries than these only so many are read, written anew or put by batches. */
  private static final long READS_MAX = 2_000_000;

  private static final long SEEKS_MAX = 200_000;
  private static final long OVERWRITES_MAX = 5_000_000;

  /** What separates two overwritten entries; prime, so that the steps come to every entry. */
  private static final long STRIDE = 7_368_787;

  private static final double BYTES_EACH = Keys.BYTES + LsmValues.BYTES;

  /// Opens the store in a directory.
  @FunctionalInterface
  interface Opener {
    OrderedStore open(Path directory);
  }

  private final Run run;
  private final String subject;
  private final Opener opener;
  private final long entries;
  private final long overwrites;
  private final boolean recorded;
  private final Keys keys;
  private final LsmValues values = new LsmValues();
  private long seen;

  /// @param recorded whether samples are handed in, or it is only to warm up
  LsmMeasurement(Run run, String subject, Opener opener, long entries, boolean recorded) {
    this.run = run;
    this.subject = subject;
    this.opener = opener;
    this.entries = entries;
    this.overwrites = Math.min(entries, OVERWRITES_MAX);
    this.recorded = recorded;
    this.keys = new Keys(run.seed(), run.round());
  }

  /** What is timed. */
  private interface Work {
    void run() throws Exception;
  }

  private void time(String metric, long count, Work work) throws Exception {
    Stopwatch stopwatch = new Stopwatch();
    work.run();
    if (recorded) {
      stopwatch.stop(run, subject, metric, count);
    }
  }

  private void record(String metric, Unit unit, double value) {
    if (recorded) {
      run.record(subject, metric, unit, value);
    }
  }

  private void record(String metric, Histogram nanos) {
    if (recorded) {
      run.record(subject, metric, nanos);
    }
  }

  /// Does everything.
  void all() throws Exception {
    Path batched = run.fresh("batched");
    try (OrderedStore store = opener.open(batched)) {
      time("fill by batches of 1000", overwrites, () -> batches(store));
    } finally {
      Run.remove(batched);
    }
    Path directory = run.fresh("store");
    try {
      try (OrderedStore store = opener.open(directory)) {
        fill(store, directory);
        reads(store);
        writes(store, directory);
        mixed(store);
      }
      reopen(directory);
    } finally {
      Run.remove(directory);
    }
    if (seen == 0) {
      throw new IllegalStateException("nothing was read");
    }
  }

  private void batches(OrderedStore store) {
    byte[][] batchKeys = new byte[BATCH][];
    byte[][] batchValues = new byte[BATCH][];
    for (long done = 0; done < overwrites; done += BATCH) {
      int size = (int) Math.min(BATCH, overwrites - done);
      if (size < BATCH) {
        batchKeys = new byte[size][];
        batchValues = new byte[size][];
      }
      for (int i = 0; i < size; i++) {
        batchKeys[i] = keys.of(done + i).clone();
        batchValues[i] = values.of(done + i, 0).clone();
      }
      store.putAll(batchKeys, batchValues);
    }
  }

  private void fill(OrderedStore store, Path directory) throws Exception {
    Histogram nanos = new Histogram(3);
    Stopwatch toRest = new Stopwatch();
    time(
        "random fill",
        entries,
        () -> {
          long before = System.nanoTime();
          for (long i = 0; i < entries; i++) {
            store.put(keys.of(i), values.of(i, 0));
            long now = System.nanoTime();
            nanos.recordValue(now - before);
            before = now;
          }
        });
    record("random fill", nanos);
    rest(store, directory);
    if (recorded) {
      toRest.stop(run, subject, "random fill, to rest", entries);
      double inserted = entries * BYTES_EACH;
      double taken = DiskUse.allocated(directory, ".sst");
      record("write amplification", Unit.COUNT, store.bytesWritten() / inserted);
      record("space amplification", Unit.COUNT, taken / inserted);
      record("disk, sorted files, an entry", Unit.BYTES, taken / entries);
      record("disk, everything, an entry", Unit.BYTES, DiskUse.allocated(directory, "") / entries);
      record("memory, peak resident", Unit.BYTES, Meter.residentBytesMax());
    }
  }

  private void rest(OrderedStore store, Path directory) throws IOException, InterruptedException {
    store.flush();
    if (recorded) {
      DiskUse.awaitRest(directory);
    }
  }

  private void reads(OrderedStore store) throws Exception {
    long count = Math.min(entries, READS_MAX);
    // Once untimed: what is timed finds caches as full as they get.
    get(store, count, 0);
    time("get hit", count, () -> get(store, count, 0));
    time("get miss", count, () -> get(store, count, entries));
    time("scan forward", entries, () -> scan(store, true));
    time("scan backward", entries, () -> scan(store, false));
    long seeks = Math.clamp(entries / SEEK_NEXT, 1, SEEKS_MAX);
    time("seek and 10 next", seeks, () -> seek(store, seeks));
  }

  private void get(OrderedStore store, long count, long above) {
    for (long i = 0; i < count; i++) {
      long number = above + keys.next(entries);
      byte @Nullable [] found = store.get(keys.of(number));
      if (above > 0 ? found != null : found == null || LsmValues.number(found) != number) {
        throw new IllegalStateException("a get answered what was not put");
      }
      seen += found == null ? 0 : 1;
    }
  }

  private void scan(OrderedStore store, boolean forward) {
    long count = 0;
    try (Walk walk = store.walk()) {
      for (boolean on = forward ? walk.first() : walk.last();
          on;
          on = forward ? walk.next() : walk.previous()) {
        seen += walk.key().length + walk.value().length;
        count++;
      }
    }
    if (count != entries) {
      throw new IllegalStateException("a scan found " + count + " of " + entries + " entries");
    }
  }

  private void seek(OrderedStore store, long count) {
    for (long i = 0; i < count; i++) {
      try (Walk walk = store.walk()) {
        boolean on = walk.seek(keys.of(keys.next(entries)));
        for (int j = 0; on; j++) {
          seen += walk.key().length + walk.value().length;
          on = j < SEEK_NEXT && walk.next();
        }
      }
    }
  }

  private void writes(OrderedStore store, Path directory) throws Exception {
    Histogram nanos = new Histogram(3);
    Stopwatch toRest = new Stopwatch();
    time(
        "overwrite",
        overwrites,
        () -> {
          long before = System.nanoTime();
          for (long i = 0; i < overwrites; i++) {
            long number = overwritten(i);
            store.put(keys.of(number), values.of(number, 1));
            long now = System.nanoTime();
            nanos.recordValue(now - before);
            before = now;
          }
        });
    record("overwrite", nanos);
    rest(store, directory);
    if (recorded) {
      toRest.stop(run, subject, "overwrite, to rest", overwrites);
    }
    for (long i = 0; i < overwrites; i += 1 + overwrites / READS_MAX) {
      long number = overwritten(i);
      byte @Nullable [] found = store.get(keys.of(number));
      if (found == null || LsmValues.number(found) != number || LsmValues.generation(found) != 1) {
        throw new IllegalStateException("a get answered what was overwritten");
      }
    }
  }

  private long overwritten(long i) {
    // A stride without a common divisor comes to each entry once.
    return entries % STRIDE == 0 ? i : i * STRIDE % entries;
  }

  private void mixed(OrderedStore store) throws Exception {
    long each = Math.min(entries, READS_MAX) / 2 + 1;
    List<Throwable> failures = new ArrayList<>();
    List<Thread> threads = new ArrayList<>();
    for (int t = 0; t < 2; t++) {
      Keys order = new Keys(run.seed(), 1000L + t);
      Thread thread = Thread.ofPlatform().unstarted(() -> half(store, order, each));
      thread.setUncaughtExceptionHandler(
          (_, failure) -> {
            synchronized (failures) {
              failures.add(failure);
            }
          });
      threads.add(thread);
    }
    Stopwatch stopwatch = new Stopwatch();
    threads.forEach(Thread::start);
    for (Thread thread : threads) {
      thread.join();
    }
    if (!failures.isEmpty()) {
      throw new IllegalStateException("a thread failed", failures.getFirst());
    }
    if (recorded) {
      stopwatch.stopAll(run, subject, "half and half, 2 threads", 2 * each);
    }
  }

  private void half(OrderedStore store, Keys order, long count) {
    LsmValues own = new LsmValues();
    for (long i = 0; i < count; i++) {
      long number = order.next(entries);
      if ((i & 1) == 0) {
        store.put(order.of(number), own.of(number, 2));
      } else {
        byte @Nullable [] found = store.get(order.of(number));
        if (found == null || LsmValues.number(found) != number) {
          throw new IllegalStateException("a get did not find what was put");
        }
      }
    }
  }

  /** Opens what was closed, and checks every entry. */
  private void reopen(Path directory) throws IOException {
    long begun = System.nanoTime();
    try (OrderedStore store = opener.open(directory)) {
      byte @Nullable [] first = store.get(keys.of(0));
      record("reopen", Unit.MICROS, (System.nanoTime() - begun) / 1e3);
      long count = 0;
      try (Walk walk = store.walk()) {
        for (boolean on = walk.first(); on; on = walk.next()) {
          byte[] value = walk.value();
          if (!values.isWhole(value)
              || !java.util.Arrays.equals(walk.key(), keys.of(LsmValues.number(value)))) {
            throw new IllegalStateException("an entry is not what was put");
          }
          count++;
        }
      }
      if (first == null || count != entries) {
        throw new IllegalStateException(count + " of " + entries + " entries after reopening");
      }
    }
  }
}
