package dev.varve.bench;

import dev.varve.bench.Product.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// Kills a process (SIGKILL) in the middle of its puts, and has another one look what is there.
public final class KillTrial {
  private static final long WAIT_SECONDS_MAX = 60;
  private static final long LOOK_MILLIS = 5;

  /** How many entries a store that is killed has at most. */
  private static final long ENTRIES_MAX = 2_000_000;

  private KillTrial() {}

  /// What a kill took away.
  ///
  /// @param acknowledged how many puts had returned
  /// @param lost how many of them were not there afterwards; all when the store did not open
  /// @param failure why it did not open, or an empty text
  public record Killed(long acknowledged, long lost, String failure) {}

  /// What a store that is killed is made with, not synced.
  public static Settings settings(long memoryBytes) {
    return Settings.of(ENTRIES_MAX, memoryBytes, true);
  }

  /// Kills a store, in JVMs with a small heap.
  ///
  /// @param directory for the store and for what the processes tell
  /// @param acknowledged how many puts have returned at least when it is killed
  /// @throws IOException when a process does something else
  public static Killed run(Product product, Settings settings, Path directory, long acknowledged)
      throws IOException, InterruptedException {
    List<String> flags = new ArrayList<>(List.of("-Xmx1g"));
    flags.addAll(product.jvmFlags());
    return run(product, settings, flags, directory, acknowledged);
  }

  /// Kills a store.
  ///
  /// @param flags of the JVMs
  static Killed run(
      Product product, Settings settings, List<String> flags, Path directory, long acknowledged)
      throws IOException, InterruptedException {
    Path _ = Files.createDirectories(directory);
    Path told = directory.resolve("acknowledged");
    Path store = directory.resolve("store");
    StoreProcess processes = new StoreProcess(product, settings, flags, 0);
    Process process = processes.put(store, told);
    try {
      long begun = System.nanoTime();
      while (StoreProcess.acknowledged(told) < acknowledged) {
        if (!process.isAlive()) {
          throw new IOException(product.name() + ": its process ended with " + process.waitFor());
        }
        if (System.nanoTime() - begun > TimeUnit.SECONDS.toNanos(WAIT_SECONDS_MAX)) {
          throw new IOException(product.name() + " put too little to be killed");
        }
        Thread.sleep(LOOK_MILLIS);
      }
    } finally {
      Process _ = process.destroyForcibly();
    }
    int _ = process.waitFor();
    long puts = StoreProcess.acknowledged(told);
    StoreProcess.Found found = processes.look(store, directory.resolve("found"), puts);
    return new Killed(puts, puts - found.entries(), found.failure());
  }
}
