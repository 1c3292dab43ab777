package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.Varve;
import dev.varve.kv.BtreeStats;
import dev.varve.kv.ByteSize;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The figures of a BTREE keyspace say what it did.
final class BtreeStatsTest {
  private static final int VALUE_BYTES = 100;

  @TempDir private Path directory;

  private Store open(long mebibytes) {
    return Varve.open(
        directory,
        StoreOptions.defaults()
            .withMemory(ByteSize.ofMebibytes(mebibytes))
            .withSegment(ByteSize.ofMebibytes(4))
            .withDurability(Durability.NONE));
  }

  private static byte[] key(int i) {
    return String.format(Locale.ROOT, "%08d", i).getBytes(StandardCharsets.US_ASCII);
  }

  private static BtreeStats stats(Keyspace keyspace) {
    BtreeStats btree = keyspace.stats().btree();
    if (btree == null) {
      throw new AssertionError(keyspace.stats());
    }
    return btree;
  }

  private static void fill(Keyspace keyspace, int count, int range) {
    SplittableRandom random = new SplittableRandom(1);
    byte[] value = new byte[VALUE_BYTES];
    for (int i = 0; i < count; i++) {
      random.nextBytes(value);
      keyspace.put(key(random.nextInt(range)), value);
    }
  }

  @Test
  void writers_that_are_ahead_of_flushes_are_held_up_a_little_and_counted() {
    try (Store store = open(4)) {
      Keyspace keyspace = store.keyspace("k", KeyspaceOptions.of(EngineKind.BTREE));
      // Each write changes another leaf, of which there are many times more than may be changed.
      fill(keyspace, 20_000, 1_000_000);
      BtreeStats stats = stats(keyspace);
      assertTrue(stats.stalls().slowed() + stats.stalls().stopped() > 0, stats.toString());
      assertTrue(stats.stalls().nanosMax() < 1_500_000_000, stats.toString());
      assertEquals(0, stats.stalls().refused());
    }
  }

  @Test
  void whoever_compacts_has_a_heap_that_is_as_short_as_its_fill_asks_for() {
    try (Store store = open(64)) {
      Keyspace keyspace = store.keyspace("k", KeyspaceOptions.of(EngineKind.BTREE));
      fill(keyspace, 200_000, 200_000);
      store.flush();
      long full = stats(keyspace).heap().fileBytes();
      for (int i = 0; i < 200_000; i++) {
        if (i % 5 != 0) {
          keyspace.delete(key(i));
        }
      }
      store.compact(keyspace);
      BtreeStats.Heap heap = stats(keyspace).heap();
      assertTrue(heap.fileBytes() < full / 2, full + " -> " + heap);
      assertTrue(heap.fill() > 0.7, heap.toString());
      assertEquals(List.of(), store.verify().problems());
    }
  }

  @Test
  void the_flight_recorder_has_each_flush_and_its_phases() throws Exception {
    Path file = directory.resolve("all.jfr");
    BtreeStats stats;
    try (Recording recording = new Recording()) {
      recording.enable("dev.varve.Flush").withoutThreshold();
      recording.enable("dev.varve.FlushPhases").withoutThreshold();
      recording.start();
      try (Store store = open(64)) {
        Keyspace keyspace = store.keyspace("k", KeyspaceOptions.of(EngineKind.BTREE));
        for (int i = 0; i < 5; i++) {
          fill(keyspace, 1_000, 1_000);
          store.flush();
        }
        stats = stats(keyspace);
      }
      recording.dump(file);
    }
    List<RecordedEvent> events = RecordingFile.readAllEvents(file);
    List<RecordedEvent> phases = of(events, "FlushPhases");
    assertEquals(stats.flushes().count(), phases.size());
    assertEquals(stats.flushes().leaves(), sum(phases, "leaves"));
    assertEquals(stats.flushes().serialize().nanos(), sum(phases, "serialize"));
    assertEquals(stats.flushes().commit().nanos(), sum(phases, "commit"));
    List<RecordedEvent> flushes = of(events, "Flush");
    assertEquals(stats.flushes().count(), flushes.size());
    assertEquals(stats.heap().bytesWritten(), sum(flushes, "bytes"));
    assertTrue(flushes.stream().allMatch(event -> event.getBoolean("succeeded")));
  }

  private static List<RecordedEvent> of(List<RecordedEvent> events, String name) {
    return events.stream()
        .filter(event -> event.getEventType().getName().equals("dev.varve." + name))
        .toList();
  }

  private static long sum(List<RecordedEvent> events, String field) {
    return events.stream().mapToLong(event -> event.getLong(field)).sum();
  }
}
