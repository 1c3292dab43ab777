package dev.varve.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// Says what figures were measured on: nobody can read them without it.
final class Machine {
  private static final String UNKNOWN = "unknown";

  private Machine() {}

  /// Names and values, in the order in which they are printed.
  ///
  /// @param work the directory whose device was written
  static Map<String, String> describe(Path work) throws IOException {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put(
        "processor",
        processor() + ", " + Runtime.getRuntime().availableProcessors() + " available");
    facts.put("load", load());
    facts.put("system", System.getProperty("os.name") + " " + System.getProperty("os.version"));
    facts.put("file system", Files.getFileStore(work).type());
    facts.put(
        "java", System.getProperty("java.vm.vendor") + " " + System.getProperty("java.vm.version"));
    facts.put("commit", commit());
    return facts;
  }

  private static String processor() {
    return lineAfter(Path.of("/proc/cpuinfo"), "model name");
  }

  /// How many threads wanted a processor in the last minute, on average.
  static String load() {
    try {
      return Files.readString(Path.of("/proc/loadavg")).split(" ", 2)[0];
    } catch (IOException e) {
      return UNKNOWN;
    }
  }

  private static String lineAfter(Path file, String name) {
    try {
      for (String line : Files.readAllLines(file)) {
        if (line.startsWith(name)) {
          return line.substring(line.indexOf(':') + 1).strip();
        }
      }
    } catch (IOException e) {
      return System.getProperty("os.arch");
    }
    return UNKNOWN;
  }

  private static String commit() {
    try {
      Process git =
          new ProcessBuilder("git", "describe", "--always", "--dirty", "--abbrev=12")
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      String text = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      return git.waitFor(5, TimeUnit.SECONDS) && git.exitValue() == 0 ? text : UNKNOWN;
    } catch (IOException e) {
      return UNKNOWN;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return UNKNOWN;
    }
  }
}
