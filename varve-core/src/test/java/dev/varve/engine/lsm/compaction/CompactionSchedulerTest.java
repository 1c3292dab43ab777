package dev.varve.engine.lsm.compaction;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.BackgroundThreads;
import dev.varve.base.InlineBackground;
import dev.varve.engine.lsm.version.Manifest;
import dev.varve.engine.lsm.version.SstableMeta;
import dev.varve.engine.lsm.version.Version;
import dev.varve.engine.lsm.version.VersionSet;
import dev.varve.format.EditFile;
import dev.varve.fs.CrashImage;
import dev.varve.fs.Fault;
import dev.varve.fs.FaultFileSystem;
import dev.varve.fs.FaultRule;
import dev.varve.fs.FileSystem;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.ProgressListener;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

final class CompactionSchedulerTest {
  private static final CompactionOptions OPTIONS =
      new CompactionOptions(4, 100_000, 10, 2000, 6000, 100_000, Duration.ZERO);
  private static final CompactionLimits ONE = new CompactionLimits(1, 1, 0);

  private final InlineBackground inline = new InlineBackground();

  /** Four sstables at level 0 over one at level 1: a merge is due. */
  private static void fill(CompactionFixture fixture) throws IOException {
    CompactionFixture.Batch lower = fixture.batch();
    for (int i = 0; i < 100; i += 2) {
      lower.put(i, "old");
    }
    var _ = lower.place(1);
    for (int flush = 0; flush < 4; flush++) {
      CompactionFixture.Batch batch = fixture.batch();
      for (int i = flush; i < 100; i += 3) {
        batch.put(i, "new " + flush);
      }
      var _ = batch.delete(50 + flush).flush();
    }
  }

  private static Set<Long> files(FileSystem fs) throws IOException {
    Set<Long> numbers = new TreeSet<>();
    for (String name : fs.list(CompactionFixture.DIRECTORY)) {
      if (name.endsWith(".sst")) {
        numbers.add(Long.parseLong(name.replaceAll("^ks-3-|\\.sst$", "")));
      }
    }
    return numbers;
  }

  private static List<Long> numbers(Version version) {
    return version.all().stream().map(SstableMeta::number).toList();
  }

  /** D12: what cannot be read is never taken as the end of an input. */
  @Test
  void an_unreadable_input_keeps_the_inputs_and_is_not_tried_again_at_once() throws IOException {
    MemoryFileSystem memory = MemoryFileSystem.withoutCrashes();
    try (CompactionFixture fixture = new CompactionFixture(memory, inline);
        CompactionScheduler scheduler = new CompactionScheduler(fixture, OPTIONS, ONE)) {
      fill(fixture);
      List<Long> before = numbers(fixture.versions.current());
      SstableMeta damaged = fixture.versions.current().level(0).get(2);
      byte[] sound = memory.bytes(fixture.sstables.path(damaged.number()));
      byte[] bytes = sound.clone();
      bytes[300] ^= 1;
      memory.replaceBytes(fixture.sstables.path(damaged.number()), bytes);
      scheduler.wake();
      scheduler.wake();
      assertEquals(before, numbers(fixture.versions.current()));
      assertEquals(new TreeSet<>(before), files(memory));
      assertEquals(1, fixture.failures.size());
      assertInstanceOf(CorruptionException.class, fixture.failures.getFirst().cause());
      assertFalse(fixture.failures.getFirst().isFinal());
      assertTrue(fixture.failures.getFirst().inputs().contains(damaged.number()));
      fixture.pass(Duration.ofSeconds(2));
      inline.runDelayed();
      assertEquals(2, fixture.failures.size());
      assertThrows(
          CorruptionException.class, () -> scheduler.compact(null, null, ProgressListener.NONE));
      memory.replaceBytes(fixture.sstables.path(damaged.number()), sound);
      fixture.pass(Duration.ofMinutes(10));
      scheduler.wake();
      assertEquals(List.of(), fixture.versions.current().level(0));
      fixture.check("in the end");
      CompactionStats stats = scheduler.stats();
      assertEquals(3, stats.failed());
      CompactionModelTest.requireSums(stats, "");
    }
  }

  /** D18: a last level that holds more than any threshold has nowhere to go. */
  @Test
  void a_last_level_past_its_threshold_does_not_loop() throws IOException {
    CompactionOptions tiny =
        new CompactionOptions(4, 1, 2, 1000, 1000, 1000, Duration.ofSeconds(1));
    try (CompactionFixture fixture =
            new CompactionFixture(MemoryFileSystem.withoutCrashes(), inline);
        CompactionScheduler scheduler = new CompactionScheduler(fixture, tiny, ONE)) {
      fill(fixture);
      fixture.pass(Duration.ofHours(1));
      scheduler.wake();
      Version version = fixture.versions.current();
      assertEquals(version.all(), version.level(6));
      long submitted = scheduler.stats().submitted();
      for (int i = 0; i < 10; i++) {
        fixture.pass(Duration.ofHours(1));
        scheduler.wake();
      }
      assertEquals(submitted, scheduler.stats().submitted());
      fixture.check("in the end");
    }
  }

  /** D16: bytes written to sstables, by bytes that callers wrote. */
  @Test
  void write_amplification_is_what_was_written_by_what_was_accepted() throws IOException {
    try (CompactionFixture fixture =
            new CompactionFixture(MemoryFileSystem.withoutCrashes(), inline);
        CompactionScheduler scheduler = new CompactionScheduler(fixture, OPTIONS, ONE)) {
      fill(fixture);
      Version before = fixture.versions.current();
      scheduler.wake();
      CompactionStats stats = scheduler.stats();
      Version after = fixture.versions.current();
      assertEquals(before.bytes(0), stats.bytesRead().get(0));
      assertEquals(before.bytes(1), stats.bytesRead().get(1));
      assertEquals(after.bytes(1), stats.bytesWritten().get(1));
      assertEquals(after.bytes(), stats.allBytesWritten());
      assertEquals(
          (before.bytes() + after.bytes()) / 1000.0,
          stats.writeAmplification(before.bytes(), 1000));
      assertEquals(0, stats.writeAmplification(0, 0));
      assertEquals(before.counts().entries(), stats.entriesRead());
      assertEquals(after.counts().entries(), stats.entriesWritten());
      CompactionModelTest.requireSums(stats, "");
    }
  }

  /** D18: what overlaps nothing is not rewritten. */
  @Test
  void an_sstable_that_overlaps_nothing_moves_without_being_read() throws IOException {
    try (CompactionFixture fixture =
            new CompactionFixture(MemoryFileSystem.withoutCrashes(), inline);
        CompactionScheduler scheduler = new CompactionScheduler(fixture, OPTIONS, ONE)) {
      for (int i = 0; i < 4; i++) {
        var _ = fixture.batch().put(i, "v").flush();
      }
      List<Long> before = numbers(fixture.versions.current());
      scheduler.wake();
      assertEquals(1, scheduler.stats().moves());
      assertEquals(1, scheduler.stats().succeeded());
      assertEquals(List.of(before.getLast()), numbers(fixture.versions.current()).subList(3, 4));
      assertEquals(0, fixture.opened.get());
      assertEquals(Set.of(), fixture.obsolete);
    }
  }

  @Test
  void files_that_a_reader_pins_outlive_their_compaction() throws IOException {
    try (CompactionFixture fixture =
            new CompactionFixture(MemoryFileSystem.withoutCrashes(), inline);
        CompactionScheduler scheduler = new CompactionScheduler(fixture, OPTIONS, ONE)) {
      fill(fixture);
      Set<Long> inputs = Set.copyOf(numbers(fixture.versions.current()));
      try (VersionSet.Pin _ = fixture.versions.pin()) {
        scheduler.wake();
        assertEquals(Set.of(), fixture.obsolete);
      }
      assertEquals(inputs, fixture.obsolete);
    }
  }

  @Test
  void no_space_or_a_failing_device_anywhere_keeps_the_inputs() throws IOException {
    for (Fault.Errno error : List.of(Fault.Errno.ENOSPC, Fault.Errno.EIO)) {
      boolean struck = true;
      for (int at = 0; struck; at++) {
        struck = strike(error, at);
      }
    }
  }

  /** Has the change with this index fail for once; answers whether there was one. */
  private boolean strike(Fault.Errno error, int at) throws IOException {
    String name = error + " at change " + at;
    MemoryFileSystem memory = MemoryFileSystem.withoutCrashes();
    FaultFileSystem faulty = new FaultFileSystem(memory);
    InlineBackground background = new InlineBackground();
    try (CompactionFixture fixture = new CompactionFixture(faulty, background);
        CompactionScheduler scheduler = new CompactionScheduler(fixture, OPTIONS, ONE)) {
      fill(fixture);
      List<Long> before = numbers(fixture.versions.current());
      long index = faulty.operationCount() + at;
      FaultRule.Condition here = FaultRule.index(index);
      var _ =
          faulty.with(
              FaultRule.when(error == Fault.Errno.EIO ? here : here.and(FaultRule.changes()))
                  .then(new Fault.Refused(error)));
      scheduler.wake();
      faulty.heal();
      boolean reached = faulty.operationCount() > index;
      if (fixture.failures.isEmpty()) {
        fixture.check(name);
        return reached;
      }
      CompactionFailure failure = fixture.failures.getFirst();
      assertEquals(before, numbers(fixture.versions.current()), name);
      assertTrue(files(memory).containsAll(before), name);
      fixture.check(name);
      if (!failure.isFinal()) {
        assertEquals(new TreeSet<>(before), files(memory), name);
        fixture.pass(Duration.ofMinutes(1));
        background.runDelayed();
        assertEquals(List.of(), fixture.versions.current().level(0), name);
        fixture.check(name);
        Set<Long> known = new TreeSet<>(before);
        known.addAll(numbers(fixture.versions.current()));
        assertEquals(known, files(memory), name);
      } else {
        // A manifest that finds no space in its sync may have the edit.
        assertTrue(
            error == Fault.Errno.EIO
                || String.valueOf(failure.cause().getMessage()).contains(".manifest"),
            name);
        scheduler.wake();
        assertEquals(before, numbers(fixture.versions.current()), name);
      }
      CompactionModelTest.requireSums(scheduler.stats(), name);
      return true;
    }
  }

  /** D14, D15: what a power cut leaves is the version before or after, and nothing unknown. */
  @Test
  void a_crash_at_any_point_leaves_the_old_version_or_the_new_one() throws IOException {
    MemoryFileSystem memory = new MemoryFileSystem();
    List<MemoryFileSystem> images = new ArrayList<>();
    List<String> names = new ArrayList<>();
    boolean[] watching = {false};
    FaultFileSystem watched =
        new FaultFileSystem(
            memory,
            operation -> {
              if (watching[0] && operation.kind().changes()) {
                for (CrashImage.Mode mode : CrashImage.Mode.values()) {
                  CrashImage image = new CrashImage(operation.index(), mode);
                  images.add(memory.crash(image));
                  names.add(operation + ", " + image);
                }
              }
            });
    try (CompactionFixture fixture = new CompactionFixture(watched, inline);
        CompactionScheduler scheduler = new CompactionScheduler(fixture, OPTIONS, ONE)) {
      fill(fixture);
      List<Long> before = numbers(fixture.versions.current());
      EditFile.Pointer pointer = fixture.versions.pointer(Long.MAX_VALUE);
      watching[0] = true;
      scheduler.wake();
      watching[0] = false;
      List<Long> after = numbers(fixture.versions.current());
      assertTrue(images.size() > 50);
      Set<List<Long>> seen = new java.util.HashSet<>();
      for (int i = 0; i < images.size(); i++) {
        MemoryFileSystem image = images.get(i);
        Version version = Manifest.read(CompactionFixture.place(image), pointer).version();
        assertTrue(List.of(before, after).contains(numbers(version)), names.get(i));
        boolean _ = seen.add(numbers(version));
        var environment = CompactionFixture.environment(image, fixture.clock());
        for (SstableMeta sstable : version.all()) {
          var reader =
              dev.varve.engine.lsm.sstable.SstableReader.open(
                  environment,
                  sstable.number(),
                  dev.varve.engine.lsm.sstable.SstableOptions.DEFAULTS);
          reader.verify();
          reader.release();
        }
        for (String name : image.list(CompactionFixture.DIRECTORY)) {
          assertTrue(
              name.matches("ks-3-\\d+\\.(sst|manifest)(\\.tmp)?"), names.get(i) + " left " + name);
        }
      }
      assertTrue(seen.contains(before));
    }
  }

  /** C22: what was asked for twice is counted as such, and nothing twice. */
  @Test
  void manual_compactions_that_wait_for_the_same_share_one_run() throws Exception {
    CountDownLatch held = new CountDownLatch(1);
    CountDownLatch reached = new CountDownLatch(1);
    try (CompactionFixture fixture =
            new CompactionFixture(
                MemoryFileSystem.withoutCrashes(),
                new BackgroundThreads("compaction", 2, failure -> {}));
        CompactionScheduler scheduler =
            new CompactionScheduler(fixture, OPTIONS, new CompactionLimits(2, 2, 0))) {
      fill(fixture);
      List<Throwable> thrown = new java.util.concurrent.CopyOnWriteArrayList<>();
      Thread first =
          thread(
              thrown,
              () ->
                  scheduler.compact(
                      null,
                      null,
                      progress -> {
                        reached.countDown();
                        await(held);
                        return true;
                      }));
      await(reached);
      Thread second = thread(thrown, () -> scheduler.compact(null, null, ProgressListener.NONE));
      while (scheduler.stats().coalesced() == 0) {
        Thread third =
            thread(
                thrown,
                () ->
                    scheduler.compact(
                        CompactionFixture.key(3), CompactionFixture.key(9), ProgressListener.NONE));
        third.join(50);
      }
      held.countDown();
      first.join();
      second.join();
      assertEquals(List.of(), thrown);
      assertTrue(scheduler.awaitQuiet(Duration.ofSeconds(30)));
      CompactionStats stats = scheduler.stats();
      assertEquals(0, stats.failed());
      CompactionModelTest.requireSums(stats, "");
      fixture.check("in the end");
      assertEquals(fixture.versions.current().all(), fixture.versions.current().level(1));
    }
  }

  @Test
  void a_listener_stops_a_manual_compaction_and_close_stops_any() throws Exception {
    try (CompactionFixture fixture =
        new CompactionFixture(
            MemoryFileSystem.withoutCrashes(),
            new BackgroundThreads("compaction", 2, failure -> {}))) {
      // A byte a second: it would never end.
      CompactionScheduler scheduler =
          new CompactionScheduler(fixture, OPTIONS, new CompactionLimits(2, 1, 1));
      fill(fixture);
      List<Long> before = numbers(fixture.versions.current());
      assertThrows(
          CancellationException.class,
          () -> scheduler.compact(null, null, progress -> progress.total() < 0));
      assertEquals(1, scheduler.stats().cancelled());
      scheduler.wake();
      scheduler.close();
      assertEquals(0, scheduler.stats().running());
      assertEquals(before, numbers(fixture.versions.current()));
      assertEquals(new TreeSet<>(before), files(fixture.fs));
      assertEquals(List.of(), fixture.failures);
      CompactionModelTest.requireSums(scheduler.stats(), "");
      assertThrows(
          CancellationException.class, () -> scheduler.compact(null, null, ProgressListener.NONE));
    }
  }

  private interface Work {
    void run() throws Exception;
  }

  private static Thread thread(List<Throwable> thrown, Work work) {
    return Thread.ofPlatform()
        .start(
            () -> {
              try {
                work.run();
              } catch (Throwable e) {
                thrown.add(e);
              }
            });
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
