package dev.varve.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// What a store's directory takes, and whether anybody is still writing to it: as whoever looks at
/// it from outside sees it, and so the same for every product.
final class DiskUse {
  private static final long LOOK_MILLIS = 50;
  private static final long QUIET_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long WAIT_NANOS_MAX = TimeUnit.MINUTES.toNanos(30);

  private DiskUse() {}

  /// The bytes of the blocks that the device gave to files whose names end with `suffix`.
  ///
  /// @throws IOException when they cannot be counted
  static double allocated(Path directory, String suffix) throws IOException {
    Process du = new ProcessBuilder("du", "-a", "-B1", directory.toString()).start();
    String text = new String(du.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    double bytes = 0;
    for (String line : text.split("\n", -1)) {
      String[] parts = line.split("\t", 2);
      if (parts.length == 2
          && !parts[1].equals(directory.toString())
          && parts[1].endsWith(suffix)) {
        bytes += Long.parseLong(parts[0]);
      }
    }
    return bytes;
  }

  /// Waits until no file has come, gone or changed for a while: flushes and compactions have ended.
  ///
  /// @throws IOException when that does not happen
  static void awaitRest(Path directory) throws IOException, InterruptedException {
    long begun = System.nanoTime();
    long changed = begun;
    Map<String, Long> last = sizes(directory);
    while (System.nanoTime() - changed < QUIET_NANOS) {
      Thread.sleep(LOOK_MILLIS);
      Map<String, Long> now = sizes(directory);
      if (!now.equals(last)) {
        last = now;
        changed = System.nanoTime();
      }
      if (System.nanoTime() - begun > WAIT_NANOS_MAX) {
        throw new IOException(directory + " does not come to rest");
      }
    }
  }

  private static Map<String, Long> sizes(Path directory) throws IOException {
    Map<String, Long> sizes = new TreeMap<>();
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        try {
          sizes.put(file.getFileName().toString(), Files.size(file));
        } catch (NoSuchFileException e) {
          sizes.put(String.valueOf(e.getFile()), -1L);
        }
      }
    }
    return sizes;
  }
}
