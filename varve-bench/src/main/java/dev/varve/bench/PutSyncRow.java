package dev.varve.bench;

import dev.varve.Varve;
import dev.varve.kv.Durability;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// Puts of one thread, each durable before the next, beside the device's own rate.
///
/// Hypothesis: a sync costs so much more than all else that a put costs one sync.
final class PutSyncRow implements Row {
  private static final String SUBJECT = "varve SYNC, 1 thread";
  private static final int TURNS = 8;

  @Override
  public String name() {
    return "put-sync-1";
  }

  @Override
  public String about() {
    return "one thread puts 16 + 100 B at SYNC";
  }

  @Override
  public List<String> processes() {
    return List.of("both");
  }

  @Override
  public List<String> jvmFlags() {
    return List.of("-Xmx512m");
  }

  @Override
  public Optional<String> yardstick() {
    return Optional.of(DeviceSyncRow.SMALL);
  }

  @Override
  public List<Target> targets() {
    return List.of(
        Target.ratio(
            SUBJECT, "commits", DeviceSyncRow.SMALL, 0.9, "within 10 % of the device's own rate"));
  }

  @Override
  public void run(String process, Run run) throws Exception {
    Path file = run.fresh("device");
    Path directory = run.fresh("store");
    try (Device device = new Device(file, run.count(DeviceSyncRow.FILE_BYTES) + 4096);
        Store store =
            Varve.open(directory, StoreOptions.defaults().withDurability(Durability.SYNC))) {
      SyncBlocks blocks = new SyncBlocks(run);
      SyncBlocks.alternate(
          run.count(TURNS),
          List.of(
              blocks.device(device, DeviceSyncRow.SMALL, DeviceSyncRow.SMALL_BYTES),
              blocks.put(SyncBlocks.keyspace(store), SUBJECT)));
    } finally {
      Run.remove(file);
      Run.remove(directory);
    }
  }
}
