package dev.varve.engine.lsm.version;

import static dev.varve.engine.lsm.version.VersionFixture.bytes;
import static dev.varve.engine.lsm.version.VersionFixture.sstable;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.engine.lsm.version.VersionEdit.Added;
import dev.varve.engine.lsm.version.VersionEdit.BlobChange;
import dev.varve.engine.lsm.version.VersionEdit.Removed;
import java.util.List;
import org.junit.jupiter.api.Test;

final class VersionTest {
  private static VersionEdit add(int level, SstableMeta... sstables) {
    return VersionEdit.compaction(List.of(), level, List.of(sstables));
  }

  @Test
  void level_zero_is_newest_first_and_the_others_are_by_key() {
    Version version =
        Version.EMPTY
            .apply(VersionEdit.flush(List.of(sstable(1, "a", "z", 5)), 5))
            .apply(VersionEdit.flush(List.of(sstable(2, "c", "d", 9)), 9))
            .apply(add(1, sstable(4, "m", "n", 2), sstable(3, "a", "b", 2)));
    assertEquals(List.of(2L, 1L), version.level(0).stream().map(SstableMeta::number).toList());
    assertEquals(List.of(3L, 4L), version.level(1).stream().map(SstableMeta::number).toList());
    assertEquals(9, version.flushedThrough());
    assertEquals(5, version.nextNumber());
    assertEquals(400, version.bytes());
    assertEquals(40, version.counts().entries());
  }

  @Test
  void a_key_is_found_in_the_one_sstable_that_may_hold_it() {
    SstableMeta low = sstable(1, "b", "d", 1);
    SstableMeta high = sstable(2, "f", null, 1);
    Version version = Version.EMPTY.apply(add(1, low, high));
    assertNull(version.find(1, bytes("a")));
    assertSame(low, version.find(1, bytes("b")));
    assertSame(low, version.find(1, bytes("czzz")));
    assertNull(version.find(1, bytes("d")));
    assertNull(version.find(1, bytes("e")));
    assertSame(high, version.find(1, bytes("f")));
    assertSame(high, version.find(1, bytes("zzz")));
    assertEquals(List.of(low), version.overlapping(1, bytes("c"), bytes("e")));
    assertEquals(List.of(), version.overlapping(1, bytes("d"), bytes("f")));
    assertEquals(List.of(low, high), version.overlapping(1, null, null));
    assertTrue(version.isAnythingBelow(0, bytes("c"), bytes("d")));
    assertFalse(version.isAnythingBelow(1, bytes("c"), bytes("d")));
  }

  @Test
  void an_edit_that_does_not_fit_is_refused() {
    Version version = Version.EMPTY.apply(add(1, sstable(1, "a", "m", 1)));
    assertThrows(
        IllegalArgumentException.class, () -> version.apply(add(1, sstable(2, "l", "z", 2))));
    assertThrows(
        IllegalArgumentException.class, () -> version.apply(add(2, sstable(1, "l", "z", 2))));
    assertThrows(
        IllegalArgumentException.class,
        () -> version.apply(VersionEdit.compaction(List.of(new Removed(2, 1)), 3, List.of())));
    Version flushed = version.apply(VersionEdit.flush(List.of(sstable(7, "a", "b", 9)), 9));
    assertThrows(
        IllegalArgumentException.class,
        () ->
            flushed.apply(
                VersionEdit.flush(
                    List.of(
                        new SstableMeta(
                            8, 1, bytes("x"), null, SstableMeta.Counts.NONE, 8, 12, 0, 1, 0)),
                    12)));
    assertThrows(
        IllegalArgumentException.class,
        () ->
            version.apply(
                VersionEdit.flush(List.of(), 0).withBlobs(List.of(new BlobChange.Dies(3, 10)))));
  }

  @Test
  void an_sstable_changes_its_level_by_one_edit() {
    SstableMeta sstable = sstable(1, "a", "m", 1);
    Version version =
        Version.EMPTY
            .apply(add(1, sstable))
            .apply(VersionEdit.compaction(List.of(new Removed(1, 1)), 2, List.of(sstable)));
    assertEquals(List.of(), version.level(1));
    assertEquals(List.of(sstable), version.level(2));
  }

  @Test
  void a_version_as_an_edit_makes_the_same_version() {
    Version version =
        Version.EMPTY
            .apply(
                new VersionEdit(
                    List.of(
                        new Added(0, sstable(9, "a", null, 30)),
                        new Added(1, sstable(2, "a", "m", 3)),
                        new Added(6, sstable(1, "a", "m", 1))),
                    List.of(),
                    30,
                    17,
                    List.of(new BlobChange.Comes(5, 1000, 900))))
            .apply(
                VersionEdit.flush(List.of(), 31).withBlobs(List.of(new BlobChange.Dies(5, 100))));
    Version again = Version.EMPTY.apply(version.asEdit());
    assertEquals(version.all(), again.all());
    assertEquals(version.blobs(), again.blobs());
    assertEquals(800, again.blobs().getFirst().liveBytes());
    assertEquals(31, again.flushedThrough());
    assertEquals(17, again.nextNumber());
  }
}
