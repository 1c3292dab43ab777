package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.Varve;
import dev.varve.kv.ByteSize;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.KeyspaceStats;
import dev.varve.kv.LsmStats;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import dev.varve.kv.StoreStats;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a store does can be seen with the JDK's flight recorder, and agrees with its statistics.
final class EventsTest {
  private static final List<String> NAMES =
      List.of("CommitGroup", "Sync", "Flush", "Compaction", "Stall", "Eviction", "Recovery");

  @TempDir private Path directory;

  private List<RecordedEvent> events(Recording recording) throws IOException {
    Path file = directory.resolve("all.jfr");
    recording.dump(file);
    return RecordingFile.readAllEvents(file);
  }

  private static List<RecordedEvent> of(List<RecordedEvent> events, String name) {
    return events.stream()
        .filter(event -> event.getEventType().getName().equals("dev.varve." + name))
        .toList();
  }

  private static long sum(List<RecordedEvent> events, String field) {
    return events.stream().mapToLong(event -> event.getLong(field)).sum();
  }

  private static LsmStats lsm(StoreStats stats) {
    return stats.keyspaces().stream()
        .map(KeyspaceStats::lsm)
        .filter(java.util.Objects::nonNull)
        .findFirst()
        .orElseThrow();
  }

  /** Load that fills many memtables of a store with little memory. */
  private StoreStats load(Path where) {
    StoreOptions options =
        StoreOptions.defaults()
            .withMemory(ByteSize.ofMebibytes(2))
            .withSegment(ByteSize.ofMebibytes(2))
            .withDurability(Durability.NONE);
    try (Store store = Varve.open(where, options)) {
      KeyspaceOptions small =
          KeyspaceOptions.of(EngineKind.LSM)
              .withMemtable(ByteSize.ofKibibytes(512))
              .withLevelZeroFiles(2);
      Keyspace sorted = store.keyspace("sorted", small);
      Keyspace resident = store.keyspace("resident", KeyspaceOptions.of(EngineKind.RBTREE));
      SplittableRandom random = new SplittableRandom(5);
      byte[] value = new byte[1000];
      resident.put(value, value);
      for (int i = 0; i < 8_000; i++) {
        random.nextBytes(value);
        sorted.put(key(random.nextInt(1_000_000)), value);
        sorted.get(key(random.nextInt(1_000_000)));
      }
      resident.put(key(1), value);
      store.flush();
      // Nobody else syncs the log now.
      resident.put(key(1), value, Durability.GROUP);
      store.sync();
      return store.stats();
    }
  }

  private static byte[] key(int i) {
    return Integer.toString(i).getBytes(java.nio.charset.StandardCharsets.US_ASCII);
  }

  @Test
  void each_event_is_recorded_with_its_fields() throws IOException {
    Path where = directory.resolve("store");
    try (Recording recording = new Recording()) {
      NAMES.forEach(name -> recording.enable("dev.varve." + name).withThreshold(Duration.ZERO));
      recording.start();
      StoreStats stats = load(where);
      Varve.open(where).close();
      recording.stop();
      check(events(recording), stats, where);
    }
  }

  private static void check(List<RecordedEvent> events, StoreStats stats, Path where) {
    LsmStats lsm = lsm(stats);
    List<RecordedEvent> groups = of(events, "CommitGroup");
    assertTrue(groups.stream().anyMatch(e -> e.getInt("waiting") == 1), groups::toString);
    List<RecordedEvent> syncs = of(events, "Sync");
    assertTrue(syncs.size() >= stats.log().syncs(), syncs::toString);
    assertTrue(sum(syncs, "bytes") > 0 && syncs.stream().allMatch(e -> e.getInt("lanes") == 1));
    assertTrue(syncs.stream().allMatch(e -> e.getBoolean("succeeded")));

    List<RecordedEvent> flushes =
        of(events, "Flush").stream().filter(e -> e.getString("engine").equals("LSM")).toList();
    assertEquals(lsm.flushes().count(), flushes.size());
    assertEquals(lsm.flushes().bytes(), sum(flushes, "bytes"));
    assertTrue(flushes.stream().allMatch(e -> e.getString("keyspace").equals("sorted")));
    assertTrue(sum(flushes, "entries") > 7_000, flushes::toString);
    assertTrue(
        of(events, "Flush").stream()
            .anyMatch(e -> e.getString("engine").equals("RBTREE") && e.getLong("entries") == 2));

    List<RecordedEvent> compactions = of(events, "Compaction");
    assertTrue(compactions.size() >= lsm.compactions().succeeded());
    assertTrue(sum(compactions, "bytesWritten") >= lsm.compactions().bytesWritten());
    assertTrue(
        compactions.stream()
            .anyMatch(
                e ->
                    e.getString("result").equals("merged")
                        && e.getInt("level") == 0
                        && e.getInt("outputLevel") == 1
                        && e.getInt("inputs") >= 2),
        compactions::toString);

    List<RecordedEvent> stalls = of(events, "Stall");
    assertEquals(lsm.stalls().slowed() + lsm.stalls().stopped(), stalls.size());
    List<RecordedEvent> evictions = of(events, "Eviction");
    assertTrue(!evictions.isEmpty() && sum(evictions, "freed") > 0);

    List<RecordedEvent> recoveries = of(events, "Recovery");
    assertEquals(1, recoveries.size(), "making a store is none");
    assertEquals(where.toString(), recoveries.getFirst().getString("directory"));
    assertTrue(recoveries.getFirst().getBoolean("clean"));
    assertEquals(stats.visibleThrough(), recoveries.getFirst().getLong("lastSequence"));
  }

  @Test
  void nothing_is_recorded_that_nobody_asked_for() throws IOException {
    try (Recording recording = new Recording()) {
      NAMES.forEach(name -> recording.disable("dev.varve." + name));
      recording.start();
      StoreStats stats = load(directory.resolve("store"));
      recording.stop();
      assertTrue(lsm(stats).flushes().count() > 0);
      List<RecordedEvent> events = events(recording);
      NAMES.forEach(name -> assertEquals(List.of(), of(events, name)));
    }
  }
}
