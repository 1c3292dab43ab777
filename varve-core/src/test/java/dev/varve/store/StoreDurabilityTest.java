package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.StoreGuard;
import dev.varve.base.Expect;
import dev.varve.base.InlineBackground;
import dev.varve.fs.CrashImage;
import dev.varve.fs.Fault;
import dev.varve.fs.FaultFileSystem;
import dev.varve.fs.FaultRule;
import dev.varve.fs.FileOperation.Kind;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.fs.SyncFailure;
import dev.varve.kv.ByteSize;
import dev.varve.kv.Cursor;
import dev.varve.kv.DiskFullException;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.Store;
import dev.varve.kv.StoreFailedException;
import dev.varve.kv.StoreIoException;
import dev.varve.kv.StoreOptions;
import dev.varve.kv.StoreStats;
import dev.varve.kv.WriteBatch;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What a store promises of its commits, and how it fails.
@ExtendWith(StoreGuard.class)
final class StoreDurabilityTest {
  private final MemoryFileSystem fs = new MemoryFileSystem();

  private static byte[] b(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static StoreOptions small() {
    return StoreOptions.defaults()
        .withSegment(ByteSize.ofKibibytes(8))
        .withCheckpointAfter(ByteSize.ofMebibytes(64));
  }

  private Store open() {
    return StoreFixture.openThreaded(fs, small());
  }

  private Store open(StoreOptions options) {
    return StoreFixture.openThreaded(fs, options);
  }

  // Durability.

  @ParameterizedTest
  @EnumSource
  void each_level_keeps_what_it_says(Durability level) {
    InlineBackground background = new InlineBackground();
    Store store = StoreFixture.openInline(fs, small().withDurability(level), background);
    Keyspace keyspace = store.keyspace("k");
    for (int i = 0; i < 20; i++) {
      keyspace.put(b("" + i), b("v"));
    }
    int survived = survivors(fs.crash(new CrashImage(1, CrashImage.Mode.SYNCED_ONLY)));
    switch (level) {
      case SYNC, GROUP -> assertEquals(20, survived);
      case PERIODIC -> {
        assertEquals(0, survived);
        background.runDelayed();
        assertEquals(20, survivors(fs.crash(new CrashImage(1, CrashImage.Mode.SYNCED_ONLY))));
      }
      case NONE -> {
        assertEquals(0, survived);
        keyspace.put(b("one more"), b("v"), Durability.SYNC);
        assertEquals(21, survivors(fs.crash(new CrashImage(1, CrashImage.Mode.SYNCED_ONLY))));
      }
    }
    assertEquals(keyspace.count(), survivors(fs.crash(new CrashImage(1, CrashImage.Mode.ALL))));
    store.close();
  }

  private static int survivors(MemoryFileSystem after) {
    try (Store store = StoreFixture.openInline(after, small(), new InlineBackground())) {
      return store.findKeyspace("k").map(k -> (int) k.count()).orElse(0);
    }
  }

  @Test
  void sync_makes_everything_durable_and_the_statistics_say_so() {
    Store store = StoreFixture.openInline(fs, small(), new InlineBackground());
    Keyspace keyspace = store.keyspace("k");
    keyspace.put(b("a"), b("v"), Durability.NONE);
    StoreStats before = store.stats();
    assertTrue(before.durableThrough() < before.visibleThrough());
    assertTrue(before.log().unsyncedBytes() > 0);
    assertTrue(before.log().unsyncedAgeNanos() > 0);
    store.sync();
    StoreStats after = store.stats();
    assertEquals(after.visibleThrough(), after.durableThrough());
    assertEquals(0, after.log().unsyncedBytes());
    assertEquals(0, after.log().unsyncedAgeNanos());
    assertTrue(after.log().syncs() > before.log().syncs());
    store.close();
  }

  @Test
  void periodic_commits_are_synced_by_themselves_however_slow_the_device() {
    FaultFileSystem slow =
        new FaultFileSystem(fs)
            .with(
                FaultRule.when(FaultRule.kind(Kind.FORCE))
                    .then(new Fault.Slow(Duration.ofMillis(20))));
    try (Store store =
        StoreFixture.openThreaded(
            slow,
            small()
                .withDurability(Durability.PERIODIC)
                .withPeriodicInterval(Duration.ofMillis(5)))) {
      Keyspace keyspace = store.keyspace("k");
      long before = store.stats().log().syncs();
      long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
      for (int i = 0; store.stats().log().syncs() < before + 4; i++) {
        assertTrue(System.nanoTime() < deadline, "nobody syncs");
        keyspace.put(b("" + i), b("v"));
      }
    }
  }

  @Test
  void group_commit_serves_many_writers_with_few_syncs() throws Exception {
    FaultFileSystem slow =
        new FaultFileSystem(fs)
            .with(
                FaultRule.when(FaultRule.kind(Kind.FORCE))
                    .then(new Fault.Slow(Duration.ofMillis(2))));
    try (Store store = StoreFixture.openThreaded(slow, small())) {
      Keyspace keyspace = store.keyspace("k");
      long before = store.stats().log().syncs();
      List<Thread> writers = new ArrayList<>();
      for (int w = 0; w < 16; w++) {
        int me = w;
        writers.add(
            Thread.ofPlatform()
                .start(
                    () -> {
                      for (int i = 0; i < 20; i++) {
                        keyspace.put(b(me + "." + i), b("v"));
                      }
                    }));
      }
      for (Thread writer : writers) {
        writer.join();
      }
      long syncs = store.stats().log().syncs() - before;
      assertEquals(320, keyspace.count());
      assertTrue(syncs < 160, syncs + " syncs for 320 commits");
    }
  }

  /// The option has an effect: one who syncs waits for company.
  @Test
  void a_group_wait_gathers_commits_and_ends_early_when_enough_have_come() throws Exception {
    try (Store store = open(small().withGroupWait(Duration.ofMillis(200)).withGroupBatchMax(2))) {
      Keyspace keyspace = store.keyspace("k", KeyspaceOptions.of(EngineKind.HASH));
      long begin = System.nanoTime();
      keyspace.put(b("alone"), b("v"));
      assertTrue(System.nanoTime() - begin >= 190_000_000L);
      begin = System.nanoTime();
      Thread other = Thread.ofPlatform().start(() -> keyspace.put(b("other"), b("v")));
      keyspace.put(b("with company"), b("v"));
      other.join();
      assertTrue(System.nanoTime() - begin < 190_000_000L);
    }
  }

  // Failures.

  @ParameterizedTest
  @EnumSource
  void a_failed_sync_is_final_for_writes_and_reads_go_on(SyncFailure mode) {
    FaultFileSystem faulty = new FaultFileSystem(fs);
    Store store = StoreFixture.openThreaded(faulty, small());
    Keyspace keyspace = store.keyspace("k");
    keyspace.put(b("a"), b("1"));
    faulty.with(
        FaultRule.when(FaultRule.kind(Kind.FORCE)).times(1).then(new Fault.SyncFails(mode)));
    StoreFailedException first =
        Expect.failure(
            StoreFailedException.class,
            () -> keyspace.put(b("b"), b("2")),
            "takes no more writes",
            "Input/output error");
    assertTrue(store.stats().failed());
    for (org.junit.jupiter.api.function.Executable write :
        List.<org.junit.jupiter.api.function.Executable>of(
            () -> keyspace.put(b("c"), b("3")),
            () -> keyspace.delete(b("a"), Durability.NONE),
            () -> keyspace.increment(b("n"), 1),
            () -> store.keyspace("other"),
            () -> store.write(new WriteBatch().delete(keyspace, b("a"))),
            store::sync,
            store::flush)) {
      StoreFailedException again = assertThrows(StoreFailedException.class, write);
      assertSame(first.getCause(), again.getCause(), "the first cause is kept");
    }
    assertArrayEquals(b("1"), keyspace.get(b("a")));
    try (Cursor cursor = keyspace.cursor()) {
      assertTrue(cursor.seekToFirst());
    }
    assertThrows(StoreFailedException.class, store::close);
    store.close();
    try (Store again = open()) {
      assertArrayEquals(b("1"), again.keyspace("k").get(b("a")));
    }
  }

  @Test
  void a_full_disk_refuses_writes_takes_deletes_and_lets_writes_resume() throws Exception {
    Store store = open();
    Keyspace keyspace = store.keyspace("k");
    keyspace.put(b("first"), b("v"));
    fs.limit(40_000);
    List<String> acknowledged = new ArrayList<>();
    Expect.failure(
        DiskFullException.class,
        () -> {
          for (int i = 0; i < 100_000; i++) {
            keyspace.put(b("" + i), new byte[100]);
            acknowledged.add("" + i);
          }
        },
        "device of",
        "is full",
        "resumes by itself");
    assertFalse(store.stats().failed());
    keyspace.delete(b("first"));
    assertEquals(acknowledged.size(), keyspace.count());
    Expect.failure(DiskFullException.class, store::flush, "nothing is lost");
    fs.limit(Long.MAX_VALUE);
    Thread.sleep(250);
    keyspace.put(b("resumed"), b("v"));
    store.flush();
    store.close();
    try (Store again = open()) {
      Keyspace back = again.keyspace("k");
      assertEquals(acknowledged.size() + 1, back.count());
      acknowledged.forEach(key -> assertTrue(back.contains(b(key))));
      assertFalse(back.contains(b("first")));
    }
  }

  @Test
  void a_store_opens_on_a_full_disk() {
    try (Store store = open()) {
      store.keyspace("k").put(b("a"), b("b"));
    }
    fs.limit(0);
    Store store = open();
    assertArrayEquals(b("b"), store.findKeyspace("k").orElseThrow().get(b("a")));
    assertThrows(
        DiskFullException.class, () -> store.findKeyspace("k").orElseThrow().put(b("c"), b("d")));
    store.close();
  }

  @Test
  void a_flush_that_cannot_write_its_file_loses_nothing_and_is_told() {
    InlineBackground background = new InlineBackground();
    FaultFileSystem faulty = new FaultFileSystem(fs);
    Store store =
        StoreFixture.openInline(
            faulty, small().withCheckpointAfter(ByteSize.ofKibibytes(8)), background);
    Keyspace keyspace = store.keyspace("k");
    faulty.with(
        FaultRule.when(FaultRule.path("ks-.*")).then(new Fault.Refused(Fault.Errno.EMFILE)));
    for (int i = 0; i < 40; i++) {
      keyspace.put(b("" + i), new byte[400]);
    }
    assertNotNull(store.stats().lastFlushFailure());
    assertTrue(store.stats().lastFlushFailure().contains("Too many open files"));
    assertThrows(StoreIoException.class, store::flush);
    faulty.heal();
    store.flush();
    store.close();
    try (Store again = open()) {
      assertEquals(40, again.keyspace("k").count());
    }
  }
}
