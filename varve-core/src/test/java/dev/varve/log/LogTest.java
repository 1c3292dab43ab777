package dev.varve.log;

import static dev.varve.log.LogFixture.DIRECTORY;
import static dev.varve.log.LogFixture.fileSystem;
import static dev.varve.log.LogFixture.options;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.Clock;
import dev.varve.base.Expect;
import dev.varve.base.InlineBackground;
import dev.varve.format.StoreFileName;
import dev.varve.fs.CrashImage;
import dev.varve.fs.CrashImage.Mode;
import dev.varve.fs.Fault;
import dev.varve.fs.FaultFileSystem;
import dev.varve.fs.FaultRule;
import dev.varve.fs.FileOperation.Kind;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.fs.NoSpaceException;
import dev.varve.fs.SyncFailure;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.LogStats;
import dev.varve.log.LogRecovery.ReplayFrom;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class LogTest {
  private static List<String> numbered(int from, int to) {
    return IntStream.rangeClosed(from, to).mapToObj(i -> "record " + i).toList();
  }

  private static void appendNumbered(LogFixture f, int from, int to) throws IOException {
    for (int i = from; i <= to; i++) {
      assertEquals(i, f.append(i % f.log.laneCount(), "record " + i));
    }
  }

  private static List<String> recover(MemoryFileSystem fs, int lanes) throws IOException {
    try (LogFixture f = LogFixture.open(fs, options(lanes, 4096))) {
      return f.payloads;
    }
  }

  private static Path segment(int lane, int number) {
    return DIRECTORY.resolve(StoreFileName.segment(lane, number));
  }

  @Test
  void an_empty_log_writes_nothing_until_it_is_used() throws IOException {
    MemoryFileSystem fs = fileSystem();
    try (LogFixture f = LogFixture.open(fs, options(1, 4096))) {
      assertEquals(0, f.log.lastSequence());
      assertTrue(f.recovered.clean());
    }
    assertEquals(List.of(), fs.list(DIRECTORY));
  }

  @Test
  void records_come_back_in_order_over_segments_lanes_and_lives() throws IOException {
    for (int lanes : new int[] {1, 3}) {
      MemoryFileSystem fs = fileSystem();
      int last = 0;
      for (int life = 0; life < 4; life++) {
        try (LogFixture f = LogFixture.open(fs, options(lanes, 4096))) {
          assertEquals(numbered(1, last), f.payloads);
          assertEquals(last, f.log.lastSequence());
          assertTrue(f.recovered.clean());
          appendNumbered(f, last + 1, last + 300);
          last += 300;
          if (life == 1) {
            f.log.syncNow();
          }
        }
        assertEquals(List.of(), fs.openFiles());
      }
      assertTrue(fs.list(DIRECTORY).size() > 8);
    }
  }

  @Test
  void a_record_may_be_larger_than_a_segment() throws IOException {
    MemoryFileSystem fs = fileSystem();
    String large = "x".repeat(1_000_000);
    try (LogFixture f = LogFixture.open(fs, options(1, 4096))) {
      f.append(0, "before");
      f.append(0, large);
      f.append(0, "behind");
    }
    assertEquals(List.of("before", large, "behind"), recover(fs, 1));
  }

  @Test
  void what_a_killed_process_appended_is_there_without_any_sync() throws IOException {
    MemoryFileSystem fs = fileSystem();
    LogFixture f = LogFixture.open(fs, options(1, 4096));
    appendNumbered(f, 1, 300);
    assertEquals(numbered(1, 300), recover(fs.crash(new CrashImage(1, Mode.ALL)), 1));
  }

  @Test
  void a_closed_log_has_no_byte_that_no_checksum_covers() throws IOException {
    MemoryFileSystem fs = fileSystem();
    try (LogFixture f = LogFixture.open(fs, options(1, 64 << 10))) {
      appendNumbered(f, 1, 10);
    }
    assertEquals(1, fs.list(DIRECTORY).size());
    byte[] sound = fs.bytes(segment(0, 1));
    assertTrue(sound.length < 1000);
    for (int at = 0; at < sound.length; at++) {
      byte[] flipped = sound.clone();
      flipped[at] ^= 4;
      fs.replaceBytes(segment(0, 1), flipped);
      ReplayFrom known = new ReplayFrom(0, 10, List.of(1L));
      int offset = at;
      try {
        LogFixture f = new LogFixture(fs, options(1, 4096), known, new InlineBackground());
        // Past the last commit nothing but the seal can be hurt, and then the log is not clean.
        assertEquals(numbered(1, 10), f.payloads, () -> "flip at " + offset);
        assertFalse(f.recovered.clean(), () -> "flip at " + offset + " went unseen");
      } catch (CorruptionException e) {
        assertEquals(segment(0, 1), e.file());
      }
    }
  }

  @Test
  void a_torn_tail_is_left_behind_counted_and_never_comes_back() throws IOException {
    MemoryFileSystem fs = fileSystem();
    LogFixture f = LogFixture.open(fs, options(1, 4096));
    appendNumbered(f, 1, 5);
    f.log.syncNow();
    appendNumbered(f, 6, 9);
    MemoryFileSystem after = fs.crash(new CrashImage(1, Mode.ALL));
    byte[] torn = after.bytes(segment(0, 1));
    int sixth = 128 + 56 + 5 * 40;
    torn[sixth + 33] ^= 1;
    after.replaceBytes(segment(0, 1), torn);
    try (LogFixture g = LogFixture.open(after, options(1, 4096))) {
      assertEquals(numbered(1, 5), g.payloads);
      assertEquals(3, g.recovered.tailRecordsDropped());
      assertTrue(g.recovered.tailBytesDropped() >= 3 * 40 + 32);
      assertEquals(6, g.append(0, "another sixth"));
    }
    // "record 7" to "record 9" still lie behind the torn one, sound and with fitting numbers.
    assertEquals(
        List.of("record 1", "record 2", "record 3", "record 4", "record 5", "another sixth"),
        recover(after, 1));
  }

  @Test
  void damage_before_the_last_sync_is_no_torn_tail() throws IOException {
    MemoryFileSystem fs = fileSystem();
    LogFixture f = LogFixture.open(fs, options(1, 4096));
    appendNumbered(f, 1, 5);
    f.log.syncNow();
    appendNumbered(f, 6, 6);
    MemoryFileSystem after = fs.crash(new CrashImage(1, Mode.ALL));
    byte[] bytes = after.bytes(segment(0, 1));
    bytes[128 + 56 + 2 * 40 + 35] ^= 1;
    after.replaceBytes(segment(0, 1), bytes);
    CorruptionException e =
        Expect.failure(
            CorruptionException.class,
            () -> LogFixture.open(after, options(1, 4096)),
            "commit 3 of 5 that are durable",
            "salvage");
    assertEquals(128 + 56 + 2 * 40, e.offset());
    assertEquals(segment(0, 1), e.file());
  }

  /// RELIABILITY P7: an idle log leaves no doubt about what was durable.
  @Test
  void a_mark_tells_damage_from_a_torn_tail_in_an_idle_log() throws IOException {
    for (boolean idle : new boolean[] {false, true}) {
      MemoryFileSystem fs = fileSystem();
      InlineBackground background = new InlineBackground();
      LogFixture f = new LogFixture(fs, options(1, 4096), ReplayFrom.BEGIN, background);
      appendNumbered(f, 1, 3);
      f.log.awaitGroup(3);
      if (idle) {
        background.runDelayed();
      }
      byte[] bytes = fs.bytes(segment(0, 1));
      bytes[128 + 56 + 2 * 40 + 35] ^= 1;
      fs.replaceBytes(segment(0, 1), bytes);
      if (idle) {
        assertThrows(CorruptionException.class, () -> LogFixture.open(fs, options(1, 4096)));
      } else {
        assertEquals(2, LogFixture.open(fs, options(1, 4096)).payloads.size());
      }
    }
  }

  @Test
  void a_lost_segment_is_seen() throws IOException {
    for (int lost = 1; lost <= 4; lost++) {
      MemoryFileSystem fs = fileSystem();
      try (LogFixture f = LogFixture.open(fs, options(1, 4096))) {
        appendNumbered(f, 1, 400);
        f.log.syncNow();
      }
      int segments = fs.list(DIRECTORY).size();
      assertTrue(segments > 4);
      fs.delete(segment(0, lost == 4 ? segments : lost));
      ReplayFrom known = new ReplayFrom(0, 400, List.of(1L));
      assertThrows(
          CorruptionException.class,
          () -> new LogFixture(fs, options(1, 4096), known, new InlineBackground()));
    }
  }

  @Test
  void a_lost_lane_is_seen_even_where_nothing_was_synced() throws IOException {
    MemoryFileSystem fs = fileSystem();
    LogFixture f = LogFixture.open(fs, options(3, 4096));
    appendNumbered(f, 1, 5);
    fs.delete(segment(1, 1));
    Expect.failure(
        CorruptionException.class,
        () -> LogFixture.open(fs, options(3, 4096)),
        "the begin of lane 1");
  }

  @Test
  void segments_of_another_store_or_place_are_refused() throws IOException {
    MemoryFileSystem fs = fileSystem();
    try (LogFixture f = LogFixture.open(fs, options(2, 4096))) {
      appendNumbered(f, 1, 5);
    }
    byte[] first = fs.bytes(segment(0, 1));
    byte[] second = fs.bytes(segment(1, 1));
    fs.replaceBytes(segment(0, 1), second);
    fs.replaceBytes(segment(1, 1), first);
    Expect.failure(CorruptionException.class, () -> LogFixture.open(fs, options(2, 4096)), "scope");
    byte[] foreign = first.clone();
    foreign[16] ^= 1;
    dev.varve.base.Bytes.putInt(foreign, 60, dev.varve.base.Checksum.of(foreign, 0, 60));
    fs.replaceBytes(segment(0, 1), foreign);
    Expect.failure(
        CorruptionException.class, () -> LogFixture.open(fs, options(2, 4096)), "of store");
  }

  @Test
  void group_commit_makes_all_lanes_durable_up_to_what_it_acknowledges() throws IOException {
    MemoryFileSystem fs = fileSystem();
    LogFixture f = LogFixture.open(fs, options(3, 4096));
    appendNumbered(f, 1, 50);
    f.log.awaitGroup(40);
    assertEquals(50, f.log.durableThrough());
    assertEquals(numbered(1, 50), recover(fs.crash(new CrashImage(1, Mode.SYNCED_ONLY)), 3));
  }

  @Test
  void a_failed_sync_is_final_and_its_records_are_not_acknowledged() throws IOException {
    for (SyncFailure mode : SyncFailure.values()) {
      MemoryFileSystem memory = fileSystem();
      FaultFileSystem fs = new FaultFileSystem(memory);
      LogFixture f = LogFixture.open(fs, options(1, 4096));
      appendNumbered(f, 1, 5);
      f.log.awaitGroup(5);
      fs.with(FaultRule.when(FaultRule.kind(Kind.FORCE)).times(1).then(new Fault.SyncFails(mode)));
      appendNumbered(f, 6, 8);
      assertThrows(IllegalStateException.class, () -> f.log.awaitGroup(8));
      assertNotNull(f.failure.cause());
      assertThrows(IllegalStateException.class, () -> f.log.awaitGroup(8));
      assertThrows(IllegalStateException.class, () -> f.log.syncNow());
      assertEquals(5, f.log.durableThrough());
      f.close();
      List<String> left = recover(memory.crash(new CrashImage(1, Mode.SYNCED_ONLY)), 1);
      assertEquals(numbered(1, 5), left);
    }
  }

  /// RELIABILITY P4: after a failed sync the cache may show what the device never got; a process
  /// that comes next must not call it durable on the cache's word.
  @Test
  void what_a_reopen_finds_is_written_again_before_it_counts_as_durable() throws IOException {
    MemoryFileSystem memory = fileSystem();
    FaultFileSystem fs = new FaultFileSystem(memory);
    LogFixture f = LogFixture.open(fs, options(1, 4096));
    appendNumbered(f, 1, 5);
    f.log.awaitGroup(5);
    appendNumbered(f, 6, 8);
    fs.with(
        FaultRule.when(FaultRule.kind(Kind.FORCE))
            .times(1)
            .then(new Fault.SyncFails(SyncFailure.PAGES_MARKED_CLEAN)));
    assertThrows(IllegalStateException.class, () -> f.log.awaitGroup(8));
    f.close();
    LogFixture g = LogFixture.open(memory, options(1, 4096));
    assertEquals(numbered(1, 8), g.payloads);
    assertEquals(5, g.log.durableThrough());
    g.append(0, "record 9");
    g.log.awaitGroup(9);
    assertEquals(numbered(1, 9), recover(memory.crash(new CrashImage(1, Mode.SYNCED_ONLY)), 1));
  }

  @Test
  void a_full_disk_refuses_appends_keeps_a_reserve_and_resumes() throws Exception {
    MemoryFileSystem fs = fileSystem();
    fs.limit(8192);
    LogFixture f = LogFixture.open(fs, options(1, 4096));
    List<String> acknowledged = new ArrayList<>();
    assertThrows(
        NoSpaceException.class,
        () -> {
          for (int i = 1; i < 1000; i++) {
            f.append(0, "record " + i);
            acknowledged.add("record " + i);
          }
        });
    assertTrue(acknowledged.size() > 150);
    byte[] array = new byte[32 + 8 + 8];
    f.log.lock(0);
    long number = f.log.append(0, RecordKind.OPAQUE, array, 8, false, true);
    f.log.unlock(0);
    assertEquals(acknowledged.size() + 1, number, "no number was used up by a refused record");
    fs.limit(1 << 20);
    Thread.sleep(250);
    f.append(0, "resumed");
    f.close();
    List<String> back = recover(fs, 1);
    assertEquals(acknowledged, back.subList(0, acknowledged.size()));
    assertEquals("resumed", back.getLast());
  }

  @Test
  void checkpoints_reuse_segments_and_never_restart_the_numbers() throws IOException {
    MemoryFileSystem fs = fileSystem();
    List<Long> firstNeeded = List.of(1L);
    long flushed = 0;
    int last = 0;
    for (int life = 0; life < 3; life++) {
      ReplayFrom from = new ReplayFrom(flushed, flushed, firstNeeded);
      try (LogFixture f = new LogFixture(fs, options(1, 4096), from, new InlineBackground())) {
        assertEquals(numbered((int) flushed + 1, last), f.payloads);
        for (int round = 0; round < 20; round++) {
          appendNumbered(f, last + 1, last + 100);
          last += 100;
          f.log.syncNow();
          flushed = last - 30L;
          firstNeeded = f.log.firstNeeded(flushed);
          f.log.checkpoint(flushed, firstNeeded);
        }
        assertTrue(f.log.stats().segmentsReused() > 10);
        assertTrue(f.log.stats().segments() < 6, "" + f.log.stats());
      }
    }
    assertEquals(6000, last);
  }

  @Test
  void as_many_segments_are_kept_for_reuse_as_were_used_and_only_as_long_as_they_will_be()
      throws IOException {
    InlineBackground background = new InlineBackground();
    try (LogFixture f =
        new LogFixture(fileSystem(), options(1, 4096), ReplayFrom.BEGIN, background)) {
      appendNumbered(f, 1, 1000);
      f.log.syncNow();
      f.log.checkpoint(1000, f.log.firstNeeded(1000));
      final LogStats before = f.log.stats();
      assertTrue(before.segments() > 9, before.toString());

      // As much again takes none that is new.
      appendNumbered(f, 1001, 1900);
      f.log.syncNow();
      f.log.checkpoint(1900, f.log.firstNeeded(1900));
      final LogStats again = f.log.stats();
      assertEquals(before.segmentsMade(), again.segmentsMade());
      assertTrue(again.segments() <= before.segments(), again.toString());

      // At this pace they are soon used; once nothing comes any more they are given back.
      background.runDelayed();
      assertEquals(again.segments(), f.log.stats().segments());
      background.runDelayed();
      assertTrue(f.log.stats().segments() <= 2, f.log.stats().toString());
      appendNumbered(f, 1901, 2000);
    }
  }

  @Test
  void truncation_removes_the_tail_and_its_numbers_are_given_again() throws IOException {
    MemoryFileSystem fs = fileSystem();
    LogFixture f = LogFixture.open(fs, options(1, 4096));
    appendNumbered(f, 1, 300);
    f.log.syncNow();
    f.log.truncateAfter(250);
    assertEquals(250, f.log.durableThrough());
    assertEquals(251, f.append(0, "other 251"));
    f.log.truncateAfter(900);
    f.log.truncateAfter(120);
    assertEquals(numbered(1, 120), recover(fs.crash(new CrashImage(1, Mode.SYNCED_ONLY)), 1));
    assertEquals(121, f.append(0, "other 121"));
    f.close();
    List<String> expected = new ArrayList<>(numbered(1, 120));
    expected.add("other 121");
    assertEquals(expected, recover(fs, 1));
  }

  /// RELIABILITY P2: when a sync runs late by more than the interval, the writer does it himself.
  @Test
  void a_periodic_writer_syncs_himself_when_nobody_did_in_time() throws IOException {
    long[] now = {1_000_000_000L};
    Clock clock =
        new Clock() {
          @Override
          public long nanos() {
            return now[0];
          }

          @Override
          public long wallMillis() {
            return 0;
          }
        };
    LogOptions periodic = new LogOptions(1, 4096, 4096, 1000, Duration.ZERO, Duration.ofMillis(50));
    try (LogFixture f =
        new LogFixture(
            fileSystem(),
            LogFixture.DIRECTORY,
            periodic,
            ReplayFrom.BEGIN,
            new InlineBackground(),
            clock)) {
      long first = f.append(0, "first");
      f.log.awaitPeriodic();
      now[0] += Duration.ofMillis(99).toNanos();
      long second = f.append(0, "second");
      f.log.awaitPeriodic();
      assertTrue(f.log.durableThrough() < first);
      now[0] += Duration.ofMillis(2).toNanos();
      f.log.awaitPeriodic();
      assertEquals(second, f.log.durableThrough());
    }
  }

  @Test
  void every_kind_with_a_number_comes_back_with_its_kind() throws IOException {
    MemoryFileSystem fs = fileSystem();
    try (LogFixture f = LogFixture.open(fs, options(1, 4096))) {
      f.append(0, RecordKind.PREPARE, "prepared", true);
      f.append(0, RecordKind.RESOLVE, "resolved", false);
      f.append(0, RecordKind.OPAQUE, "", true);
      f.append(0, RecordKind.COMMIT, "committed", false);
    }
    List<RecordKind> kinds = new ArrayList<>();
    LogEnvironment env =
        new LogEnvironment(
            fs,
            DIRECTORY,
            LogFixture.STORE,
            dev.varve.base.Clock.SYSTEM,
            new InlineBackground(),
            new dev.varve.base.FailureLatch());
    LogRecovery.recover(
        env,
        ReplayFrom.BEGIN,
        (kind, sequence, array, offset, length) -> kinds.add(kind),
        dev.varve.kv.ProgressListener.NONE);
    assertEquals(
        List.of(RecordKind.PREPARE, RecordKind.RESOLVE, RecordKind.OPAQUE, RecordKind.COMMIT),
        kinds);
  }
}
