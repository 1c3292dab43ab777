package dev.varve.bench;

import dev.varve.kv.ByteSize;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.StoreOptions;
import java.util.List;
import java.util.zip.CRC32C;
import org.HdrHistogram.Histogram;

/// How long each put takes while HASH grows to ten million entries, and how much of the worst was
/// the put's own work.
///
/// A put is interrupted by collections, by other processes, by waiting for the device. To tell
/// these from work the loop reads, every few puts, the time that the thread spent on a processor:
/// what the puts between two such readings took beyond it they spent waiting, and of the slowest of
/// them that much is taken off. The control does as many checksums in the stead of puts.
///
/// Hypothesis: a put grows the table by a page at most.
final class HashGrowthRow implements Row {
  private static final String PUT = EngineRow.subject(EngineKind.HASH);
  private static final String CONTROL = "control, no store";
  private static final long ENTRIES = 10_000_000;
  private static final int VALUE_BYTES = 16;
  private static final int STRETCH = 256;

  /** Puts into another store first: classes are loaded and code is compiled once. */
  private static final long WARM_UP = 500_000;

  private static final int CONTROL_BYTES = 4096;
  private static final long SLOW_NANOS = 1_000_000;

  @Override
  public String name() {
    return "hash-10m";
  }

  @Override
  public String about() {
    return "puts into HASH up to 10 M entries of 16 + 16 B, NONE";
  }

  @Override
  public List<String> processes() {
    return List.of(PUT, CONTROL);
  }

  @Override
  public List<String> jvmFlags() {
    return List.of("-Xmx4g");
  }

  @Override
  public List<Target> targets() {
    return List.of(
        Target.of(PUT, "puts of more than 1 ms on a processor", 0, "none"),
        Target.of(PUT, "put on a processor, at most", 1000, "at most 1 ms"));
  }

  @Override
  public void run(String process, Run run) throws Exception {
    long entries = run.entries(ENTRIES);
    Latencies latencies = new Latencies();
    try (Meter.Collections collections = new Meter.Collections()) {
      if (process.equals(PUT)) {
        StoreOptions options =
            StoreOptions.defaults()
                .withDurability(Durability.NONE)
                .withMemory(ByteSize.ofMebibytes(3 << 10));
        try (VarveSubject warmUp =
            new VarveSubject(run.fresh("warm-up"), EngineKind.HASH, options)) {
          put(warmUp, run.count(WARM_UP), new Latencies(), run);
        }
        try (VarveSubject subject =
            new VarveSubject(run.fresh("store"), EngineKind.HASH, options)) {
          put(subject, entries, latencies, run);
          run.record(
              PUT,
              "waits for a segment of the log",
              Unit.COUNT,
              subject.store().stats().log().segmentWaits());
        }
      } else {
        control(entries, latencies);
      }
      latencies.record(run, process);
      run.record(process, "collections", Unit.COUNT, collections.count());
      run.record(process, "longest collection", Unit.MICROS, collections.millisMax() * 1e3);
    }
  }

  private static void put(VarveSubject subject, long entries, Latencies latencies, Run run) {
    Keys keys = new Keys(run.seed(), 0);
    byte[] value = new byte[VALUE_BYTES];
    latencies.begin();
    for (long i = 0; i < entries; i++) {
      byte[] key = keys.of(i);
      long before = System.nanoTime();
      subject.put(key, value);
      latencies.add(System.nanoTime() - before);
    }
    latencies.end();
  }

  private static void control(long entries, Latencies latencies) {
    byte[] bytes = new byte[CONTROL_BYTES];
    CRC32C crc = new CRC32C();
    latencies.begin();
    for (long i = 0; i < entries; i++) {
      long before = System.nanoTime();
      crc.update(bytes, 0, bytes.length);
      latencies.add(System.nanoTime() - before);
    }
    latencies.end();
    if (crc.getValue() == 0) {
      throw new IllegalStateException("nothing was summed");
    }
  }

  /** Latencies as they were, and what of the slowest was work. */
  private static final class Latencies {
    private final Histogram nanos = new Histogram(3);
    private int count;
    private long slowest;
    private long stretchBegin;
    private long stretchCpu;
    private long workMax;
    private long slow;
    private long slowWork;

    void begin() {
      stretchBegin = System.nanoTime();
      stretchCpu = Meter.cpuNanos();
    }

    void add(long latency) {
      nanos.recordValue(latency);
      slowest = Math.max(slowest, latency);
      if (latency > SLOW_NANOS) {
        slow++;
      }
      if (++count == STRETCH) {
        end();
      }
    }

    void end() {
      long now = System.nanoTime();
      long cpu = Meter.cpuNanos();
      long waited = Math.max(0, now - stretchBegin - (cpu - stretchCpu));
      long work = slowest - Math.min(slowest, waited);
      workMax = Math.max(workMax, work);
      if (work > SLOW_NANOS) {
        slowWork++;
      }
      count = 0;
      slowest = 0;
      stretchBegin = now;
      stretchCpu = cpu;
    }

    void record(Run run, String subject) {
      run.record(subject, "put", nanos);
      run.record(subject, "puts of more than 1 ms", Unit.COUNT, slow);
      run.record(subject, "puts of more than 1 ms on a processor", Unit.COUNT, slowWork);
      run.record(subject, "put on a processor, at most", Unit.MICROS, workMax / 1e3);
    }
  }
}
