package dev.varve.engine.lsm.compaction;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.BackgroundThreads;
import dev.varve.base.InlineBackground;
import dev.varve.engine.lsm.version.Version;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.ProgressListener;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// Random writes, deletes and snapshots, merged as they come, beside a model.
final class CompactionModelTest {
  /** A seed to repeat: `-Dvarve.seed=…`. */
  private static final @Nullable Long SEED = Long.getLong("varve.seed");

  private static CompactionOptions options(SplittableRandom random) {
    long target = random.nextInt(600, 6000);
    return new CompactionOptions(
        random.nextInt(1, 5),
        random.nextInt(1000, 12000),
        random.nextInt(2, 5),
        target,
        target * random.nextInt(1, 4),
        target * random.nextInt(1, 8),
        Duration.ofMinutes(random.nextInt(0, 2)));
  }

  private static CompactionFixture.Batch fill(
      CompactionFixture fixture, SplittableRandom random, boolean ranges) {
    CompactionFixture.Batch batch = fixture.batch();
    int from = random.nextInt(CompactionFixture.KEYS);
    int width = random.nextInt(1, CompactionFixture.KEYS);
    for (int i = random.nextInt(1, 40); i > 0; i--) {
      int key = (from + random.nextInt(width)) % CompactionFixture.KEYS;
      switch (random.nextInt(ranges ? 12 : 10)) {
        case 0, 1, 2 -> batch.delete(key);
        case 10 -> batch.deleteRange(key, key + random.nextInt(1, 60));
        case 11 -> batch.deleteRange(key, random.nextInt(4) == 0 ? null : key + 1);
        default -> batch.put(key, "v".repeat(random.nextInt(1, 30)));
      }
      if (random.nextInt(60) == 0) {
        long _ = fixture.snapshot();
      }
    }
    return batch;
  }

  @Test
  void whatever_is_merged_every_reader_finds_what_it_found_before() throws IOException {
    for (long seed = 0; seed < 12; seed++) {
      run(SEED == null ? seed : SEED);
    }
  }

  private void run(long seed) throws IOException {
    String name =
        "mvn -pl varve-bom,varve-core test -Dtest=CompactionModelTest -Dvarve.seed=" + seed;
    SplittableRandom random = new SplittableRandom(seed);
    CompactionLimits limits = new CompactionLimits(4, random.nextInt(1, 5), 0);
    try (CompactionFixture fixture =
            new CompactionFixture(MemoryFileSystem.withoutCrashes(), new InlineBackground());
        CompactionScheduler scheduler = new CompactionScheduler(fixture, options(random), limits)) {
      for (int step = 0; step < 25; step++) {
        var _ = fill(fixture, random, true).flush();
        if (!fixture.snapshots.isEmpty() && random.nextInt(4) == 0) {
          var _ = fixture.snapshots.pollFirst();
        }
        fixture.pass(Duration.ofSeconds(random.nextInt(60)));
        scheduler.wake();
        if (random.nextInt(8) == 0) {
          scheduler.compact(
              random.nextBoolean() ? null : CompactionFixture.key(random.nextInt(100)),
              random.nextBoolean() ? null : CompactionFixture.key(random.nextInt(101, 200)),
              ProgressListener.NONE);
        }
        if (step % 5 == 4) {
          fixture.check(name);
        }
      }
      assertEquals(List.of(), fixture.failures, name);
      requireSums(scheduler.stats(), name);
      fixture.snapshots.clear();
      scheduler.compact(null, null, ProgressListener.NONE);
      fixture.check(name);
      fixture.verify();
      requireOnlyWhatIsVisible(fixture, name);
    }
  }

  /** Compacted with nobody reading the past, a keyspace is one entry for each key, and no more. */
  private static void requireOnlyWhatIsVisible(CompactionFixture fixture, String name)
      throws IOException {
    List<String> live = new ArrayList<>();
    for (int i = 0; i < CompactionFixture.KEYS; i++) {
      byte[] key = CompactionFixture.key(i);
      if (fixture.expected(key, Long.MAX_VALUE) != null) {
        live.add(new String(key, java.nio.charset.StandardCharsets.US_ASCII));
      }
    }
    List<String> found = fixture.entries().stream().map(e -> e.replaceAll("@.*", "")).toList();
    assertEquals(live, found, name);
    assertEquals(0, fixture.versions.current().counts().tombstones(), name);
    assertEquals(0, fixture.versions.current().counts().rangeTombstones(), name);
  }

  static void requireSums(CompactionStats stats, String name) {
    assertEquals(
        stats.submitted(),
        stats.succeeded()
            + stats.failed()
            + stats.cancelled()
            + stats.coalesced()
            + stats.running(),
        name + stats);
    assertEquals(
        stats.entriesRead(),
        stats.entriesWritten()
            + stats.entriesSuperseded()
            + stats.entriesHidden()
            + stats.tombstonesDropped(),
        name + stats);
  }

  @Test
  void several_threads_never_share_an_input_or_a_number() throws Exception {
    for (long seed = 100; seed < 102; seed++) {
      runThreads(SEED == null ? seed : SEED);
    }
  }

  private void runThreads(long seed) throws IOException {
    String name =
        "mvn -pl varve-bom,varve-core test -Dtest=CompactionModelTest -Dvarve.seed=" + seed;
    SplittableRandom random = new SplittableRandom(seed);
    List<Throwable> thrown = new java.util.concurrent.CopyOnWriteArrayList<>();
    try (CompactionFixture fixture =
            new CompactionFixture(
                MemoryFileSystem.withoutCrashes(),
                new BackgroundThreads("compaction", 4, thrown::add));
        CompactionScheduler scheduler =
            new CompactionScheduler(fixture, options(random), new CompactionLimits(4, 3, 0))) {
      for (int step = 0; step < 40; step++) {
        // Without ranges: the model is read while it grows.
        var _ = fill(fixture, random, false).flush();
        scheduler.wake();
        if (step == 20) {
          scheduler.compact(null, null, ProgressListener.NONE);
        }
      }
      assertTrue(scheduler.awaitQuiet(Duration.ofSeconds(60)), name);
      // Two jobs with the same input would not both fit the version.
      assertEquals(List.of(), fixture.failures, name);
      assertEquals(List.of(), thrown, name);
      CompactionStats stats = scheduler.stats();
      assertEquals(stats.submitted(), stats.succeeded(), name + stats);
      requireSums(stats, name);
      fixture.check(name);
      fixture.verify();
      Version version = fixture.versions.current();
      for (int level = 0; level < Version.LEVELS; level++) {
        assertTrue(
            CompactionPolicy.score(version, options(new SplittableRandom(seed)), level) < 1, name);
      }
    }
  }
}
