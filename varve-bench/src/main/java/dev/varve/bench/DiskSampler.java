package dev.varve.bench;

import java.io.IOException;
import java.nio.file.Path;

/// Looks again and again how much of the device a directory has, and keeps the most.
///
/// @threads the one that made it
final class DiskSampler implements AutoCloseable {
  private static final long LOOK_MILLIS = 250;

  private final Path directory;
  private final Thread thread;
  private volatile boolean stopped;
  private volatile double bytesMax;

  DiskSampler(Path directory) {
    this.directory = directory;
    this.thread = Thread.ofPlatform().daemon().name("disk-sampler").start(this::look);
  }

  private void look() {
    try {
      while (!stopped) {
        note();
        Thread.sleep(LOOK_MILLIS);
      }
    } catch (IOException e) {
      bytesMax = Double.NaN;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void note() throws IOException {
    bytesMax = Math.max(bytesMax, DiskUse.allocated(directory, ""));
  }

  /// Looks a last time and ends; answers the most that it saw, in bytes.
  double stop() throws IOException, InterruptedException {
    close();
    thread.join();
    note();
    return bytesMax;
  }

  @Override
  public void close() {
    stopped = true;
  }
}
