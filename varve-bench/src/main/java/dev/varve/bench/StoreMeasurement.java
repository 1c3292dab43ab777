package dev.varve.bench;

import dev.varve.bench.OrderedStore.Walk;
import dev.varve.bench.Product.Settings;
import dev.varve.bench.Product.Trait;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/// The operations of a store, each timed, and a check of what they left: of one product, the same
/// for each. What a product cannot do is left out.
///
/// @threads one at a time
final class StoreMeasurement {
  /// The threads of a measurement with few of them.
  static final int TWO = 2;

  private static final int BATCH = 1000;
  private static final int SEEK_NEXT = 10;
  private static final int SYNC_THREADS = 16;

  /** How long synced puts are made, by one thread and then by many. */
  private static final long SYNC_NANOS = 2_000_000_000L;

  /** Of more entries than these only so many are read, written anew or put by batches. */
  private static final long READS_MAX = 2_000_000;

  private static final long LATENCIES_MAX = 500_000;
  private static final long SEEKS_MAX = 200_000;
  private static final long OVERWRITES_MAX = 5_000_000;

  /** What separates two overwritten entries; prime, so that the steps come to every entry. */
  private static final long STRIDE = 7_368_787;

  private static final double BYTES_EACH = Keys.BYTES + StoreValues.BYTES;

  private final Run run;
  private final Product product;
  private final Settings settings;
  private final List<String> flags;
  private final long entries;
  private final long overwrites;
  private final boolean recorded;
  private final Keys keys;
  private final StoreValues values = new StoreValues();
  private long seen;

  /// @param settings how its stores are made; how many entries they have, too
  /// @param flags of further JVMs
  /// @param recorded whether samples are handed in, or it is only to warm up
  StoreMeasurement(
      Run run, Product product, Settings settings, List<String> flags, boolean recorded) {
    this.run = run;
    this.product = product;
    this.settings = settings;
    this.flags = flags;
    this.entries = settings.entries();
    this.overwrites = Math.min(entries, OVERWRITES_MAX);
    this.recorded = recorded;
    this.keys = new Keys(run.seed(), run.round());
  }

  /** What is timed. */
  private interface Work {
    void run() throws Exception;
  }

  /** What one of several threads does. */
  private interface Share {
    void run(Keys order, long count) throws Exception;
  }

  private void time(String metric, long count, Work work) throws Exception {
    Stopwatch stopwatch = new Stopwatch();
    work.run();
    if (recorded) {
      stopwatch.stop(run, product.name(), metric, count);
    }
  }

  /** Times what two threads do together, where the product can have several. */
  private void timeTwo(String metric, long count, Share share) throws Exception {
    if (!product.is(Trait.CONCURRENT)) {
      return;
    }
    long each = count / TWO + 1;
    Stopwatch stopwatch = new Stopwatch();
    Threads.run(TWO, thread -> share.run(new Keys(run.seed(), 1000L + thread), each));
    if (recorded) {
      stopwatch.stopAll(run, product.name(), metric + ", 2 threads", TWO * each);
    }
  }

  private void record(String metric, Unit unit, double value) {
    if (recorded) {
      run.record(product.name(), metric, unit, value);
    }
  }

  private void record(String metric, Histogram nanos) {
    if (recorded) {
      run.record(product.name(), metric, nanos);
    }
  }

  /// Does everything.
  void all() throws Exception {
    inStoreOfItsOwn(
        "batched", settings, s -> time("fill by batches of 1000", overwrites, () -> batches(s)));
    inStoreOfItsOwn(
        "sequential", settings, s -> time("sequential fill", overwrites, () -> ascend(s)));
    if (product.is(Trait.SYNCS)) {
      inStoreOfItsOwn("synced", settings.withSync(), this::synced);
    }
    Path directory = run.fresh("store");
    try {
      try (MeasuredStore store = product.open(directory, settings)) {
        fill(store, directory);
        reads(store);
        if (store instanceof OrderedStore ordered) {
          walks(ordered);
        }
        writes(store, directory);
        timeTwo("half and half", readCount(), (order, count) -> half(store, order, count));
        timeTwo("overwrite", overwrites, (order, count) -> overwrite(store, order, count));
      }
      if (product.is(Trait.KEEPS)) {
        reopen(directory);
      }
    } finally {
      Run.remove(directory);
    }
    if (seen == 0) {
      throw new IllegalStateException("nothing was read");
    }
  }

  /** What is done to a store. */
  private interface StoreWork {
    void run(MeasuredStore store) throws Exception;
  }

  private void inStoreOfItsOwn(String name, Settings own, StoreWork work) throws Exception {
    Path directory = run.fresh(name);
    try (MeasuredStore store = product.open(directory, own)) {
      work.run(store);
    } finally {
      Run.remove(directory);
    }
  }

  private long readCount() {
    return Math.min(entries, READS_MAX);
  }

  private void batches(MeasuredStore store) {
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

  private void ascend(MeasuredStore store) {
    for (long i = 0; i < overwrites; i++) {
      store.put(keys.ascending(i), values.of(i, 0));
    }
  }

  /** Puts that are on the device when they return, of one thread and of many. */
  private void synced(MeasuredStore store) throws Exception {
    long nanos = recorded ? run.count(SYNC_NANOS) : run.count(SYNC_NANOS / 10);
    Histogram latencies = new Histogram(3);
    long begun = System.nanoTime();
    long before = begun;
    for (long i = 0; i == 0 || before - begun < nanos; i++) {
      store.put(keys.of(i), values.of(i, 0));
      long now = System.nanoTime();
      latencies.recordValue(now - before);
      before = now;
    }
    record("put and sync", Unit.NANOS, (double) (before - begun) / latencies.getTotalCount());
    record("put and sync", latencies);
    if (!product.is(Trait.CONCURRENT)) {
      return;
    }
    long[] counts = new long[SYNC_THREADS];
    long end = System.nanoTime() + nanos;
    long together = System.nanoTime();
    Threads.run(
        SYNC_THREADS,
        thread -> {
          Keys own = new Keys(run.seed() + thread + 1, 0);
          StoreValues ownValues = new StoreValues();
          long count = 0;
          do {
            store.put(own.of(count), ownValues.of(count, 0));
            count++;
          } while (System.nanoTime() < end);
          counts[thread] = count;
        });
    double took = System.nanoTime() - together;
    record("put and sync, 16 threads", Unit.NANOS, took / Arrays.stream(counts).sum());
  }

  private void fill(MeasuredStore store, Path directory) throws Exception {
    Histogram nanos = new Histogram(3);
    Stopwatch toRest = new Stopwatch();
    double device = Meter.deviceBytesWritten();
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
    if (!recorded) {
      return;
    }
    toRest.stop(run, product.name(), "random fill, to rest", entries);
    double inserted = entries * BYTES_EACH;
    OptionalLong sorted = store.sortedBytesWritten();
    if (sorted.isPresent()) {
      double taken = DiskUse.allocated(directory, ".sst");
      record("write amplification", Unit.COUNT, sorted.getAsLong() / inserted);
      record("space amplification", Unit.COUNT, taken / inserted);
      record("disk, sorted files, an entry", Unit.BYTES, taken / entries);
    }
    if (product.is(Trait.KEEPS)) {
      double taken = DiskUse.allocated(directory, "");
      double written = Meter.deviceBytesWritten() - device;
      record("disk, everything, an entry", Unit.BYTES, taken / entries);
      record("disk, everything, amplification", Unit.COUNT, taken / inserted);
      record("random fill, written, amplification", Unit.COUNT, written / inserted);
    }
    record("memory, peak resident", Unit.BYTES, Meter.residentBytesMax());
  }

  private void rest(MeasuredStore store, Path directory) throws IOException, InterruptedException {
    store.flush();
    if (recorded && product.is(Trait.KEEPS)) {
      DiskUse.awaitRest(directory);
    }
  }

  private void reads(MeasuredStore store) throws Exception {
    long count = readCount();
    // Once untimed: what is timed finds caches as full as they get.
    get(store, keys, count, 0);
    time("get hit", count, () -> get(store, keys, count, 0));
    Histogram nanos = new Histogram(3);
    long before = System.nanoTime();
    for (long i = 0; i < Math.min(count, LATENCIES_MAX); i++) {
      get(store, keys, 1, 0);
      long now = System.nanoTime();
      nanos.recordValue(now - before);
      before = now;
    }
    record("get hit", nanos);
    timeTwo("get hit", count, (order, each) -> get(store, order, each, 0));
    time("get miss", count, () -> get(store, keys, count, entries));
  }

  private void get(MeasuredStore store, Keys order, long count, long above) {
    long found = 0;
    for (long i = 0; i < count; i++) {
      long number = above + order.next(entries);
      byte @Nullable [] value = store.get(order.of(number));
      if (above > 0 ? value != null : value == null || StoreValues.number(value) != number) {
        throw new IllegalStateException("a get answered what was not put");
      }
      found += value == null ? 0 : 1;
    }
    if (order == keys) {
      seen += found;
    }
  }

  private void walks(OrderedStore store) throws Exception {
    time("scan forward", entries, () -> scan(store, true));
    time("scan backward", entries, () -> scan(store, false));
    long seeks = Math.clamp(entries / SEEK_NEXT, 1, SEEKS_MAX);
    time("seek and 10 next", seeks, () -> seek(store, seeks));
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

  private void writes(MeasuredStore store, Path directory) throws Exception {
    Histogram nanos = new Histogram(3);
    Stopwatch toRest = new Stopwatch();
    double device = Meter.deviceBytesWritten();
    try (DiskSampler disk = new DiskSampler(directory)) {
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
        toRest.stop(run, product.name(), "overwrite, to rest", overwrites);
      }
      if (product.is(Trait.KEEPS)) {
        double written = Meter.deviceBytesWritten() - device;
        record("disk during overwrite, an entry", Unit.BYTES, disk.stop() / entries);
        record("overwrite, written, amplification", Unit.COUNT, written / overwrites / BYTES_EACH);
      }
    }
    for (long i = 0; i < overwrites; i += 1 + overwrites / READS_MAX) {
      long number = overwritten(i);
      byte @Nullable [] found = store.get(keys.of(number));
      if (found == null
          || StoreValues.number(found) != number
          || StoreValues.generation(found) != 1) {
        throw new IllegalStateException("a get answered what was overwritten");
      }
    }
  }

  private long overwritten(long i) {
    // A stride without a common divisor comes to each entry once.
    return entries % STRIDE == 0 ? i : i * STRIDE % entries;
  }

  private void half(MeasuredStore store, Keys order, long count) {
    StoreValues own = new StoreValues();
    for (long i = 0; i < count; i++) {
      long number = order.next(entries);
      if ((i & 1) == 0) {
        store.put(order.of(number), own.of(number, 2));
      } else {
        byte @Nullable [] found = store.get(order.of(number));
        if (found == null || StoreValues.number(found) != number) {
          throw new IllegalStateException("a get did not find what was put");
        }
      }
    }
  }

  private void overwrite(MeasuredStore store, Keys order, long count) {
    StoreValues own = new StoreValues();
    for (long i = 0; i < count; i++) {
      long number = order.next(entries);
      store.put(order.of(number), own.of(number, 3));
    }
  }

  /** Opens what was closed, here and in a JVM that has opened nothing yet, and checks it all. */
  private void reopen(Path directory) throws Exception {
    if (recorded) {
      Path told = run.fresh("told");
      StoreProcess.Found found =
          new StoreProcess(product, settings, flags, run.seed()).look(directory, told, 1);
      Run.remove(told);
      if (found.entries() != 1) {
        throw new IllegalStateException("not there in another process: " + found);
      }
      record("open in a new JVM", Unit.MICROS, found.openNanos() / 1e3);
    }
    long begun = System.nanoTime();
    try (MeasuredStore store = product.open(directory, settings)) {
      byte @Nullable [] first = store.get(keys.of(0));
      record("reopen", Unit.MICROS, (System.nanoTime() - begun) / 1e3);
      long count = store instanceof OrderedStore ordered ? countInOrder(ordered) : count(store);
      if (first == null || count != entries) {
        throw new IllegalStateException(count + " of " + entries + " entries after reopening");
      }
    }
  }

  private long countInOrder(OrderedStore store) {
    long count = 0;
    try (Walk walk = store.walk()) {
      for (boolean on = walk.first(); on; on = walk.next()) {
        byte[] value = walk.value();
        if (!values.isWhole(value)
            || !Arrays.equals(walk.key(), keys.of(StoreValues.number(value)))) {
          throw new IllegalStateException("an entry is not what was put");
        }
        count++;
      }
    }
    return count;
  }

  private long count(MeasuredStore store) {
    long count = 0;
    for (long i = 0; i < entries; i++) {
      byte @Nullable [] value = store.get(keys.of(i));
      if (value == null || !values.isWhole(value) || StoreValues.number(value) != i) {
        throw new IllegalStateException("an entry is not what was put");
      }
      count++;
    }
    return count;
  }
}
