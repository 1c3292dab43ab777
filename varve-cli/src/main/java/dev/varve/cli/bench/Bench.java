package dev.varve.cli.bench;

import dev.varve.Varve;
import dev.varve.cli.console.Console;
import dev.varve.cli.console.JsonLine;
import dev.varve.cli.console.TemporaryDirectory;
import dev.varve.cli.text.Amounts;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import dev.varve.kv.WriteBatch;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CancellationException;

/// Runs workloads on a temporary store and shows their figures. Each operation is timed by itself,
/// which costs some 20 to 50 ns of it.
public final class Bench {
  private static final int SEEK_STEPS = 10;
  private static final int BATCH_PUTS = 1000;

  private final Console console;
  private final Settings settings;
  private boolean headed;

  /// What to run with.
  ///
  /// @param engine the engine
  /// @param durability the level of writes
  /// @param entries how many entries, and operations of each workload
  /// @param valueSize bytes of a value
  /// @param threads how many threads share the work
  /// @param seconds after which a workload ends at the latest
  public record Settings(
      EngineKind engine,
      Durability durability,
      int entries,
      int valueSize,
      int threads,
      int seconds) {}

  /** Figures of one workload. */
  private record Result(Latencies latencies, long nanos) {
    double perSecond() {
      return latencies.count() / (nanos / 1e9);
    }
  }

  /// A bench that writes to a console.
  public Bench(Console console, Settings settings) {
    this.console = console;
    this.settings = settings;
  }

  /// Runs workloads in their order.
  public void run(List<Workload> workloads) throws IOException {
    console.note(
        settings.engine().name().toLowerCase(Locale.ROOT)
            + ", durability "
            + settings.durability().name().toLowerCase(Locale.ROOT)
            + ", "
            + Amounts.count(settings.entries())
            + " entries of 16 + "
            + settings.valueSize()
            + " B, "
            + Amounts.count(settings.threads(), "thread"));
    for (Workload workload : workloads) {
      if (workload.isAlone()) {
        try (TemporaryDirectory directory = TemporaryDirectory.make("varve-bench");
            Store store = open(directory, durability(workload))) {
          alone(workload, store, keyspace(store));
        }
      }
    }
    List<Workload> others = workloads.stream().filter(workload -> !workload.isAlone()).toList();
    if (others.isEmpty()) {
      return;
    }
    try (TemporaryDirectory directory = TemporaryDirectory.make("varve-bench")) {
      try (Store store = open(directory, settings.durability())) {
        measure(store, keyspace(store), others);
      }
      if (others.contains(Workload.REOPEN)) {
        reopen(directory);
      }
    }
  }

  private static Store open(TemporaryDirectory directory, Durability durability) {
    return Varve.open(directory.path(), StoreOptions.defaults().withDurability(durability));
  }

  private Keyspace keyspace(Store store) {
    return store.keyspace("bench", KeyspaceOptions.of(settings.engine()));
  }

  private Durability durability(Workload workload) {
    return workload == Workload.SYNC ? Durability.GROUP : settings.durability();
  }

  private void alone(Workload workload, Store store, Keyspace keyspace) {
    if (workload == Workload.BATCH) {
      int commits = Math.ceilDiv(settings.entries(), BATCH_PUTS);
      show(workload, time(commits, (worker, index) -> batch(store, keyspace, worker, index)));
    } else if (workload == Workload.SEQUENTIAL) {
      show(
          workload,
          time((worker, index) -> keyspace.put(worker.ascendingKey(index), worker.value())));
    } else {
      show(workload, time((worker, index) -> keyspace.put(worker.key(index), worker.value())));
    }
  }

  private void batch(Store store, Keyspace keyspace, Worker worker, long index) {
    WriteBatch batch = worker.batch.clear();
    long end = Math.min(settings.entries(), (index + 1) * BATCH_PUTS);
    for (long i = index * BATCH_PUTS; i < end; i++) {
      batch.put(keyspace, worker.key(i), worker.value());
    }
    store.write(batch);
  }

  private void measure(Store store, Keyspace keyspace, List<Workload> workloads) {
    boolean filled = false;
    if (workloads.contains(Workload.PUT)) {
      Result result = time((worker, index) -> keyspace.put(worker.key(index), worker.value()));
      show(Workload.PUT, result);
      filled = result.latencies().count() == settings.entries();
      if (!filled) {
        console.note("the put ended early; the rest is written before the next workload");
      }
    }
    if (!filled) {
      fill(store, keyspace);
    }
    for (Workload workload : workloads) {
      if (workload.isOrdered() && !settings.engine().isOrdered()) {
        console.note(workload.text() + ": the engine keeps no order");
      } else if (workload == Workload.DISK) {
        disk(store);
      } else if (workload != Workload.PUT && workload != Workload.REOPEN) {
        show(workload, time(operation(workload, keyspace)));
      }
    }
  }

  /** What a workload does again and again with entries that are there. */
  private static Worker.Step operation(Workload workload, Keyspace keyspace) {
    return switch (workload) {
      case GET -> (worker, _) -> keyspace.get(worker.randomKey());
      case MISSING -> (worker, _) -> keyspace.get(worker.missingKey());
      case FORWARD -> (worker, _) -> worker.walk(keyspace, true);
      case BACKWARD -> (worker, _) -> worker.walk(keyspace, false);
      case SEEK -> (worker, _) -> worker.seek(keyspace, SEEK_STEPS);
      case OVERWRITE -> (worker, _) -> keyspace.put(worker.randomKey(), worker.value());
      case HALF ->
          (worker, index) -> {
            if ((index & 1) == 0) {
              keyspace.put(worker.randomKey(), worker.value());
            } else {
              keyspace.get(worker.randomKey());
            }
          };
      case SEQUENTIAL, BATCH, SYNC, PUT, DISK, REOPEN ->
          throw new IllegalArgumentException(workload + " is no operation on what is there");
    };
  }

  private void disk(Store store) {
    store.flush();
    long bytes = store.stats().diskBytes();
    double each = (double) bytes / settings.entries();
    if (console.isJson()) {
      console.json(head(Workload.DISK).put("bytes", bytes).put("bytesPerEntry", each));
    } else {
      console.line(
          String.format(
              Locale.ROOT,
              "%-11s%s, %,.1f B an entry, with the log's segments",
              Workload.DISK.text(),
              Amounts.bytes(bytes),
              each));
    }
    console.flush();
  }

  /** Opens what was closed. */
  private void reopen(TemporaryDirectory directory) {
    Worker worker = new Worker(settings, 0);
    long begun = System.nanoTime();
    try (Store store = open(directory, settings.durability())) {
      byte[] value = keyspace(store).get(worker.key(0));
      long nanos = System.nanoTime() - begun;
      if (value == null) {
        throw new IllegalStateException("an entry is not there after reopening");
      }
      Latencies latencies = new Latencies();
      latencies.add(nanos);
      show(Workload.REOPEN, new Result(latencies, nanos));
    }
  }

  private void fill(Store store, Keyspace keyspace) {
    Worker worker = new Worker(settings, 0);
    WriteBatch batch = new WriteBatch();
    for (int i = 0; i < settings.entries(); i++) {
      batch.put(keyspace, worker.key(i), worker.value());
      if (batch.size() == BATCH_PUTS || i == settings.entries() - 1) {
        console.interruption().check();
        store.write(batch, Durability.NONE);
        batch.clear();
      }
    }
  }

  private Result time(Worker.Step operation) {
    return time(settings.entries(), operation);
  }

  /** Runs an operation so often, shared among the threads. */
  private Result time(long count, Worker.Step operation) {
    long begun = System.nanoTime();
    long end = begun + settings.seconds() * 1_000_000_000L;
    List<Worker> workers = new ArrayList<>();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < settings.threads(); i++) {
      Worker worker = new Worker(settings, i);
      workers.add(worker);
      threads.add(
          Thread.ofPlatform()
              .name("varve-bench-" + i)
              .start(() -> worker.run(operation, count, end, console.interruption()::isAsked)));
    }
    for (Thread thread : threads) {
      join(thread);
    }
    long nanos = System.nanoTime() - begun;
    Latencies all = new Latencies();
    for (Worker worker : workers) {
      if (worker.failure != null) {
        throw worker.failure;
      }
      all.add(worker.latencies);
    }
    console.interruption().check();
    return new Result(all, nanos);
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancellationException("interrupted");
    }
  }

  private JsonLine head(Workload workload) {
    return new JsonLine()
        .put("workload", workload.text())
        .put("engine", settings.engine().name().toLowerCase(Locale.ROOT))
        .put("durability", durability(workload).name().toLowerCase(Locale.ROOT))
        .put("entries", settings.entries())
        .put("threads", settings.threads());
  }

  private void show(Workload workload, Result result) {
    Latencies latencies = result.latencies();
    if (console.isJson()) {
      console.json(
          head(workload)
              .put("operations", latencies.count())
              .put("nanos", result.nanos())
              .put("perSecond", result.perSecond())
              .put("p50Nanos", latencies.percentile(0.5))
              .put("p99Nanos", latencies.percentile(0.99))
              .put("p999Nanos", latencies.percentile(0.999))
              .put("maxNanos", latencies.max()));
    } else {
      if (!headed) {
        headed = true;
        console.line(row("workload", "operations", "a second", "p50", "p99", "p99.9", "max"));
      }
      console.line(
          row(
              workload.text(),
              Amounts.count(latencies.count()),
              Amounts.rate(result.perSecond()),
              Amounts.nanos(latencies.percentile(0.5)),
              Amounts.nanos(latencies.percentile(0.99)),
              Amounts.nanos(latencies.percentile(0.999)),
              Amounts.nanos(latencies.max())));
    }
    console.flush();
  }

  private static String row(String first, Object... others) {
    return String.format(Locale.ROOT, "%-11s", first)
        + String.format(Locale.ROOT, "%12s%12s%10s%10s%10s%10s", others);
  }
}
