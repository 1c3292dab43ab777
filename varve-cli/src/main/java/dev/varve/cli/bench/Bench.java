package dev.varve.cli.bench;

import dev.varve.Varve;
import dev.varve.cli.console.Console;
import dev.varve.cli.console.JsonLine;
import dev.varve.cli.console.TemporaryDirectory;
import dev.varve.cli.text.Amounts;
import dev.varve.kv.Cursor;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.KeyRange;
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
  private static final int SCAN_ENTRIES = 100;
  private static final int BATCH_PUTS = 100;
  private static final int FILL_BATCH = 1000;

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
    try (TemporaryDirectory directory = TemporaryDirectory.make("varve-bench")) {
      StoreOptions options = StoreOptions.defaults().withDurability(settings.durability());
      try (Store store = Varve.open(directory.path(), options)) {
        Keyspace keyspace = store.keyspace("bench", KeyspaceOptions.of(settings.engine()));
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
        measure(store, keyspace, workloads);
      }
    }
  }

  private void measure(Store store, Keyspace keyspace, List<Workload> workloads) {
    int written = settings.entries();
    if (workloads.contains(Workload.PUT)) {
      Result result = time((worker, index) -> keyspace.put(worker.key(index), worker.value()));
      show(Workload.PUT, result);
      if (result.latencies().count() < written) {
        console.note("the put ended early; the rest is written before the next workload");
      }
    }
    fill(store, keyspace);
    for (Workload workload : workloads) {
      switch (workload) {
        case PUT -> {}
        case GET -> show(workload, time((worker, _) -> keyspace.get(worker.randomKey())));
        case MISSING -> show(workload, time((worker, _) -> keyspace.get(worker.missingKey())));
        case SCAN -> scan(keyspace);
        case BATCH ->
            show(
                workload,
                time(
                    (worker, _) -> {
                      WriteBatch batch = worker.batch.clear();
                      for (int i = 0; i < BATCH_PUTS; i++) {
                        batch.put(keyspace, worker.randomKey(), worker.value());
                      }
                      store.write(batch);
                    }));
      }
    }
  }

  private void scan(Keyspace keyspace) {
    if (!keyspace.options().engine().isOrdered()) {
      console.note("scan: the engine keeps no order");
      return;
    }
    show(
        Workload.SCAN,
        time(
            (worker, _) -> {
              try (Cursor cursor = keyspace.cursor(KeyRange.all())) {
                boolean valid = cursor.seek(worker.randomKey());
                for (int i = 0; valid && i < SCAN_ENTRIES; i++) {
                  worker.seen += cursor.value().length;
                  valid = cursor.next();
                }
              }
            }));
  }

  private void fill(Store store, Keyspace keyspace) {
    if (keyspace.count() == settings.entries()) {
      return;
    }
    Worker worker = new Worker(settings, 0);
    WriteBatch batch = new WriteBatch();
    for (int i = 0; i < settings.entries(); i++) {
      batch.put(keyspace, worker.key(i), worker.value());
      if (batch.size() == FILL_BATCH || i == settings.entries() - 1) {
        console.interruption().check();
        store.write(batch, Durability.NONE);
        batch.clear();
      }
    }
  }

  /** Runs an operation as often as there are entries, shared among the threads. */
  private Result time(Worker.Step operation) {
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
              .start(() -> worker.run(operation, end, console.interruption()::isAsked)));
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

  private void show(Workload workload, Result result) {
    Latencies latencies = result.latencies();
    if (console.isJson()) {
      console.json(
          new JsonLine()
              .put("workload", workload.text())
              .put("engine", settings.engine().name().toLowerCase(Locale.ROOT))
              .put("durability", settings.durability().name().toLowerCase(Locale.ROOT))
              .put("entries", settings.entries())
              .put("threads", settings.threads())
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
    return String.format(Locale.ROOT, "%-9s", first)
        + String.format(Locale.ROOT, "%12s%12s%10s%10s%10s%10s", others);
  }
}
