package dev.varve.bench;

import dev.varve.Varve;
import dev.varve.kv.Counter;
import dev.varve.kv.Cursor;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

/// Increments of counters in each engine, at [Durability#NONE]: of one counter, and of many in
/// random order, by one thread and by two.
///
/// Hypothesis: an increment costs a get and a put, and nothing for their being one.
final class CounterRow implements Row {
  private static final long COUNTERS = 10_000;

  /** What an array looks through one by one. */
  private static final long COUNTERS_IN_ARRAY = 100;

  private static final long INCREMENTS = 2_000_000;
  private static final int PASSES = 3;
  private static final int THREADS = 2;
  private static final String ONE = "increment one";
  private static final String MANY = "increment many";
  private static final String TOGETHER = "increment many, 2 threads";
  private static final double NANOS_MAX = 1e9 / 1e6;

  @Override
  public String name() {
    return "counter";
  }

  @Override
  public String about() {
    return "increments of 1 and of " + COUNTERS + " counters (ARRAY: 100), NONE, 1 and 2 threads";
  }

  @Override
  public List<String> processes() {
    return Arrays.stream(EngineKind.values()).map(EngineRow::subject).toList();
  }

  @Override
  public List<Target> targets() {
    List<Target> targets = new ArrayList<>();
    for (EngineKind engine : EngineKind.values()) {
      if (engine != EngineKind.LSM) {
        for (String metric :
            List.of(
                ONE + Stopwatch.ON_PROCESSOR,
                MANY + Stopwatch.ON_PROCESSOR,
                TOGETHER + Stopwatch.ON_ALL_PROCESSORS)) {
          targets.add(
              Target.of(EngineRow.subject(engine), metric, NANOS_MAX, "at least 1 M a second"));
        }
      }
    }
    return targets;
  }

  @Override
  public void run(String process, Run run) throws Exception {
    EngineKind engine =
        Arrays.stream(EngineKind.values())
            .filter(kind -> EngineRow.subject(kind).equals(process))
            .findFirst()
            .orElseThrow();
    Path directory = run.fresh("store");
    StoreOptions options = StoreOptions.defaults().withDurability(Durability.NONE);
    try (Store store = Varve.open(directory, options)) {
      Keyspace keyspace = store.keyspace("bench", KeyspaceOptions.of(engine));
      long counters = engine == EngineKind.ARRAY ? COUNTERS_IN_ARRAY : run.entries(COUNTERS);
      long done = 0;
      // The first pass warms up.
      for (int pass = 0; pass <= PASSES; pass++) {
        done += pass(run, process, keyspace, counters, pass > 0);
      }
      check(keyspace, done);
    } finally {
      Run.remove(directory);
    }
  }

  private static long pass(
      Run run, String subject, Keyspace keyspace, long counters, boolean recorded)
      throws InterruptedException {
    long count = run.count(INCREMENTS);
    Stopwatch one = new Stopwatch();
    increment(keyspace, new Keys(run.seed(), 0), 1, count);
    if (recorded) {
      one.stop(run, subject, ONE, count);
    }
    Stopwatch many = new Stopwatch();
    increment(keyspace, new Keys(run.seed(), 1), counters, count);
    if (recorded) {
      many.stop(run, subject, MANY, count);
    }
    Stopwatch together = new Stopwatch();
    together(run, keyspace, counters, count);
    if (recorded) {
      together.stopAll(run, subject, TOGETHER, THREADS * count);
    }
    return (2 + THREADS) * count;
  }

  private static void increment(Keyspace keyspace, Keys keys, long counters, long count) {
    for (long i = 0; i < count; i++) {
      long _ = keyspace.increment(keys.of(keys.next(counters)), 1);
    }
  }

  private static void together(Run run, Keyspace keyspace, long counters, long count)
      throws InterruptedException {
    AtomicReference<Throwable> failure = new AtomicReference<>();
    List<Thread> threads = new ArrayList<>();
    for (int t = 0; t < THREADS; t++) {
      Keys keys = new Keys(run.seed(), 1000L + t);
      Thread thread =
          Thread.ofPlatform().unstarted(() -> increment(keyspace, keys, counters, count));
      thread.setUncaughtExceptionHandler((_, e) -> failure.compareAndSet(null, e));
      threads.add(thread);
    }
    threads.forEach(Thread::start);
    for (Thread thread : threads) {
      thread.join();
    }
    if (failure.get() != null) {
      throw new IllegalStateException("a thread failed", failure.get());
    }
  }

  private static void check(Keyspace keyspace, long expected) {
    long sum = 0;
    try (Cursor cursor = keyspace.cursor()) {
      for (boolean valid = cursor.seekToFirst(); valid; valid = cursor.next()) {
        sum += Counter.decode(cursor.value());
      }
    }
    if (sum != expected) {
      throw new IllegalStateException("of " + expected + " increments " + sum + " were counted");
    }
  }
}
