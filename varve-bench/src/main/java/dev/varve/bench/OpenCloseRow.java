package dev.varve.bench;

import dev.varve.Varve;
import dev.varve.kv.EngineKind;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// A store opened and closed again and again, and keyspaces made and dropped: what is left behind.
///
/// Hypothesis: nothing is.
final class OpenCloseRow implements Row {
  private static final String STORES = "store";
  private static final String KEYSPACES = "keyspace";
  private static final int CYCLES = 1000;
  private static final int ENTRIES = 100;

  /** Cycles that go by before the first look: classes are loaded, code is compiled. */
  private static final int CYCLES_UNCOUNTED = 50;

  @Override
  public String name() {
    return "open-close";
  }

  @Override
  public String about() {
    return "1,000 times open, put, close; 1,000 times make, fill and drop a keyspace";
  }

  @Override
  public List<String> processes() {
    return List.of(STORES, KEYSPACES);
  }

  @Override
  public List<String> jvmFlags() {
    return List.of("-Xmx512m");
  }

  @Override
  public List<Target> targets() {
    return Stream.concat(
            Stream.of(Target.of(STORES, "files in the directory", 64, "at most 64")),
            Stream.of(STORES, KEYSPACES)
                .flatMap(
                    subject ->
                        Stream.of(
                            Target.of(subject, "threads left", 0, "none"),
                            Target.of(subject, "open files left", 0, "none"),
                            Target.of(subject, "heap left by a cycle", 100, "at most 100 B"))))
        .toList();
  }

  /** What a process holds. */
  private record Held(int threads, long files, long heapBytes) {
    static Held now() throws IOException {
      return new Held(Meter.threads(), openFiles(), Meter.heapBytes());
    }

    private static long openFiles() throws IOException {
      Path descriptors = Path.of("/proc/self/fd");
      if (!Files.isDirectory(descriptors)) {
        return 0;
      }
      try (Stream<Path> all = Files.list(descriptors)) {
        return all.count();
      }
    }
  }

  @Override
  public void run(String process, Run run) throws Exception {
    long cycles = run.count(CYCLES);
    Path directory = run.fresh("store");
    try {
      if (process.equals(STORES)) {
        stores(run, directory, cycles);
      } else {
        keyspaces(run, directory, cycles);
      }
    } finally {
      Run.remove(directory);
    }
  }

  private static void stores(Run run, Path directory, long cycles) throws IOException {
    for (int i = 0; i < Math.min(cycles, CYCLES_UNCOUNTED); i++) {
      cycle(directory, i);
    }
    Held before = Held.now();
    long begin = System.nanoTime();
    for (long i = 0; i < cycles; i++) {
      cycle(directory, i);
    }
    long nanos = System.nanoTime() - begin;
    record(run, STORES, before, cycles, nanos);
    try (Stream<Path> files = Files.list(directory)) {
      run.record(STORES, "files in the directory", Unit.COUNT, files.count());
    }
  }

  private static void cycle(Path directory, long number) {
    try (Store store = Varve.open(directory, StoreOptions.defaults())) {
      Keyspace keyspace = store.keyspace("bench");
      keyspace.put(new byte[] {(byte) number}, new byte[ENTRIES]);
    }
  }

  private static void keyspaces(Run run, Path directory, long cycles) throws IOException {
    try (Store store = Varve.open(directory, StoreOptions.parse("durability=none"))) {
      for (int i = 0; i < Math.min(cycles, CYCLES_UNCOUNTED); i++) {
        makeAndDrop(store, i);
      }
      Held before = Held.now();
      long memory = store.stats().memoryBytes();
      long begin = System.nanoTime();
      for (long i = 0; i < cycles; i++) {
        makeAndDrop(store, i);
      }
      long nanos = System.nanoTime() - begin;
      record(run, KEYSPACES, before, cycles, nanos);
      run.record(
          KEYSPACES,
          "store's memory left by a cycle",
          Unit.BYTES,
          (double) (store.stats().memoryBytes() - memory) / cycles);
    }
  }

  private static void makeAndDrop(Store store, long number) {
    EngineKind[] engines = EngineKind.values();
    String name = "keyspace " + number;
    Keyspace keyspace =
        store.keyspace(name, KeyspaceOptions.of(engines[(int) (number % engines.length)]));
    for (int i = 0; i < ENTRIES; i++) {
      keyspace.put(new byte[] {(byte) i}, new byte[ENTRIES]);
    }
    store.dropKeyspace(name);
  }

  private static void record(Run run, String subject, Held before, long cycles, long nanos)
      throws IOException {
    Held after = Held.now();
    run.record(subject, "cycle", Unit.MICROS, nanos / 1e3 / cycles);
    run.record(subject, "threads left", Unit.COUNT, Math.max(0, after.threads - before.threads));
    run.record(subject, "open files left", Unit.COUNT, Math.max(0, after.files - before.files));
    run.record(
        subject,
        "heap left by a cycle",
        Unit.BYTES,
        (double) (after.heapBytes - before.heapBytes) / cycles);
  }
}
