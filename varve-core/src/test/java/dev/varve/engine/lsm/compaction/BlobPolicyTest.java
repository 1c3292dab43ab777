package dev.varve.engine.lsm.compaction;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.engine.lsm.blob.BlobInfo;
import dev.varve.engine.lsm.compaction.CompactionDecision.Merge;
import dev.varve.engine.lsm.compaction.CompactionDecision.Nothing;
import dev.varve.engine.lsm.compaction.CompactionDecision.Reason;
import dev.varve.engine.lsm.compaction.CompactionPolicy.Surroundings;
import dev.varve.engine.lsm.version.SstableMeta;
import dev.varve.engine.lsm.version.SstableMeta.Counts;
import dev.varve.engine.lsm.version.Version;
import dev.varve.engine.lsm.version.VersionEdit;
import dev.varve.engine.lsm.version.VersionEdit.Added;
import dev.varve.engine.lsm.version.VersionEdit.BlobChange;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// Which blob files are due, and what is rewritten for their sake.
final class BlobPolicyTest {
  private static final CompactionOptions OPTIONS =
      new CompactionOptions(4, 10_000, 10, 1000, 10_000, 20_000, Duration.ZERO);
  private static final Surroundings CALM = Surroundings.calm(100, 0);

  private static SstableMeta sstable(long number, int from, long bytes) {
    return new SstableMeta(
        number,
        bytes,
        new byte[] {(byte) from},
        new byte[] {(byte) (from + 1)},
        Counts.NONE,
        number,
        number,
        0,
        0,
        0);
  }

  private static Version version(List<Added> sstables, BlobChange... blobs) {
    return Version.EMPTY.apply(new VersionEdit(sstables, List.of(), 100, 0, List.of(blobs)));
  }

  private static BlobChange comes(long number, long recordBytes, long live) {
    return new BlobChange.Comes(number, recordBytes + BlobInfo.OVERHEAD_BYTES, live);
  }

  @Test
  void a_file_is_due_when_more_than_half_of_its_records_is_dead() {
    Version version =
        version(
            List.of(),
            comes(1, 1000, 1000),
            comes(2, 1000, 500),
            comes(3, 1000, 499),
            comes(4, 33, 33),
            comes(5, 1L << 40, 1),
            comes(6, 33, 16));
    assertEquals(Set.of(3L, 5L, 6L), BlobPolicy.due(version));
    assertEquals(501 + (1L << 40) - 1 + 17, BlobPolicy.deadBytes(version));
    assertEquals(Set.of(), BlobPolicy.due(Version.EMPTY));
  }

  @Test
  void sstables_are_rewritten_for_no_more_bytes_than_that_frees() {
    List<Added> sstables =
        List.of(new Added(1, sstable(10, 1, 400)), new Added(2, sstable(11, 1, 200)));
    Version version = version(sstables, comes(1, 1000, 400), comes(2, 1000, 900));
    assertTrue(BlobPolicy.isWorth(version, Set.of(10L, 11L)));
    assertFalse(BlobPolicy.isWorth(version(sstables, comes(1, 1000, 401)), Set.of(10L, 11L)));
    assertTrue(BlobPolicy.isWorth(version(sstables, comes(1, 1000, 401)), Set.of(10L)));
  }

  @Test
  void what_is_wanted_is_rewritten_where_it_is_and_level_zero_goes_down_first() {
    Version deep =
        version(List.of(new Added(2, sstable(10, 1, 400)), new Added(3, sstable(11, 1, 200))));
    Merge merge =
        assertInstanceOf(
            Merge.class, CompactionPolicy.pickRewrite(deep, OPTIONS, CALM, Set.of(11L, 99L)));
    assertEquals(
        new Merge(Reason.BLOBS, 3, List.of(sstable(11, 1, 200)), 3, List.of()).toString(),
        merge.toString());
    assertInstanceOf(
        Nothing.class,
        CompactionPolicy.pickRewrite(
            deep, OPTIONS, new Surroundings(List.of(merge), 100, 0), Set.of(11L)));
    assertInstanceOf(Nothing.class, CompactionPolicy.pickRewrite(deep, OPTIONS, CALM, Set.of(99L)));
    Version shallow =
        version(List.of(new Added(0, sstable(10, 1, 400)), new Added(1, sstable(11, 1, 200))));
    Merge down =
        assertInstanceOf(
            Merge.class, CompactionPolicy.pickRewrite(shallow, OPTIONS, CALM, Set.of(10L)));
    assertEquals(1, down.outputLevel());
    assertEquals(2, down.inputs().size());
  }

  @Test
  void the_edit_that_leaves_nothing_alive_has_the_file_go() {
    Version version = version(List.of(), comes(1, 1000, 400), comes(2, 1000, 900));
    VersionEdit edit =
        VersionEdit.flush(List.of(), 101).withBlobs(List.of(new BlobChange.Dies(1, 399)));
    assertEquals(edit, version.withoutDeadBlobs(edit));
    VersionEdit last =
        VersionEdit.flush(List.of(), 101)
            .withBlobs(List.of(new BlobChange.Dies(1, 300), new BlobChange.Dies(1, 100)));
    Version after = version.apply(version.withoutDeadBlobs(last));
    assertEquals(List.of(2L), after.blobs().stream().map(Version.BlobFile::number).toList());
    VersionEdit tooMuch =
        VersionEdit.flush(List.of(), 101).withBlobs(List.of(new BlobChange.Dies(1, 401)));
    assertThrows(
        IllegalArgumentException.class,
        () -> version.withoutDeadBlobs(tooMuch),
        "a wrong account is no edit");
  }
}
