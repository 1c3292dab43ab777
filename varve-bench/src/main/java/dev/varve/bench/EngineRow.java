package dev.varve.bench;

import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// An engine in memory through the public API, at [Durability#NONE], beside maps of the JDK.
///
/// Hypothesis: what an engine spends beyond a map is the copy into the log and the checksum.
final class EngineRow implements Row {
  private static final int VALUE_BYTES = 100;
  private static final int BATCH = 1000;
  private static final int PASSES = 2;

  /** Fewer operations than these are not worth timing. */
  private static final long OPERATIONS_MIN = 100_000;

  private final String name;
  private final EngineKind engine;
  private final long usualEntries;
  private final List<String> maps;
  private final List<Target> targets;

  EngineRow(
      String name, EngineKind engine, long usualEntries, List<String> maps, List<Target> targets) {
    this.name = name;
    this.engine = engine;
    this.usualEntries = usualEntries;
    this.maps = maps;
    this.targets = targets;
  }

  /// What the engine is called among the subjects.
  static String subject(EngineKind engine) {
    return "varve " + engine;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public String about() {
    return engine + ", " + usualEntries + " entries of 16 + 100 B, NONE, through the public API";
  }

  @Override
  public List<String> processes() {
    List<String> processes = new ArrayList<>();
    processes.add(subject(engine));
    processes.addAll(maps);
    return processes;
  }

  @Override
  public Optional<String> yardstick() {
    return Optional.of(maps.getFirst());
  }

  @Override
  public List<Target> targets() {
    return targets;
  }

  @Override
  public void run(String process, Run run) throws Exception {
    long entries = run.entries(usualEntries);
    Measurement warmUp = new Measurement(run, process, Math.max(1, entries / 4), false);
    try (Subject subject = make(process, run)) {
      warmUp.all(subject);
    }
    for (int pass = 0; pass < PASSES; pass++) {
      Measurement measurement = new Measurement(run, process, entries, true);
      long before = Meter.heapBytes();
      try (Subject subject = make(process, run)) {
        measurement.put(subject);
        double each = (double) (Meter.heapBytes() - before) / entries;
        run.record(process, "heap above payload", Unit.BYTES, each - Keys.BYTES - VALUE_BYTES);
        measurement.others(subject);
      }
    }
  }

  private Subject make(String process, Run run) throws Exception {
    return process.equals(subject(engine))
        ? new VarveSubject(run.fresh("store"), engine, Durability.NONE)
        : MapSubject.of(process);
  }

  /** The operations, each timed. */
  private static final class Measurement {
    private final Run run;
    private final String subject;
    private final long entries;
    private final long operations;
    private final boolean recorded;
    private final Keys keys;
    private final byte[] value = new byte[VALUE_BYTES];
    private long seen;

    Measurement(Run run, String subject, long entries, boolean recorded) {
      this.run = run;
      this.subject = subject;
      this.entries = entries;
      this.operations = Math.max(entries, Math.min(OPERATIONS_MIN, run.count(OPERATIONS_MIN)));
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

    void all(Subject s) throws Exception {
      put(s);
      others(s);
    }

    void put(Subject s) throws Exception {
      // Of few entries one fill is too short to be timed.
      long fills = Math.max(1, operations / entries);
      time(
          "put",
          fills * entries,
          () -> {
            fill(s);
            for (long fill = 1; fill < fills; fill++) {
              s.clear();
              fill(s);
            }
          });
    }

    private void fill(Subject s) {
      for (long i = 0; i < entries; i++) {
        s.put(keys.of(i), value);
      }
    }

    void others(Subject s) throws Exception {
      time("overwrite", operations, () -> overwrite(s));
      time("get hit", operations, () -> get(s, 0));
      time("get miss", operations, () -> get(s, entries));
      time("half get half put", operations, () -> half(s, keys, operations));
      long scans = Math.max(1, operations / entries);
      time(
          "scan",
          scans * entries,
          () -> {
            for (long i = 0; i < scans; i++) {
              seen += s.scan();
            }
          });
      time("batch of 1000", operations / BATCH * BATCH + BATCH, () -> batches(s));
      if (s.isThreadSafe()) {
        long begin = System.nanoTime();
        twoThreads(s);
        double nanos = System.nanoTime() - begin;
        if (recorded) {
          run.record(subject, "half and half, 2 threads", Unit.NANOS, nanos / (2 * operations));
        }
      }
      if (seen == 0) {
        throw new IllegalStateException("nothing was read");
      }
    }

    private void overwrite(Subject s) {
      for (long i = 0; i < operations; i++) {
        s.put(keys.of(keys.next(entries)), value);
      }
    }

    private void get(Subject s, long above) {
      for (long i = 0; i < operations; i++) {
        byte @Nullable [] found = s.get(keys.of(above + keys.next(entries)));
        if ((found == null) != (above > 0)) {
          throw new IllegalStateException("a get answered what was not put");
        }
        seen += found == null ? 0 : found[0] + 1;
      }
    }

    private void half(Subject s, Keys order, long count) {
      long found = 0;
      for (long i = 0; i < count; i++) {
        byte[] key = order.of(order.next(entries));
        if ((i & 1) == 0) {
          s.put(key, value);
        } else {
          found += s.get(key) == null ? 0 : 1;
        }
      }
      if (found != count / 2) {
        throw new IllegalStateException("a get did not find what was put");
      }
    }

    private void batches(Subject s) {
      byte[][] batch = new byte[BATCH][];
      for (long i = 0; i <= operations / BATCH; i++) {
        for (int j = 0; j < BATCH; j++) {
          batch[j] = keys.of(keys.next(entries)).clone();
        }
        s.putAll(batch, value);
      }
    }

    private void twoThreads(Subject s) throws InterruptedException {
      Threads.run(2, thread -> half(s, new Keys(run.seed(), 1000L + thread), operations));
    }
  }
}
