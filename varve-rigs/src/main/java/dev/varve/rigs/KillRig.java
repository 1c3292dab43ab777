package dev.varve.rigs;

import dev.varve.Varve;
import dev.varve.kv.Counter;
import dev.varve.kv.Cursor;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.Keyspace;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.Store;
import dev.varve.kv.VarveException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Kills, with SIGKILL and at a random moment, a process that writes to a store on a real
/// directory, and opens what it left: at every level each acknowledged commit must be there, whole,
/// no number of a counter may have been answered twice or be missing, and the next process goes on
/// with the same store under other options.
///
/// @threads one at a time
final class KillRig {
  private static final List<EngineKind> ENGINES = List.of(EngineKind.values());
  private static final int THREADS = 3;
  private static final int KILL_MILLIS_MAX = 300;
  private static final int START_SECONDS_MAX = 60;

  private final Path directory;
  private final long seed;
  private final KillWriter.Bug bug;
  private final Findings findings;

  /** What the counter that all threads increment was last found to be, by store. */
  private final Map<Path, Long> counted = new HashMap<>();

  /// @param directory where the stores go, one for each engine
  KillRig(Path directory, long seed, KillWriter.Bug bug, Findings findings) {
    this.directory = directory;
    this.seed = seed;
    this.bug = bug;
    this.findings = findings;
  }

  /// Kills `rounds` processes.
  ///
  /// @throws IOException when a process cannot be started or read
  void run(int rounds) throws IOException {
    for (int round = 0; round < rounds && findings.violationCount() == 0; round++) {
      SplittableRandom random = new SplittableRandom(seed * 1_000_003 + round);
      EngineKind engine = ENGINES.get(round % ENGINES.size());
      List<String> options = options(random, engine);
      Path store = directory.resolve(engine.name().toLowerCase(Locale.ROOT));
      try {
        KillAnswers acknowledged = killed(store, options, 20 + random.nextInt(KILL_MILLIS_MAX));
        findings.count("kills", 1);
        acknowledged.commits().values().forEach(n -> findings.count("commits known", n));
        check(store, acknowledged);
      } catch (PromiseBroken | VarveException e) {
        findings.violation(
            new Violation(
                "kill",
                "--seed " + seed + " --rounds " + (round + 1),
                "in round " + round + " with " + options + " in " + store + ": " + e.getMessage(),
                e instanceof PromiseBroken ? null : e));
      }
    }
  }

  private static List<String> options(SplittableRandom random, EngineKind engine) {
    Durability[] levels = Durability.values();
    return List.of(
        "default-engine=" + engine.name().toLowerCase(Locale.ROOT),
        "durability=" + levels[random.nextInt(levels.length)].name().toLowerCase(Locale.ROOT),
        "lanes=" + (1 + random.nextInt(3)),
        "segment=" + (8 << random.nextInt(8)) + "KiB",
        "checkpoint-after=" + (16 << random.nextInt(6)) + "KiB",
        "memory=64MiB");
  }

  /** Starts a writer, kills it, and answers what it acknowledged. */
  private KillAnswers killed(Path store, List<String> options, int millis) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                KillWriter.class.getName(),
                store.toString(),
                Long.toString(seed),
                Integer.toString(THREADS),
                bug.name()));
    command.addAll(options);
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    Thread killer = Thread.ofPlatform().daemon().unstarted(() -> kill(process, millis));
    Thread late = Thread.ofPlatform().daemon().start(() -> kill(process, START_SECONDS_MAX * 1000));
    KillAnswers acknowledged = new KillAnswers();
    try (BufferedReader lines = process.inputReader(StandardCharsets.US_ASCII)) {
      @Nullable String line = lines.readLine();
      killer.start();
      for (String next = lines.readLine(); next != null && line != null; next = lines.readLine()) {
        // What follows the last line end was cut off by the kill.
        acknowledged.add(line);
        line = next;
      }
    } finally {
      late.interrupt();
      var _ = process.destroyForcibly();
    }
    if (acknowledged.isEmpty()) {
      throw new PromiseBroken("the writer acknowledged nothing");
    }
    return acknowledged;
  }

  private static void kill(Process process, int millis) {
    try {
      if (!process.waitFor(millis, TimeUnit.MILLISECONDS)) {
        // Not the process's own method: that one closes its output, with what is still in there.
        boolean _ = process.toHandle().destroyForcibly();
      }
    } catch (InterruptedException e) {
      // The process is gone already.
      Thread.currentThread().interrupt();
    }
  }

  private void check(Path path, KillAnswers acknowledged) {
    try (Store store = Varve.open(path)) {
      Keyspace a = store.keyspace("a");
      Keyspace b = store.keyspace("b");
      TreeMap<String, byte[]> expectedA = new TreeMap<>();
      TreeMap<String, byte[]> expectedB = new TreeMap<>();
      for (int thread = 0; thread < THREADS; thread++) {
        KillWriter.Source source = new KillWriter.Source(seed, thread, KillWriter.Bug.NONE);
        byte[] counter = a.get(source.counterKey());
        long last = counter == null ? 0 : ByteBuffer.wrap(counter).getLong();
        long least = acknowledged.commits().getOrDefault(thread, 0L);
        require(
            last >= least,
            "thread " + thread + ": commit " + least + " was acknowledged, the store has " + last);
        if (counter != null) {
          expectedA.put(text(source.counterKey()), counter);
        }
        expect(source, last, expectedA, expectedB);
      }
      long shared = a.counter(KillWriter.sharedKey()).get();
      if (shared > 0) {
        expectedA.put(text(KillWriter.sharedKey()), Counter.encode(shared));
      }
      checkCounter(path, acknowledged, shared);
      compare("a", a, expectedA);
      compare("b", b, expectedB);
      var report = store.verify(true, ProgressListener.NONE);
      require(report.isSound(), "verification found: " + report.problems());
      findings.count("entries compared", expectedA.size() + expectedB.size());
    }
  }

  /** Each number of the counter is answered once, and what was answered is there, not more. */
  private void checkCounter(Path path, KillAnswers answered, long found) {
    long before = counted.getOrDefault(path, 0L);
    long last = Math.max(before, answered.numberMax());
    require(
        !answered.isAnyTwice(),
        "two increments of the counter of all were answered the same number");
    require(
        found >= last, "the counter of all: " + last + " was acknowledged, the store has " + found);
    // Of each thread one number may have been made and not printed, and one line may be cut off.
    boolean known = counted.containsKey(path) || answered.increments() > 0;
    require(
        !known || found <= last + THREADS + 1,
        "the counter of all: " + last + " was acknowledged last, the store has " + found);
    counted.put(path, found);
    findings.count("increments known", answered.increments());
  }

  /** What commits 1 to `last` of a thread lead to: for each key only the last one counts. */
  private static void expect(
      KillWriter.Source source,
      long last,
      Map<String, byte[]> expectedA,
      Map<String, byte[]> expectedB) {
    boolean[] seen = new boolean[KillWriter.KEYS];
    int left = seen.length;
    for (long n = last; n > 0 && left > 0; n--) {
      int key = source.random(n).nextInt(KillWriter.KEYS);
      if (!seen[key]) {
        seen[key] = true;
        left--;
        expectedA.put(text(source.key(key)), source.value(n));
        if (!source.deletes(n)) {
          expectedB.put(text(source.key(key)), source.value(n));
        }
      }
    }
  }

  private static void compare(String name, Keyspace keyspace, Map<String, byte[]> expected) {
    int count = 0;
    try (Cursor cursor = keyspace.cursor()) {
      for (boolean valid = cursor.seekToFirst(); valid; valid = cursor.next()) {
        byte[] wanted = expected.get(text(cursor.key()));
        require(
            Arrays.equals(wanted, cursor.value()),
            "keyspace " + name + ", '" + text(cursor.key()) + "': another value than expected");
        count++;
      }
    }
    require(
        count == expected.size(),
        "keyspace " + name + ": expected " + expected.size() + " entries, found " + count);
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.US_ASCII);
  }

  private static void require(boolean holds, String what) {
    if (!holds) {
      throw new PromiseBroken(what);
    }
  }
}
