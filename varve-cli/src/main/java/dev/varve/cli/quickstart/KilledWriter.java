package dev.varve.cli.quickstart;

import dev.varve.cli.console.Interruption;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// Starts a process that writes durably, listens to what it says was acknowledged, and kills it
/// amid its writes with SIGKILL.
///
/// @param processId the killed process
/// @param acknowledged how many writes of each thread were acknowledged
/// @param exitCode what the process ended with
/// @param complaints what else it said
record KilledWriter(
    long processId, List<Long> acknowledged, int exitCode, List<String> complaints) {
  private static final String MAIN = "dev.varve.cli/dev.varve.cli.Main";
  private static final long WRITES_WANTED = 3000;
  private static final long PATIENCE_NANOS = 4_000_000_000L;

  /** How many writes were acknowledged by all threads. */
  long total() {
    return acknowledged.stream().mapToLong(Long::longValue).sum();
  }

  /** Runs the writer on a store, which must be closed, and kills it. */
  static KilledWriter run(Path directory, String command, Interruption interruption)
      throws IOException {
    List<String> line = new ArrayList<>(java());
    line.addAll(List.of("-q", "-d", directory.toString(), command));
    Process process = new ProcessBuilder(line).redirectErrorStream(true).start();
    List<Long> acknowledged = new ArrayList<>(DurableWriter.THREADS.stream().map(_ -> 0L).toList());
    List<String> complaints = new ArrayList<>();
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      long first = 0;
      long seen = 0;
      boolean killed = false;
      for (String said = lines.readLine(); said != null; said = lines.readLine()) {
        if (!said.matches("\\d \\d+")) {
          complaints.add(said);
          continue;
        }
        int thread = said.charAt(0) - '0';
        acknowledged.set(thread, Long.parseLong(said.substring(2)));
        first = first == 0 ? System.nanoTime() : first;
        boolean enough = ++seen >= WRITES_WANTED || System.nanoTime() - first > PATIENCE_NANOS;
        if (!killed && (enough || interruption.isAsked())) {
          // What it said before it died is still read: that much it had acknowledged. Killing it
          // through the Process would close the stream.
          process.toHandle().destroyForcibly();
          killed = true;
        }
      }
      process.waitFor(10, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      process.destroyForcibly();
    }
    return new KilledWriter(process.pid(), acknowledged, exitCode(process), complaints);
  }

  private static int exitCode(Process process) {
    return process.isAlive() ? -1 : process.exitValue();
  }

  /** The same Java, with the same classes as this process. */
  private static List<String> java() {
    List<String> line = new ArrayList<>();
    line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    line.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto"));
    String modules = System.getProperty("jdk.module.path");
    if (modules != null && KilledWriter.class.getModule().isNamed()) {
      line.addAll(List.of("--module-path", modules, "--module", MAIN));
    } else {
      line.addAll(List.of("-cp", System.getProperty("java.class.path", "")));
      line.add(MAIN.substring(MAIN.indexOf('/') + 1));
    }
    return line;
  }
}
