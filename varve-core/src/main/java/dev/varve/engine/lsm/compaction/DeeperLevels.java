package dev.varve.engine.lsm.compaction;

import dev.varve.base.Bytes;
import dev.varve.engine.lsm.version.SstableMeta;
import dev.varve.engine.lsm.version.Version;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The levels beneath a merge's outputs: what they may hold must not come to light again.
///
/// @threads one at a time
final class DeeperLevels {
  private final List<List<SstableMeta>> levels = new ArrayList<>();

  /** For each level the first sstable that is not before the key asked for last. */
  private final int[] next;

  DeeperLevels(Version version, int outputLevel) {
    for (int level = outputLevel + 1; level < Version.LEVELS; level++) {
      if (!version.level(level).isEmpty()) {
        levels.add(version.level(level));
      }
    }
    next = new int[levels.size()];
  }

  /// Whether any of them may hold this key, which is not less than the one asked for before.
  boolean mayHold(byte[] key, int length) {
    for (int i = 0; i < next.length; i++) {
      List<SstableMeta> level = levels.get(i);
      while (next[i] < level.size() && isBefore(level.get(next[i]), key, length)) {
        next[i]++;
      }
      if (next[i] < level.size()) {
        byte[] from = level.get(next[i]).from();
        if (Bytes.compare(from, 0, from.length, key, 0, length) <= 0) {
          return true;
        }
      }
    }
    return false;
  }

  private static boolean isBefore(SstableMeta sstable, byte[] key, int length) {
    byte[] to = sstable.to();
    return to != null && Bytes.compare(to, 0, to.length, key, 0, length) <= 0;
  }

  /// Whether any of them may hold a key from `from` on and before `to`; null stands for no end.
  boolean mayHold(byte[] from, byte @Nullable [] to) {
    for (List<SstableMeta> level : levels) {
      int at = Version.firstNotBefore(level, from);
      if (at < level.size() && level.get(at).overlaps(from, to)) {
        return true;
      }
    }
    return false;
  }
}
