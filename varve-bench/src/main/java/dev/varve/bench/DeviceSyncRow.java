package dev.varve.bench;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// The device's own rate of synced writes: the yardstick for whatever must be durable.
final class DeviceSyncRow implements Row {
  /// A record of a small put.
  static final int SMALL_BYTES = 200;

  /// The subject that writes as much as a small put does.
  static final String SMALL = "device, 200 B";

  private static final int PAGE_BYTES = 4096;
  private static final String PAGE = "device, 4 KiB";

  /// How long the file is.
  static final long FILE_BYTES = 16 << 20;

  private static final int TURNS = 8;

  @Override
  public String name() {
    return "device-sync";
  }

  @Override
  public String about() {
    return "pwrite and fdatasync into a preallocated file, nothing of Varve";
  }

  @Override
  public List<String> processes() {
    return List.of("device");
  }

  @Override
  public List<String> jvmFlags() {
    return List.of("-Xmx512m");
  }

  @Override
  public Optional<String> yardstick() {
    return Optional.of(SMALL);
  }

  @Override
  public void run(String process, Run run) throws Exception {
    Path file = run.fresh("device");
    try (Device device = new Device(file, run.count(FILE_BYTES) + PAGE_BYTES)) {
      SyncBlocks blocks = new SyncBlocks(run);
      SyncBlocks.alternate(
          run.count(TURNS),
          List.of(
              blocks.device(device, SMALL, SMALL_BYTES), blocks.device(device, PAGE, PAGE_BYTES)));
    } finally {
      Run.remove(file);
    }
  }
}
