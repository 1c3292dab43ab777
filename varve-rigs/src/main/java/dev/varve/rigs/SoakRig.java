package dev.varve.rigs;

import dev.varve.Varve;
import dev.varve.kv.Durability;
import dev.varve.kv.Keyspace;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.Store;
import dev.varve.kv.VarveException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/// Loads a large keyspace of kind LSM while others read it, take snapshots and scan them, and kills
/// the process every few seconds. The next one recovers what the kill left, without a clean close
/// between, and goes on.
///
/// @threads one at a time
final class SoakRig {
  /// How long it goes on, and with what.
  ///
  /// @param entries how many entries are gone over, again and again
  /// @param seconds after how long no process is started any more; at least one round over all
  ///   entries is not promised
  /// @param threads that write
  /// @param killSeconds how long a process lives after its check, at most
  /// @param memory the store's budget, as an option's text
  /// @param memtableKibibytes the size of a memtable
  record Plan(
      long entries,
      long seconds,
      int threads,
      int killSeconds,
      String memory,
      long memtableKibibytes) {}

  private static final int START_SECONDS_MAX = 600;

  private final Path directory;
  private final long seed;
  private final Plan plan;
  private final SoakLoad load;
  private final Findings findings;
  private final long[] acknowledged;

  SoakRig(Path directory, long seed, Plan plan, Findings findings) {
    this.directory = directory;
    this.seed = seed;
    this.plan = plan;
    this.load = new SoakLoad(seed, plan.threads(), plan.entries());
    this.findings = findings;
    this.acknowledged = new long[plan.threads()];
  }

  /// Kills processes until the time is over, and checks every entry at last.
  ///
  /// @throws IOException when a process cannot be started or read
  void run() throws IOException {
    long end = System.nanoTime() + Duration.ofSeconds(plan.seconds()).toNanos();
    int round = 0;
    try {
      while (System.nanoTime() < end && findings.violationCount() == 0) {
        killed(round++);
        findings.count("kills", 1);
      }
      if (findings.violationCount() == 0) {
        checkAll();
      }
    } catch (PromiseBroken | VarveException e) {
      violation(round, String.valueOf(e.getMessage()), e);
    }
    for (long batches : acknowledged) {
      findings.count("batches acknowledged", batches);
    }
    findings.count("entries written", Arrays.stream(acknowledged).sum() * SoakLoad.BATCH);
  }

  private void violation(int round, String what, Throwable cause) {
    findings.violation(
        new Violation(
            "soak",
            String.format(
                Locale.ROOT,
                "--seed %d --entries %d --seconds %d --threads %d",
                seed,
                plan.entries(),
                plan.seconds(),
                plan.threads()),
            "in round " + round + " in " + directory + ": " + what,
            cause instanceof PromiseBroken ? null : cause));
  }

  private List<String> options(SplittableRandom random) {
    Durability[] levels = Durability.values();
    return List.of(
        "durability=" + levels[random.nextInt(levels.length)].name().toLowerCase(Locale.ROOT),
        "lanes=" + (1 + random.nextInt(3)),
        "segment=" + (4 << random.nextInt(4)) + "MiB",
        "checkpoint-after=" + (16 << random.nextInt(3)) + "MiB",
        "memory=" + plan.memory());
  }

  private List<String> command(int round, List<String> options) {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx1g",
                "-cp",
                System.getProperty("java.class.path"),
                SoakWriter.class.getName(),
                directory.toString(),
                Long.toString(seed),
                Integer.toString(plan.threads()),
                Long.toString(plan.entries()),
                Long.toString(plan.memtableKibibytes()),
                Integer.toString(round),
                Arrays.stream(acknowledged)
                    .mapToObj(Long::toString)
                    .collect(Collectors.joining(","))));
    command.addAll(options);
    return command;
  }

  private void killed(int round) throws IOException {
    SplittableRandom random = new SplittableRandom(seed * 1_000_003 + round);
    List<String> options = options(random);
    long millis = 500 + random.nextLong(plan.killSeconds() * 1000L);
    Process process =
        new ProcessBuilder(command(round, options))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    Thread late =
        Thread.ofPlatform().daemon().start(() -> kill(process, START_SECONDS_MAX * 1000L));
    boolean ready = false;
    try (BufferedReader lines = process.inputReader(StandardCharsets.US_ASCII)) {
      String line = lines.readLine();
      for (String next = lines.readLine(); next != null; next = lines.readLine()) {
        // What follows the last line end was cut off by the kill.
        if (line.equals("ready")) {
          ready = true;
          Thread _ = Thread.ofPlatform().daemon().start(() -> kill(process, millis));
        } else {
          take(round, options, line);
        }
        line = next;
      }
      if (line != null && line.startsWith("VIOLATION")) {
        take(round, options, line);
      }
    } finally {
      late.interrupt();
      var _ = process.destroyForcibly();
    }
    if (!ready && findings.violationCount() == 0) {
      violation(
          round, "with " + options + " the process did not come to write", new PromiseBroken(""));
    }
  }

  private void take(int round, List<String> options, String line) {
    if (line.startsWith("VIOLATION")) {
      violation(round, "with " + options + ": " + line, new PromiseBroken(line));
      return;
    }
    int space = line.indexOf(' ');
    String what = line.substring(0, space);
    long number = Long.parseLong(line.substring(space + 1));
    switch (what) {
      case "reads" -> findings.count("reads checked", number);
      case "scanned" -> {
        findings.count("scans checked", 1);
        findings.count("entries scanned", number);
      }
      case "opened" -> findings.count("milliseconds of recovery", number);
      default -> {
        int thread = Integer.parseInt(what);
        acknowledged[thread] = Math.max(acknowledged[thread], number);
      }
    }
  }

  private static void kill(Process process, long millis) {
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

  private void checkAll() {
    try (Store store = Varve.openExisting(directory, ProgressListener.NONE)) {
      Keyspace keyspace = store.keyspace("load");
      SoakCheck check = new SoakCheck(load, keyspace);
      check.requireAtLeast(acknowledged);
      findings.count("entries compared at the end", check.all());
      var report = store.verify(false, ProgressListener.NONE);
      if (!report.isSound()) {
        throw new PromiseBroken("verification found: " + report.problems());
      }
      findings.count("bytes on disk", store.stats().diskBytes());
    }
  }
}
