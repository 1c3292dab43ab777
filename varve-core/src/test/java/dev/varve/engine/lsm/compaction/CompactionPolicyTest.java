package dev.varve.engine.lsm.compaction;

import static dev.varve.engine.lsm.version.VersionFixture.sstable;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.Bytes;
import dev.varve.engine.lsm.compaction.CompactionDecision.Merge;
import dev.varve.engine.lsm.compaction.CompactionDecision.Move;
import dev.varve.engine.lsm.compaction.CompactionDecision.Nothing;
import dev.varve.engine.lsm.compaction.CompactionDecision.Reason;
import dev.varve.engine.lsm.compaction.CompactionPolicy.Surroundings;
import dev.varve.engine.lsm.version.SstableMeta;
import dev.varve.engine.lsm.version.Version;
import dev.varve.engine.lsm.version.VersionEdit;
import dev.varve.engine.lsm.version.VersionEdit.Added;
import dev.varve.engine.lsm.version.VersionEdit.Removed;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class CompactionPolicyTest {
  private static final CompactionOptions OPTIONS =
      new CompactionOptions(4, 1000, 10, 100, 1000, 2500, Duration.ofHours(24));
  private static final Surroundings CALM = Surroundings.calm(Long.MAX_VALUE, 0);
  private static final long LATER = Duration.ofHours(25).toMillis();

  private static Version version(Object... levelsAndSstables) {
    List<Added> added = new ArrayList<>();
    for (int i = 0; i < levelsAndSstables.length; i += 2) {
      added.add(new Added((int) levelsAndSstables[i], (SstableMeta) levelsAndSstables[i + 1]));
    }
    return Version.EMPTY.apply(new VersionEdit(added, List.of(), 0, 0, List.of()));
  }

  private static List<Long> numbers(List<SstableMeta> sstables) {
    return sstables.stream().map(SstableMeta::number).toList();
  }

  @Test
  void nothing_is_due_below_the_thresholds() {
    Version version =
        version(
            0, sstable(1, "a", "z", 1),
            0, sstable(2, "a", "z", 2),
            0, sstable(3, "a", "z", 3),
            1, sstable(4, "a", "m", 0, 999, 0));
    assertInstanceOf(Nothing.class, CompactionPolicy.pick(version, OPTIONS, CALM));
  }

  @Test
  void level_zero_goes_down_with_all_that_it_overlaps_oldest_first() {
    Version version =
        version(
            0, sstable(1, "a", "c", 1),
            0, sstable(2, "b", "d", 2),
            0, sstable(3, "x", "z", 3),
            0, sstable(4, "a", "b", 4),
            1, sstable(5, "a", "bb", 0),
            1, sstable(6, "e", "f", 0),
            1, sstable(7, "y", "yy", 0),
            1, sstable(8, "z", null, 0));
    Merge merge = assertInstanceOf(Merge.class, CompactionPolicy.pick(version, OPTIONS, CALM));
    assertEquals(Reason.LEVEL_ZERO, merge.reason());
    assertEquals(List.of(1L, 2L, 3L, 4L), numbers(merge.upper()));
    assertEquals(List.of(5L, 6L, 7L), numbers(merge.lower()));
    assertEquals(1, merge.outputLevel());
  }

  @Test
  void what_is_newer_than_a_running_jobs_input_never_gets_beneath_it() {
    Version version =
        version(
            0, sstable(1, "a", "c", 1),
            0, sstable(2, "a", "c", 2),
            0, sstable(3, "a", "c", 3),
            0, sstable(4, "a", "c", 4),
            0, sstable(5, "x", "z", 5));
    Merge running =
        new Merge(Reason.LEVEL_ZERO, 0, List.of(version.level(0).getLast()), 1, List.of());
    assertInstanceOf(
        Nothing.class,
        CompactionPolicy.pick(
            version, OPTIONS, new Surroundings(List.of(running), Long.MAX_VALUE, 0)));
  }

  @Test
  void level_zero_takes_no_more_than_a_job_may_and_always_something() {
    Version version =
        version(
            0, sstable(1, "a", "c", 1, 2000, 0),
            0, sstable(2, "a", "c", 2, 2000, 0),
            0, sstable(3, "a", "c", 3, 9000, 0),
            0, sstable(4, "a", "c", 4, 100, 0),
            1, sstable(9, "b", "c", 0));
    Merge merge = assertInstanceOf(Merge.class, CompactionPolicy.pick(version, OPTIONS, CALM));
    assertEquals(List.of(1L), numbers(merge.upper()));
  }

  @Test
  void the_oldest_is_merged_with_what_has_its_keys_and_not_moved_first() {
    Version version =
        version(
            0, sstable(1, "a", "f", 1),
            0, sstable(2, "g", "h", 2),
            0, sstable(3, "c", "d", 3),
            0, sstable(4, "k", "m", 4));
    Merge merge = assertInstanceOf(Merge.class, CompactionPolicy.pick(version, OPTIONS, CALM));
    assertEquals(List.of(1L, 2L, 3L, 4L), numbers(merge.upper()));
  }

  @Test
  void an_sstable_that_overlaps_nothing_moves() {
    Version version =
        version(
            0, sstable(1, "a", "b", 1),
            0, sstable(2, "c", "d", 2),
            0, sstable(3, "e", "f", 3),
            0, sstable(4, "g", "h", 4));
    Move move = assertInstanceOf(Move.class, CompactionPolicy.pick(version, OPTIONS, CALM));
    assertEquals(1, move.sstable().number());
  }

  @Test
  void an_sstable_with_too_many_grandparents_or_with_tombstones_at_the_bottom_is_merged() {
    Version grandparents =
        version(
            0, sstable(1, "a", "z", 1),
            0, sstable(2, "a", "z", 2),
            0, sstable(3, "a", "z", 3),
            0, sstable(4, "a", "z", 4),
            2, sstable(5, "a", "m", 0, 1001, 0));
    assertInstanceOf(Merge.class, CompactionPolicy.pick(grandparents, OPTIONS, CALM));
    Version tombstones =
        version(
            0, sstable(1, "a", "b", 1, 10, 3),
            0, sstable(2, "a", "z", 2),
            0, sstable(3, "a", "z", 3),
            0, sstable(4, "a", "z", 4));
    assertInstanceOf(Merge.class, CompactionPolicy.pick(tombstones, OPTIONS, CALM));
  }

  @Test
  void of_a_full_level_the_sstable_with_least_to_rewrite_goes() {
    Version version =
        version(
            1, sstable(1, "a", "c", 1, 600, 0),
            1, sstable(2, "d", "f", 1, 600, 0),
            2, sstable(3, "a", "c", 0, 900, 0),
            2, sstable(4, "d", "f", 0, 300, 0));
    Merge merge = assertInstanceOf(Merge.class, CompactionPolicy.pick(version, OPTIONS, CALM));
    assertEquals(List.of(2L), numbers(merge.upper()));
    assertEquals(List.of(4L), numbers(merge.lower()));
    Merge other =
        assertInstanceOf(
            Merge.class,
            CompactionPolicy.pick(
                version, OPTIONS, new Surroundings(List.of(merge), Long.MAX_VALUE, 0)));
    assertEquals(List.of(1L), numbers(other.upper()));
  }

  @Test
  void the_fullest_level_goes_first_so_that_none_starves() {
    Version version =
        version(
            0, sstable(1, "a", "z", 11),
            0, sstable(2, "a", "z", 12),
            0, sstable(3, "a", "z", 13),
            0, sstable(4, "a", "z", 14),
            1, sstable(5, "a", "m", 1, 3000, 0),
            2, sstable(6, "b", "c", 0));
    Merge merge = assertInstanceOf(Merge.class, CompactionPolicy.pick(version, OPTIONS, CALM));
    assertEquals(1, merge.level());
  }

  @Test
  void the_last_level_is_never_due_however_much_it_holds() {
    Version version = version(6, sstable(1, "a", "z", 1, Long.MAX_VALUE / 2, 0));
    assertEquals(0, CompactionPolicy.score(version, OPTIONS, 6));
    assertInstanceOf(Nothing.class, CompactionPolicy.pick(version, OPTIONS, CALM));
  }

  @Test
  void old_tombstones_go_down_and_at_the_bottom_wait_for_the_last_snapshot() {
    Version above = version(1, sstable(1, "a", "z", 5, 100, 1), 3, sstable(2, "b", "c", 0));
    Surroundings young = Surroundings.calm(Long.MAX_VALUE, 2000);
    Surroundings old = Surroundings.calm(Long.MAX_VALUE, LATER);
    assertInstanceOf(Nothing.class, CompactionPolicy.pick(above, OPTIONS, young));
    Merge merge = assertInstanceOf(Merge.class, CompactionPolicy.pick(above, OPTIONS, old));
    assertEquals(Reason.TOMBSTONES, merge.reason());
    assertEquals(2, merge.outputLevel());
    Version bottom = version(3, sstable(1, "a", "z", 5, 100, 1));
    assertInstanceOf(
        Nothing.class, CompactionPolicy.pick(bottom, OPTIONS, Surroundings.calm(5, LATER)));
    Merge rewrite =
        assertInstanceOf(
            Merge.class, CompactionPolicy.pick(bottom, OPTIONS, Surroundings.calm(6, LATER)));
    assertEquals(Reason.BOTTOM, rewrite.reason());
    assertEquals(3, rewrite.outputLevel());
    assertTrue(rewrite.isBottom(bottom));
  }

  @Test
  void boundaries_divide_the_work() {
    List<SstableMeta> lower = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      lower.add(sstable(i + 2, Simulation.key(i), Simulation.key(i + 1), 0));
    }
    Merge merge = new Merge(Reason.LEVEL_ZERO, 0, List.of(sstable(1, "0", "9", 9)), 1, lower);
    assertEquals(1, merge.boundaries(2).size());
    assertEquals("00005", Simulation.text(merge.boundaries(2).getFirst()));
    assertEquals(3, merge.boundaries(4).size());
    assertEquals(List.of(), merge.boundaries(1));
  }

  @Test
  void whatever_is_flushed_ends_within_the_limits_and_no_two_jobs_share_a_file() {
    for (long seed = 0; seed < 20; seed++) {
      new Simulation(seed).run();
    }
  }

  @Test
  void a_manual_compaction_ends_with_everything_at_one_level_rewritten_once() {
    Simulation simulation = new Simulation(3);
    simulation.run();
    Set<Long> done = new HashSet<>();
    int merges = 0;
    while (CompactionPolicy.pickManual(simulation.version, OPTIONS, CALM, null, null, done)
        instanceof Merge merge) {
      done.addAll(simulation.finish(merge));
      assertTrue(++merges < 10_000, "it never ends");
    }
    int deepest = simulation.version.deepestLevel();
    for (int level = 0; level < deepest; level++) {
      assertEquals(List.of(), simulation.version.level(level));
    }
    assertTrue(done.containsAll(numbers(simulation.version.level(deepest))));
  }

  /**
   * Flushes at random and works decisions off, several at a time, with outputs as a job makes them.
   */
  private static final class Simulation {
    private final Random random;
    private final String name;
    private final List<Merge> running = new ArrayList<>();
    private Version version = Version.EMPTY;
    private long number = 1;
    private long sequence = 1;

    Simulation(long seed) {
      this.random = new Random(seed);
      this.name = "seed " + seed;
    }

    void run() {
      for (int step = 0; step < 400; step++) {
        if (random.nextInt(3) == 0) {
          flush();
        }
        begin();
        if (!running.isEmpty() && random.nextBoolean()) {
          Set<Long> _ = finish(running.remove(random.nextInt(running.size())));
        }
      }
      for (int left = 0; !running.isEmpty() || begin(); left++) {
        if (!running.isEmpty()) {
          Set<Long> _ = finish(running.remove(0));
        }
        assertTrue(left < 10_000, name + ": it never ends; " + version);
      }
      for (int level = 0; level < Version.LEVELS; level++) {
        assertTrue(CompactionPolicy.score(version, OPTIONS, level) < 1, name + " " + version);
      }
    }

    private void flush() {
      int a = random.nextInt(9000);
      int b = a + 1 + random.nextInt(1000);
      version =
          version.apply(
              VersionEdit.flush(
                  List.of(sstable(number++, key(a), key(b), sequence, 100, random.nextInt(2))),
                  sequence++));
    }

    /** Begins what is due; answers whether anything was. */
    private boolean begin() {
      CompactionDecision decision =
          CompactionPolicy.pick(
              version, OPTIONS, new Surroundings(running, random.nextLong(sequence), LATER));
      return switch (decision) {
        case Nothing _ -> false;
        case Move(int level, SstableMeta sstable) -> {
          requireFree(List.of(sstable));
          version =
              version.apply(
                  VersionEdit.compaction(
                      List.of(new Removed(level, sstable.number())), level + 1, List.of(sstable)));
          yield true;
        }
        case Merge merge -> {
          requireFree(merge.inputs());
          running.add(merge);
          yield true;
        }
      };
    }

    private void requireFree(List<SstableMeta> inputs) {
      for (Merge merge : running) {
        for (SstableMeta input : merge.inputs()) {
          assertTrue(
              inputs.stream().noneMatch(i -> i.number() == input.number()),
              name + ": two jobs own sstable " + input.number());
        }
      }
    }

    /** Replaces a job's inputs by outputs that cover the same keys; answers their numbers. */
    Set<Long> finish(Merge merge) {
      String from = null;
      String to = null;
      List<Removed> removed = new ArrayList<>();
      long bytes = 0;
      long newest = 0;
      for (SstableMeta input : merge.inputs()) {
        boolean upper = merge.upper().contains(input);
        removed.add(new Removed(upper ? merge.level() : merge.outputLevel(), input.number()));
        from = from == null || text(input.from()).compareTo(from) < 0 ? text(input.from()) : from;
        to = to == null || text(input.to()).compareTo(to) > 0 ? text(input.to()) : to;
        bytes += input.fileBytes();
        newest = Math.max(newest, input.largestSequence());
      }
      int pieces = (int) Math.max(1, bytes / OPTIONS.targetFileBytes());
      int begin = Integer.parseInt(from);
      int end = Integer.parseInt(to);
      pieces = Math.min(pieces, end - begin);
      List<SstableMeta> outputs = new ArrayList<>();
      Set<Long> numbers = new HashSet<>();
      for (int i = 0; i < pieces; i++) {
        int low = begin + (int) ((long) (end - begin) * i / pieces);
        int high = begin + (int) ((long) (end - begin) * (i + 1) / pieces);
        long tombstones = merge.isBottom(version) ? 0 : 1;
        outputs.add(sstable(number, key(low), key(high), newest, bytes / pieces, tombstones));
        numbers.add(number++);
      }
      // Applying checks that levels stay disjoint.
      version = version.apply(VersionEdit.compaction(removed, merge.outputLevel(), outputs));
      return numbers;
    }

    private static String key(int number) {
      return String.format(Locale.ROOT, "%05d", number);
    }

    private static String text(byte[] key) {
      assertTrue(Bytes.compare(key, new byte[] {'0'}) > 0);
      return new String(key, java.nio.charset.StandardCharsets.UTF_8);
    }
  }

  private static Surroundings running(int level, int outputLevel, SstableMeta... inputs) {
    Merge merge = new Merge(Reason.LEVEL_BYTES, level, List.of(inputs), outputLevel, List.of());
    return new Surroundings(List.of(merge), Long.MAX_VALUE, 0);
  }

  @Test
  void ingested_files_enter_the_deepest_level_with_nothing_in_their_range_there_or_above() {
    List<SstableMeta> files = List.of(sstable(90, "g", "i", 9), sstable(91, "k", "m", 9));
    assertEquals(6, CompactionPolicy.levelOf(Version.EMPTY, files, CALM));
    assertEquals(0, CompactionPolicy.levelOf(version(0, sstable(1, "a", "h", 1)), files, CALM));
    assertEquals(2, CompactionPolicy.levelOf(version(3, sstable(1, "l", "z", 1)), files, CALM));
    // Between the two files they would be in each other's way at that level.
    assertEquals(3, CompactionPolicy.levelOf(version(4, sstable(1, "i", "j", 1)), files, CALM));
    assertEquals(
        6,
        CompactionPolicy.levelOf(
            version(1, sstable(1, "a", "f", 1), 5, sstable(2, "n", null, 1)), files, CALM));
  }

  @Test
  void ingested_files_do_not_enter_a_level_where_a_job_writes_in_their_range() {
    List<SstableMeta> files = List.of(sstable(90, "g", "i", 9));
    SstableMeta left = sstable(1, "a", "c", 1);
    SstableMeta right = sstable(2, "x", "z", 2);
    Version version = version(5, left, 5, right);
    assertEquals(6, CompactionPolicy.levelOf(version, files, CALM));
    // What a job makes of files on both sides may cover what lies between them.
    assertEquals(5, CompactionPolicy.levelOf(version, files, running(5, 6, left, right)));
    assertEquals(6, CompactionPolicy.levelOf(version, files, running(5, 6, right)));
  }
}
