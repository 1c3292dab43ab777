package dev.varve.engine.lsm.compaction;

import dev.varve.engine.lsm.version.SstableMeta;
import dev.varve.engine.lsm.version.Version;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What is to be done to a version.
public sealed interface CompactionDecision {
  /// Nothing that could be done now.
  record Nothing() implements CompactionDecision {}

  /// An sstable moves to the next level as it is: nothing there overlaps it.
  record Move(int level, SstableMeta sstable) implements CompactionDecision {}

  /// Sstables are merged into new ones.
  ///
  /// @param reason why
  /// @param level where the upper inputs are
  /// @param upper the inputs at that level
  /// @param outputLevel where the outputs go
  /// @param lower the inputs at that level; empty when it is `level` itself
  record Merge(
      Reason reason, int level, List<SstableMeta> upper, int outputLevel, List<SstableMeta> lower)
      implements CompactionDecision {
    public Merge {
      upper = List.copyOf(upper);
      lower = List.copyOf(lower);
    }

    /// All inputs.
    public List<SstableMeta> inputs() {
      List<SstableMeta> all = new ArrayList<>(upper);
      all.addAll(lower);
      return all;
    }

    /// The bytes of all inputs.
    public long inputBytes() {
      return inputs().stream().mapToLong(SstableMeta::fileBytes).sum();
    }

    /// Keys at which the work may be divided into about `parts` equal pieces, ascending; fewer
    /// where the inputs offer fewer.
    public List<byte[]> boundaries(int parts) {
      List<SstableMeta> byKey = new ArrayList<>(lower.isEmpty() ? upper : lower);
      byKey.sort((a, b) -> dev.varve.base.Bytes.compare(a.from(), b.from()));
      List<byte[]> boundaries = new ArrayList<>();
      long piece = Math.max(1, byKey.stream().mapToLong(SstableMeta::fileBytes).sum() / parts);
      long sum = 0;
      byte @Nullable [] last = null;
      for (SstableMeta sstable : byKey) {
        boolean further =
            last == null ? sum > 0 : dev.varve.base.Bytes.compare(sstable.from(), last) > 0;
        if (sum >= piece * (boundaries.size() + 1L) && further && boundaries.size() < parts - 1) {
          last = sstable.from();
          boundaries.add(last);
        }
        sum += sstable.fileBytes();
      }
      return boundaries;
    }

    /// Whether nothing in a level deeper than the outputs overlaps the inputs.
    public boolean isBottom(Version version) {
      for (SstableMeta input : inputs()) {
        if (version.isAnythingBelow(outputLevel, input.from(), input.to())) {
          return false;
        }
      }
      return true;
    }
  }

  /// Why a compaction is due.
  enum Reason {
    /// There are too many sstables at level 0.
    LEVEL_ZERO,
    /// A level holds too much.
    LEVEL_BYTES,
    /// Tombstones have grown old above what they hide.
    TOMBSTONES,
    /// Tombstones or old revisions at the bottom are needed by no snapshot any more.
    BOTTOM,
    /// Blob files that the sstable refers to hold too little that is alive.
    BLOBS,
    /// Somebody asked.
    MANUAL,
    /// No merge: files that were written aside are on their way into the output's level.
    INGEST
  }
}
