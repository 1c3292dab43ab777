package dev.varve.log;

import static dev.varve.log.LogFixture.DIRECTORY;
import static dev.varve.log.LogFixture.fileSystem;
import static dev.varve.log.LogFixture.options;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.Bytes;
import dev.varve.base.Checksum;
import dev.varve.base.Clock;
import dev.varve.base.Expect;
import dev.varve.base.FailureLatch;
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
import dev.varve.kv.ProgressListener;
import dev.varve.log.LogRecovery.ReplayFrom;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// What went wrong in the logs that Varve learnt from, and does not here. The tag is the number
/// that the defect has in the list of them; `docs/HAZARDS.md` tells what each did.
final class SeedLogDefectsTest {
  /** Where the first record behind the begin lies in a lane's first segment. */
  private static final int FIRST = 128 + 56;

  /** What `record 1` to `record 9` take. */
  private static final int SIZE = 40;

  private static final Path SEGMENT = DIRECTORY.resolve(StoreFileName.segment(0, 1));

  private static List<String> numbered(int from, int to) {
    return IntStream.rangeClosed(from, to).mapToObj(i -> "record " + i).toList();
  }

  private static void append(LogFixture f, int from, int to) throws IOException {
    for (int i = from; i <= to; i++) {
      assertEquals(i, f.append(i % f.log.laneCount(), "record " + i));
    }
  }

  private static LogFixture open(MemoryFileSystem fs, ReplayFrom from) throws IOException {
    return new LogFixture(fs, options(1, 4096), from, new InlineBackground());
  }

  private static List<String> recovered(MemoryFileSystem fs) throws IOException {
    return open(fs, ReplayFrom.BEGIN).payloads;
  }

  /** A log of one lane with five records that nobody synced, and its first segment. */
  private static MemoryFileSystem five() throws IOException {
    MemoryFileSystem fs = fileSystem();
    append(LogFixture.open(fs, options(1, 4096)), 1, 5);
    return fs;
  }

  @Test
  @Tag("D1")
  void a_checkpoint_never_restarts_the_sequence_numbers() throws IOException {
    MemoryFileSystem fs = fileSystem();
    long flushed = 0;
    List<Long> needed = List.of(1L);
    for (int life = 0; life < 4; life++) {
      try (LogFixture f = open(fs, new ReplayFrom(flushed, flushed, needed))) {
        assertEquals(flushed, f.log.lastSequence());
        assertEquals(List.of(), f.payloads, "all of it was flushed");
        append(f, (int) flushed + 1, (int) flushed + 300);
        flushed += 300;
        f.log.syncNow();
        needed = f.log.firstNeeded(flushed);
        f.log.checkpoint(flushed, needed);
        assertEquals(flushed, f.log.lastSequence());
      }
    }
    // Even with every segment gone, what knows of the flush knows the number.
    for (String name : fs.list(DIRECTORY)) {
      fs.delete(DIRECTORY.resolve(name));
    }
    assertEquals(1201, open(fs, new ReplayFrom(1200, 1200, needed)).append(0, "record 1201"));
  }

  @Test
  @Tag("D2")
  void a_checkpoint_gives_back_nothing_that_was_appended_after_the_flush_began()
      throws IOException {
    MemoryFileSystem fs = fileSystem();
    LogFixture f = LogFixture.open(fs, options(1, 4096));
    append(f, 1, 300);
    f.log.syncNow();
    append(f, 301, 600);
    List<Long> needed = f.log.firstNeeded(300);
    f.log.checkpoint(300, needed);
    f.log.syncNow();
    MemoryFileSystem after = fs.crash(new CrashImage(1, Mode.SYNCED_ONLY));
    assertEquals(numbered(301, 600), open(after, new ReplayFrom(300, 300, needed)).payloads);
  }

  @Test
  @Tag("D3")
  void the_record_that_was_checkpointed_is_not_replayed_again() throws IOException {
    MemoryFileSystem fs = fileSystem();
    LogFixture f = LogFixture.open(fs, options(1, 4096));
    append(f, 1, 9);
    f.log.syncNow();
    f.log.checkpoint(5, List.of(1L));
    assertEquals(numbered(6, 9), open(fs, new ReplayFrom(5, 9, List.of(1L))).payloads);
    assertEquals(numbered(1, 9), recovered(fs), "and none is missing for who flushed nothing");
  }

  @Test
  @Tag("D4")
  void nothing_behind_a_damaged_record_is_replayed() throws IOException {
    MemoryFileSystem fs = five();
    byte[] sound = fs.bytes(SEGMENT);
    for (int third = FIRST + 2 * SIZE; third < FIRST + 3 * SIZE; third++) {
      byte[] damaged = sound.clone();
      damaged[third] ^= 0x10;
      fs.replaceBytes(SEGMENT, damaged);
      LogFixture f = open(fs, ReplayFrom.BEGIN);
      assertEquals(numbered(1, 2), f.payloads);
      assertEquals(2, f.recovered.tailRecordsDropped(), "what lies behind is told of");
      assertFalse(f.recovered.clean());
      // Where they are known to be durable it is damage, and no record is passed over.
      Expect.failure(
          CorruptionException.class,
          () -> open(fs, new ReplayFrom(0, 5, List.of(1L))),
          "commit 3 of 5");
    }
  }

  @Test
  @Tag("D5")
  void a_damaged_length_takes_no_memory_and_swallows_nothing() throws IOException {
    MemoryFileSystem fs = five();
    byte[] sound = fs.bytes(SEGMENT);
    for (int length :
        new int[] {
          Integer.MAX_VALUE, Integer.MIN_VALUE, -1, 0, 1 << 30, 3000, 8 + SIZE, 7, 9, 16
        }) {
      byte[] damaged = sound.clone();
      Bytes.putInt(damaged, FIRST + 2 * SIZE + 4, length);
      fs.replaceBytes(SEGMENT, damaged);
      LogFixture f = open(fs, ReplayFrom.BEGIN);
      assertEquals(numbered(1, 2), f.payloads, "length " + length);
      assertEquals(2, f.recovered.tailRecordsDropped(), "records 4 and 5 are still found");
    }
  }

  @Test
  @Tag("D6")
  void the_checksum_covers_every_bit_of_a_record_and_is_castagnolis() throws IOException {
    assertEquals(0xE3069283, Checksum.of("123456789".getBytes(StandardCharsets.US_ASCII)));
    MemoryFileSystem fs = five();
    byte[] sound = fs.bytes(SEGMENT);
    for (int bit = 0; bit < 8 * SIZE; bit++) {
      byte[] damaged = sound.clone();
      damaged[FIRST + 4 * SIZE + bit / 8] ^= (byte) (1 << bit % 8);
      fs.replaceBytes(SEGMENT, damaged);
      assertEquals(numbered(1, 4), recovered(fs), "bit " + bit);
    }
  }

  @Test
  @Tag("D7")
  void what_is_appended_after_a_torn_tail_is_not_swallowed_by_it() throws IOException {
    MemoryFileSystem fs = fileSystem();
    List<String> expected = new ArrayList<>();
    for (int life = 1; life < 5; life++) {
      LogFixture f = LogFixture.open(fs, options(1, 4096));
      assertEquals(expected, f.payloads);
      f.append(0, "kept in life " + life);
      expected.add("kept in life " + life);
      f.log.syncNow();
      f.append(0, "torn " + "x".repeat(400));
      fs = fs.crash(new CrashImage(life, Mode.ALL));
      Path last = DIRECTORY.resolve(StoreFileName.segment(0, life));
      byte[] torn = fs.bytes(last);
      // Its header says 405 bytes; only the first 100 came to the device.
      java.util.Arrays.fill(torn, FIRST + 48 + 100, torn.length, (byte) 0);
      fs.replaceBytes(last, torn);
    }
    assertEquals(expected, recovered(fs));
  }

  @Test
  @Tag("D8")
  void lanes_come_back_in_one_order_and_stop_at_the_first_gap() throws IOException {
    MemoryFileSystem fs = fileSystem();
    LogFixture f = LogFixture.open(fs, options(3, 4096));
    append(f, 1, 30);
    assertEquals(numbered(1, 30), LogFixture.open(fs, options(3, 4096)).payloads);
    // Record 10 is the fourth of lane 1: without it nothing later may come back from any lane.
    Path lane = DIRECTORY.resolve(StoreFileName.segment(1, 1));
    byte[] bytes = fs.bytes(lane);
    bytes[FIRST + 3 * SIZE + 35] ^= 1;
    fs.replaceBytes(lane, bytes);
    assertEquals(numbered(1, 9), LogFixture.open(fs, options(3, 4096)).payloads);
  }

  @Test
  @Tag("D9b")
  void a_group_commit_is_on_the_device_when_it_returns() throws IOException {
    MemoryFileSystem fs = fileSystem();
    LogFixture f = LogFixture.open(fs, options(2, 4096));
    for (int i = 1; i <= 200; i++) {
      f.log.awaitGroup(f.append(i % 2, "record " + i));
      if (i % 20 == 0) {
        MemoryFileSystem after = fs.crash(new CrashImage(i, Mode.SYNCED_ONLY));
        assertEquals(numbered(1, i), LogFixture.open(after, options(2, 4096)).payloads);
      }
    }
  }

  @Test
  @Tag("D10")
  void a_sync_that_fails_in_the_background_is_not_swallowed() throws IOException {
    FaultFileSystem fs = new FaultFileSystem(fileSystem());
    InlineBackground background = new InlineBackground();
    LogFixture f = new LogFixture(fs, options(1, 4096), ReplayFrom.BEGIN, background);
    append(f, 1, 3);
    f.log.awaitPeriodic();
    fs.with(
        FaultRule.when(FaultRule.kind(Kind.FORCE))
            .times(1)
            .then(new Fault.SyncFails(SyncFailure.PAGES_MARKED_CLEAN)));
    assertThrows(IllegalStateException.class, background::runDelayed);
    assertTrue(f.failure.isFailed());
    assertThrows(IllegalStateException.class, () -> f.log.awaitGroup(3), "it is not tried again");
    assertEquals(0, f.log.durableThrough());
  }

  @Test
  @Tag("D10")
  void a_record_that_a_full_disk_refused_uses_up_no_number() throws IOException {
    MemoryFileSystem fs = fileSystem();
    fs.limit(4096);
    LogFixture f = LogFixture.open(fs, options(1, 4096));
    f.append(0, "record 1");
    assertThrows(NoSpaceException.class, () -> f.append(0, "x".repeat(4000)));
    assertEquals(2, f.append(0, "record 2"));
    assertEquals(numbered(1, 2), recovered(fs));
  }

  @Test
  @Tag("D10")
  void a_record_is_one_write() throws IOException {
    int[] writes = new int[1];
    FaultFileSystem fs =
        new FaultFileSystem(
            fileSystem(), operation -> writes[0] += operation.kind() == Kind.WRITE ? 1 : 0);
    LogFixture f = new LogFixture(fs, options(1, 65536), ReplayFrom.BEGIN, new InlineBackground());
    f.append(0, "the first also makes the segment");
    writes[0] = 0;
    for (int i = 0; i < 50; i++) {
      f.append(0, RecordKind.COMMIT, "record " + "x".repeat(i), true);
      f.log.syncNow();
    }
    assertEquals(50, writes[0]);
  }

  @Test
  @Tag("D10")
  void lanes_that_are_not_written_any_more_are_still_read() throws IOException {
    MemoryFileSystem fs = fileSystem();
    try (LogFixture f = LogFixture.open(fs, options(4, 4096))) {
      append(f, 1, 40);
    }
    try (LogFixture f = LogFixture.open(fs, options(1, 4096))) {
      assertEquals(numbered(1, 40), f.payloads);
      append(f, 41, 50);
    }
    assertEquals(numbered(1, 50), LogFixture.open(fs, options(2, 4096)).payloads);
  }

  @Test
  @Tag("D10")
  void a_new_segment_is_in_its_directory_before_a_record_in_it_is_acknowledged()
      throws IOException {
    MemoryFileSystem fs = fileSystem();
    LogFixture f = LogFixture.open(fs, options(1, 4096));
    for (int i = 1; i <= 300; i++) {
      f.log.awaitGroup(f.append(0, "record " + i));
      if (i % 25 == 0) {
        for (Mode mode : Mode.values()) {
          MemoryFileSystem after = fs.crash(new CrashImage(i, mode));
          assertEquals(numbered(1, i), recovered(after), mode + " after " + i);
        }
      }
    }
  }

  @Test
  @Tag("D10")
  void recovery_reads_through_a_window_whatever_the_length_of_the_log() throws IOException {
    MemoryFileSystem fs = fileSystem();
    try (LogFixture f = LogFixture.open(fs, options(1, 1 << 20))) {
      for (int i = 0; i < 8000; i++) {
        f.append(0, "x".repeat(1000));
      }
    }
    LogEnvironment env =
        new LogEnvironment(
            fs,
            DIRECTORY,
            LogFixture.STORE,
            Clock.SYSTEM,
            new InlineBackground(),
            new FailureLatch());
    Set<byte[]> buffers = Collections.newSetFromMap(new IdentityHashMap<>());
    LogRecovery.recover(
        env,
        ReplayFrom.BEGIN,
        (kind, sequence, array, offset, length) -> buffers.add(array),
        ProgressListener.NONE);
    assertTrue(buffers.size() <= fs.list(DIRECTORY).size(), buffers.size() + " buffers");
    for (byte[] buffer : buffers) {
      assertTrue(buffer.length <= 256 << 10, buffer.length + " bytes");
    }
  }
}
