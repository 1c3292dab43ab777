package dev.varve.engine.lsm;

import dev.varve.engine.lsm.compaction.CompactionStats;
import dev.varve.engine.lsm.memtable.Memtable;
import dev.varve.engine.lsm.sstable.ReadCounts;
import dev.varve.engine.lsm.version.SstableMeta;
import dev.varve.engine.lsm.version.Version;
import dev.varve.kv.LsmStats.Compactions;
import dev.varve.kv.LsmStats.Level;
import dev.varve.kv.LsmStats.Memtables;
import dev.varve.kv.LsmStats.Reads;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Makes the figures that users look at of what the parts of the engine know.
final class LsmFigures {
  private LsmFigures() {}

  static List<Level> levels(Version version) {
    List<Level> levels = new ArrayList<>();
    for (int level = 0; level <= version.deepestLevel(); level++) {
      long entries = 0;
      for (SstableMeta sstable : version.level(level)) {
        entries += sstable.counts().entries();
      }
      levels.add(new Level(level, version.level(level).size(), version.bytes(level), entries));
    }
    return levels;
  }

  /// As [dev.varve.kv.LsmStats#liveFileBytes].
  static long liveFileBytes(Version version) {
    long live = 0;
    int deepest = version.deepestLevel();
    for (int level = 0; level <= deepest; level++) {
      List<SstableMeta> sstables = version.level(level);
      for (int i = 0; i < sstables.size(); i++) {
        SstableMeta sstable = sstables.get(i);
        // Level 0 is in order of age: those behind are older.
        boolean covered =
            isAnythingBelow(version, level, deepest, sstable)
                || (level == 0 && overlaps(sstable, sstables.subList(i + 1, sstables.size())));
        live += covered ? 0 : sstable.fileBytes();
      }
    }
    return live;
  }

  private static boolean isAnythingBelow(
      Version version, int level, int deepest, SstableMeta sstable) {
    for (int deeper = level + 1; deeper <= deepest; deeper++) {
      List<SstableMeta> below = version.level(deeper);
      int at = Version.firstNotBefore(below, sstable.from());
      if (at < below.size() && below.get(at).overlaps(sstable.from(), sstable.to())) {
        return true;
      }
    }
    return false;
  }

  private static boolean overlaps(SstableMeta sstable, List<SstableMeta> others) {
    for (SstableMeta other : others) {
      if (other.overlaps(sstable.from(), sstable.to())) {
        return true;
      }
    }
    return false;
  }

  static Memtables memtables(ReadState seen, long bytesMax) {
    long sealed = 0;
    for (Memtable memtable : seen.sealed()) {
      sealed += memtable.memoryBytes();
    }
    return new Memtables(seen.active().memoryBytes(), seen.sealed().size(), sealed, bytesMax);
  }

  static Reads reads(long memtableGets, long[] counts) {
    return new Reads(
        memtableGets + counts[ReadCounts.GETS],
        counts[ReadCounts.FILES],
        counts[ReadCounts.BLOCKS],
        counts[ReadCounts.FILTER_USEFUL],
        counts[ReadCounts.FILTER_FALSE]);
  }

  static Compactions compactions(CompactionStats stats, @Nullable Throwable failure) {
    return new Compactions(
        stats.submitted(),
        stats.succeeded(),
        stats.failed(),
        stats.cancelled(),
        stats.coalesced(),
        stats.running(),
        stats.moves(),
        stats.bytesRead().stream().mapToLong(Long::longValue).sum(),
        stats.allBytesWritten(),
        message(failure));
  }

  static @Nullable String message(@Nullable Throwable failure) {
    if (failure == null) {
      return null;
    }
    String text = failure.getMessage();
    return text == null ? failure.getClass().getSimpleName() : text;
  }
}
