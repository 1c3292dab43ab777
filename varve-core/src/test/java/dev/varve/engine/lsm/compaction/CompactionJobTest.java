package dev.varve.engine.lsm.compaction;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.InlineBackground;
import dev.varve.base.InvariantError;
import dev.varve.engine.lsm.compaction.CompactionDecision.Merge;
import dev.varve.engine.lsm.compaction.CompactionDecision.Reason;
import dev.varve.engine.lsm.sstable.RangeTombstone;
import dev.varve.engine.lsm.version.SstableMeta;
import dev.varve.engine.lsm.version.Version;
import dev.varve.engine.lsm.version.VersionEdit;
import dev.varve.fs.MemoryFileSystem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// One job at a time, without a scheduler.
final class CompactionJobTest {
  private static final CompactionOptions OPTIONS =
      new CompactionOptions(4, 10_000, 10, 2000, 6000, 100_000, Duration.ZERO);

  private final MemoryFileSystem memory = MemoryFileSystem.withoutCrashes();
  private final CompactionFixture fixture;

  CompactionJobTest() throws IOException {
    fixture = new CompactionFixture(memory, new InlineBackground());
  }

  @AfterEach
  void end() throws IOException {
    fixture.close();
    assertEquals(List.of(), memory.openFiles());
  }

  private CompactionJob job(Merge merge, int parts) throws IOException {
    JobPlan plan =
        new JobPlan(
            fixture, OPTIONS, merge, fixture.versions.current(), new Stripes(fixture.visible()));
    return new CompactionJob(plan, new RateLimit(fixture.clock(), 0), parts);
  }

  private CompactionJob.Outcome run(Merge merge, int parts) throws IOException {
    CompactionJob job = job(merge, parts);
    job.survey();
    for (int i = job.slices() - 1; i >= 0; i--) {
      job.runSlice(i);
    }
    return job.finish();
  }

  private void install(Merge merge, CompactionJob.Outcome outcome) throws IOException {
    List<VersionEdit.Removed> removed = new ArrayList<>();
    for (SstableMeta input : merge.inputs()) {
      int level = merge.upper().contains(input) ? merge.level() : merge.outputLevel();
      removed.add(new VersionEdit.Removed(level, input.number()));
    }
    fixture.versions.install(
        VersionEdit.compaction(removed, merge.outputLevel(), outcome.outputs()));
  }

  private Merge levelZero() {
    Version version = fixture.versions.current();
    List<SstableMeta> upper = new ArrayList<>(version.level(0));
    return new Merge(Reason.LEVEL_ZERO, 0, upper.reversed(), 1, version.level(1));
  }

  /** D11: a tombstone goes only where nothing older can lie beneath it. */
  @Test
  void a_deleted_key_does_not_come_back_from_a_deeper_level() throws IOException {
    fixture.batch().put(1, "old").put(2, "old").put(3, "old").place(4);
    fixture.batch().delete(1).deleteRange(3, 4).delete(50).deleteRange(60, 70).flush();
    Merge merge = levelZero();
    CompactionJob.Outcome outcome = run(merge, 1);
    install(merge, outcome);
    assertEquals(List.of("k00001@4 deleted"), fixture.entries().subList(0, 1));
    // Nothing is beneath keys 50 and 60 to 69.
    assertEquals(1, outcome.tally().tombstones);
    assertEquals(1, outcome.outputs().getFirst().counts().tombstones());
    assertEquals(1, outcome.outputs().getFirst().counts().rangeTombstones());
    fixture.check("after");
  }

  /** D11: no output without anything in it. */
  @Test
  void what_leaves_nothing_makes_no_file() throws IOException {
    fixture.batch().put(1, "a").put(2, "b").deleteRange(0, 100).delete(7).flush();
    Merge merge = levelZero();
    CompactionJob.Outcome outcome = run(merge, 1);
    assertEquals(List.of(), outcome.outputs());
    assertEquals(2, outcome.tally().hidden);
    assertEquals(1, outcome.tally().tombstones);
    install(merge, outcome);
    assertEquals(0, fixture.versions.current().bytes());
    assertEquals(1, fixture.created.size());
  }

  /** D19: what a snapshot sees is kept, whatever came later. */
  @Test
  void of_each_key_the_newest_revision_below_each_snapshot_is_kept_and_no_other()
      throws IOException {
    CompactionFixture.Batch batch = fixture.batch();
    batch.put(1, "1").put(1, "2");
    fixture.snapshot();
    batch.put(1, "3").put(1, "4").delete(1);
    fixture.snapshot();
    batch.put(1, "6").deleteRange(0, 5).put(1, "8").put(1, "9").flush();
    Merge merge = levelZero();
    install(merge, run(merge, 1));
    assertEquals(List.of("k00001@9", "k00001@5 deleted", "k00001@2"), fixture.entries());
    fixture.check("after");
  }

  /** D19: a reader may yet begin anywhere above the newest that is visible. */
  @Test
  void what_nobody_can_see_yet_is_kept_whole() throws IOException {
    fixture.batch().put(1, "1").put(1, "2").deleteRange(0, 2).put(1, "4").put(1, "5").flush();
    // The first three are visible.
    Merge merge = levelZero();
    JobPlan plan =
        new JobPlan(
            fixture, OPTIONS, merge, fixture.versions.current(), new Stripes(new long[] {2}));
    CompactionJob job = new CompactionJob(plan, new RateLimit(fixture.clock(), 0), 1);
    job.survey();
    job.runSlice(0);
    CompactionJob.Outcome outcome = job.finish();
    install(merge, outcome);
    assertEquals(List.of("k00001@5", "k00001@4", "k00001@2"), fixture.entries());
    assertEquals(1, outcome.outputs().getFirst().counts().rangeTombstones());
  }

  /** D18: outputs of the size asked for, and a key in one of them alone. */
  @Test
  void outputs_are_cut_between_keys_and_where_they_overlap_too_much_beneath() throws IOException {
    for (int i = 0; i < 8; i++) {
      CompactionFixture.Batch deep = fixture.batch();
      for (int j = 0; j < 10; j++) {
        deep.put(20 * i + j, "x".repeat(200));
      }
      var _ = deep.place(2);
    }
    CompactionFixture.Batch batch = fixture.batch();
    for (int i = 0; i < 160; i++) {
      for (int revision = 0; revision < 3; revision++) {
        batch.put(i, "y".repeat(100));
        if (i % 16 == 3) {
          fixture.snapshot();
        }
      }
    }
    var _ = batch.deleteRange(5, 150).flush();
    Merge merge = levelZero();
    CompactionJob.Outcome outcome = run(merge, 1);
    Version before = fixture.versions.current();
    for (SstableMeta output : outcome.outputs()) {
      long beneath =
          before.overlapping(2, output.from(), output.to()).stream()
              .mapToLong(SstableMeta::fileBytes)
              .sum();
      assertTrue(beneath <= OPTIONS.grandparentBytesMax(), output + " over " + beneath);
      assertTrue(output.fileBytes() < 3 * OPTIONS.targetFileBytes(), output.toString());
    }
    assertTrue(outcome.outputs().size() > 4);
    // Applying it checks that no key is in two of them.
    install(merge, outcome);
    fixture.check("after");
    fixture.verify();
  }

  @Test
  void slices_together_make_what_one_makes() throws IOException {
    for (int i = 0; i < 10; i++) {
      CompactionFixture.Batch lower = fixture.batch();
      for (int j = 0; j < 20; j++) {
        lower.put(20 * i + j, "old " + j);
      }
      var _ = lower.place(1);
    }
    fixture.snapshot();
    CompactionFixture.Batch upper = fixture.batch();
    for (int i = 0; i < 200; i += 3) {
      upper.put(i, "new");
    }
    var _ = upper.deleteRange(15, 95).deleteRange(170, null).flush();
    Merge merge = levelZero();
    CompactionJob.Outcome one = run(merge, 1);
    CompactionJob.Outcome four = run(merge, 4);
    assertEquals(one.tally().read, four.tally().read);
    assertEquals(one.tally().keptContent, four.tally().keptContent);
    assertEquals(one.tally().hidden, four.tally().hidden);
    assertEquals(4, job(merge, 4).slices());
    install(merge, four);
    fixture.check("after");
  }

  /** D12: what was read is what the inputs said they had, or nothing comes of it. */
  @Test
  void an_input_that_does_not_give_what_it_said_is_noticed() throws IOException {
    fixture.batch().put(1, "a").put(2, "b").flush();
    long other = fixture.batch().put(1, "a").write().number();
    Merge merge = levelZero();
    CompactionJob job = job(merge, 1);
    job.survey();
    fixture.instead = _ -> other;
    job.runSlice(0);
    assertThrows(InvariantError.class, job::finish);
  }

  @Test
  void a_cancelled_job_ends_and_leaves_no_temporary_file() throws IOException {
    CompactionFixture.Batch batch = fixture.batch();
    for (int i = 0; i < 3000; i++) {
      batch.put(i, "v");
    }
    var _ = batch.flush();
    CompactionJob job = job(levelZero(), 1);
    job.survey();
    job.cancel();
    assertThrows(CancellationException.class, () -> job.runSlice(0));
    assertFalse(memory.list(CompactionFixture.DIRECTORY).toString().contains(".tmp"));
  }

  /** D18: a limit of 0 is none. */
  @Test
  void a_rate_of_zero_is_no_limit_and_any_other_is_kept_by_the_clock() {
    RateLimit none = new RateLimit(fixture.clock(), 0);
    assertEquals(0, none.delayNanos(Long.MAX_VALUE / 2));
    RateLimit thousand = new RateLimit(fixture.clock(), 1000);
    assertEquals(0, thousand.delayNanos(100));
    assertEquals(Duration.ofMillis(500).toNanos(), thousand.delayNanos(500));
    assertEquals(Duration.ofMillis(1500).toNanos(), thousand.delayNanos(1000));
    fixture.pass(Duration.ofSeconds(1));
    assertEquals(Duration.ofMillis(600).toNanos(), thousand.delayNanos(100));
    fixture.pass(Duration.ofHours(1));
    assertEquals(Duration.ofMillis(900).toNanos(), thousand.delayNanos(1000));
  }

  @Test
  void range_tombstones_become_pieces_with_what_matters_to_somebody() {
    Stripes stripes = new Stripes(new long[] {10, 20});
    RangeFragments fragments =
        new RangeFragments(
            List.of(
                range(1, 5, 3),
                range(3, 9, 7),
                range(3, 4, 15),
                range(20, null, 25),
                range(21, 22, 26),
                range(9, 12, 7)),
            stripes);
    List<String> texts =
        fragments.within(CompactionFixture.key(2), null).stream()
            .map(f -> number(f.from()) + "-" + number(f.to()) + Arrays.toString(f.sequences()))
            .toList();
    assertEquals(
        List.of("2-3[3]", "3-4[15, 7]", "4-12[7]", "20-21[25]", "21-22[26, 25]", "22-null[25]"),
        texts);
    byte[] three = CompactionFixture.key(3);
    fragments.moveTo(three, three.length);
    assertTrue(fragments.hides(0, 6));
    assertFalse(fragments.hides(0, 7));
    assertTrue(fragments.hides(1, 14));
    assertFalse(fragments.hides(1, 15));
    byte[] last = CompactionFixture.key(21);
    fragments.moveTo(last, last.length);
    assertFalse(fragments.hides(2, 24));
  }

  private static RangeTombstone range(int from, @Nullable Integer to, long sequence) {
    return new RangeTombstone(
        CompactionFixture.key(from), to == null ? null : CompactionFixture.key(to), sequence);
  }

  private static String number(byte @Nullable [] key) {
    return key == null
        ? "null"
        : String.valueOf(Integer.parseInt(new String(key, StandardCharsets.US_ASCII).substring(1)));
  }

  @Test
  void stripes_divide_the_numbers_by_who_may_read() {
    Stripes stripes = new Stripes(new long[] {5, 5, 9});
    assertEquals(0, stripes.of(1));
    assertEquals(0, stripes.of(5));
    assertEquals(2, stripes.of(6));
    assertEquals(2, stripes.of(9));
    assertEquals(3, stripes.of(10));
    assertTrue(stripes.isClosed(2));
    assertFalse(stripes.isClosed(3));
    assertInstanceOf(
        IllegalArgumentException.class,
        assertThrows(RuntimeException.class, () -> new Stripes(new long[0])));
  }
}
