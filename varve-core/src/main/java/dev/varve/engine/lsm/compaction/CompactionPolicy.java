package dev.varve.engine.lsm.compaction;

import dev.varve.engine.lsm.compaction.CompactionDecision.Merge;
import dev.varve.engine.lsm.compaction.CompactionDecision.Move;
import dev.varve.engine.lsm.compaction.CompactionDecision.Nothing;
import dev.varve.engine.lsm.compaction.CompactionDecision.Reason;
import dev.varve.engine.lsm.version.SstableMeta;
import dev.varve.engine.lsm.version.Version;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Decides what to compact: a pure function of a version and what is known around it.
///
/// @threads stateless
/// @source O'Neil et al., The log-structured merge-tree, Acta Informatica 33(4), 1996; leveled as
///   in LevelDB (doc/impl.md); the choice by least overlap as RocksDB's kMinOverlappingRatio
public final class CompactionPolicy {
  /* Each level has a score, how full it is of what it may hold; the fullest that is over 1 and can be
   * worked on goes first. Level 0 is measured by its number of sstables, since each costs every
   * read a look. The last level has none: there is nowhere to go.
   *
   * An sstable that another job owns is left alone, and so is every decision that would need it. Two
   * jobs with the same output level never overlap in keys: their lower inputs would be shared, and
   * where there are none their outputs are kept apart by `targets`. */

  private CompactionPolicy() {}

  /// What the policy looks at besides the version.
  ///
  /// @param running the merges that are under way
  /// @param oldestVisible no snapshot reads a moment before this sequence number
  /// @param nowMillis the time, milliseconds since 1970
  public record Surroundings(List<Merge> running, long oldestVisible, long nowMillis) {
    public Surroundings {
      running = List.copyOf(running);
    }

    /// Nothing is under way.
    public static Surroundings calm(long oldestVisible, long nowMillis) {
      return new Surroundings(List.of(), oldestVisible, nowMillis);
    }

    boolean owns(SstableMeta sstable) {
      return running.stream()
          .anyMatch(merge -> merge.inputs().stream().anyMatch(i -> i.number() == sstable.number()));
    }

    /** Whether an output at `level` of these inputs would mix with that of a running job. */
    boolean targets(int level, List<SstableMeta> inputs) {
      KeySpan ours = KeySpan.of(inputs);
      return running.stream()
          .anyMatch(
              merge -> merge.outputLevel() == level && KeySpan.of(merge.inputs()).overlaps(ours));
    }
  }

  /// The deepest level that ingested files may enter: nothing in it and in the levels above may
  /// hold keys of theirs, and no running job may put any between them. Level 0 where there is none.
  ///
  /// @param files newer than all that the version has, and without overlap among themselves
  public static int levelOf(Version version, List<SstableMeta> files, Surroundings around) {
    KeySpan span = KeySpan.of(files);
    int level = 0;
    if (!version.overlapping(0, span.from(), span.to()).isEmpty()) {
      return level;
    }
    for (int next = 1; next < Version.LEVELS; next++) {
      if (!version.overlapping(next, span.from(), span.to()).isEmpty()) {
        break;
      }
      level = around.targets(next, files) ? level : next;
    }
    return level;
  }

  /// How due a level is: from 1 on it is.
  public static double score(Version version, CompactionOptions options, int level) {
    if (level == Version.LEVELS - 1) {
      return 0;
    }
    return level == 0
        ? (double) version.level(0).size() / options.levelZeroTrigger()
        : (double) version.bytes(level) / options.levelBytesMax(level);
  }

  /// The next thing to do.
  public static CompactionDecision pick(
      Version version, CompactionOptions options, Surroundings around) {
    List<Integer> due = new ArrayList<>();
    for (int level = 0; level < Version.LEVELS - 1; level++) {
      if (score(version, options, level) >= 1) {
        due.add(level);
      }
    }
    due.sort((a, b) -> Double.compare(score(version, options, b), score(version, options, a)));
    for (int level : due) {
      CompactionDecision decision =
          level == 0
              ? pickLevelZero(version, options, around, Reason.LEVEL_ZERO)
              : pickLevel(version, options, around, level);
      if (!(decision instanceof Nothing)) {
        return decision;
      }
    }
    return due.isEmpty() ? pickForTombstones(version, options, around) : new Nothing();
  }

  /** The oldest sstables of level 0, as far as a job may take; they go together, in order. */
  private static CompactionDecision pickLevelZero(
      Version version, CompactionOptions options, Surroundings around, Reason reason) {
    List<SstableMeta> newestFirst = version.level(0);
    List<SstableMeta> upper = new ArrayList<>();
    long bytes = 0;
    for (int i = newestFirst.size() - 1; i >= 0; i--) {
      SstableMeta sstable = newestFirst.get(i);
      if (around.owns(sstable)) {
        // What is newer than a job's input must not get beneath it.
        return new Nothing();
      }
      if (!upper.isEmpty() && bytes + sstable.fileBytes() > options.inputBytesMax()) {
        break;
      }
      upper.add(sstable);
      bytes += sstable.fileBytes();
    }
    if (upper.isEmpty()) {
      return new Nothing();
    }
    CompactionDecision move =
        isCovered(version, upper.getFirst())
            ? new Nothing()
            : moveOf(version, options, around, 0, upper.getFirst());
    return move instanceof Move ? move : mergeOf(version, around, reason, 0, upper);
  }

  /**
   * Whether something newer at level 0 has keys of a sstable's range: they are merged when that
   * goes down, wherever the sstable is by then, so to move it first saves nothing and puts the
   * merge off.
   */
  private static boolean isCovered(Version version, SstableMeta oldest) {
    return version.level(0).stream()
        .anyMatch(
            other ->
                other.number() != oldest.number() && other.overlaps(oldest.from(), oldest.to()));
  }

  /** Of a level's sstables the one that overlaps the next level least for its size. */
  private static CompactionDecision pickLevel(
      Version version, CompactionOptions options, Surroundings around, int level) {
    CompactionDecision best = new Nothing();
    double bestRatio = Double.MAX_VALUE;
    for (SstableMeta sstable : version.level(level)) {
      if (around.owns(sstable)) {
        continue;
      }
      CompactionDecision move = moveOf(version, options, around, level, sstable);
      if (move instanceof Move) {
        return move;
      }
      CompactionDecision merge =
          mergeOf(version, around, Reason.LEVEL_BYTES, level, List.of(sstable));
      if (merge instanceof Merge found) {
        long lower = found.inputBytes() - sstable.fileBytes();
        // What is mostly tombstones frees space when it goes down.
        double weight = sstable.fileBytes() * (1 + 4 * tombstoneShare(sstable));
        if (lower / weight < bestRatio) {
          bestRatio = lower / weight;
          best = found;
        }
      }
    }
    return best;
  }

  private static double tombstoneShare(SstableMeta sstable) {
    long all = sstable.counts().entries() + sstable.counts().rangeTombstones();
    long tombstones = sstable.counts().tombstones() + sstable.counts().rangeTombstones();
    return all == 0 ? 0 : (double) tombstones / all;
  }

  private static CompactionDecision moveOf(
      Version version,
      CompactionOptions options,
      Surroundings around,
      int level,
      SstableMeta sstable) {
    int next = level + 1;
    if (next == Version.LEVELS
        || !version.overlapping(next, sstable.from(), sstable.to()).isEmpty()
        || around.targets(next, List.of(sstable))
        || (hasTombstones(sstable)
            && !version.isAnythingBelow(next, sstable.from(), sstable.to()))) {
      // At the bottom tombstones are dropped by a merge, not kept by a move.
      return new Nothing();
    }
    long grandparents =
        next + 1 == Version.LEVELS
            ? 0
            : bytes(version.overlapping(next + 1, sstable.from(), sstable.to()));
    return grandparents > options.grandparentBytesMax() ? new Nothing() : new Move(level, sstable);
  }

  private static CompactionDecision mergeOf(
      Version version, Surroundings around, Reason reason, int level, List<SstableMeta> upper) {
    int next = level + 1;
    KeySpan span = KeySpan.of(upper);
    List<SstableMeta> lower = version.overlapping(next, span.from(), span.to());
    List<SstableMeta> inputs = new ArrayList<>(upper);
    inputs.addAll(lower);
    if (lower.stream().anyMatch(around::owns) || around.targets(next, inputs)) {
      return new Nothing();
    }
    return new Merge(reason, level, upper, next, lower);
  }

  private static boolean hasTombstones(SstableMeta sstable) {
    return sstable.counts().tombstones() + sstable.counts().rangeTombstones() > 0;
  }

  /** Old tombstones go down; at the bottom, once nobody reads what they hide, they go. */
  private static CompactionDecision pickForTombstones(
      Version version, CompactionOptions options, Surroundings around) {
    if (options.tombstoneAge().isZero()) {
      return new Nothing();
    }
    long before = around.nowMillis() - options.tombstoneAge().toMillis();
    for (int level = 0; level < Version.LEVELS; level++) {
      for (SstableMeta sstable : version.level(level)) {
        if (!hasTombstones(sstable) || sstable.createdMillis() > before || around.owns(sstable)) {
          continue;
        }
        CompactionDecision decision = forTombstones(version, options, around, level, sstable);
        if (!(decision instanceof Nothing)) {
          return decision;
        }
      }
    }
    return new Nothing();
  }

  private static CompactionDecision forTombstones(
      Version version,
      CompactionOptions options,
      Surroundings around,
      int level,
      SstableMeta sstable) {
    boolean bottom = !version.isAnythingBelow(level, sstable.from(), sstable.to());
    if (level == 0) {
      return pickLevelZero(version, options, around, Reason.TOMBSTONES);
    }
    if (!bottom) {
      return mergeOf(version, around, Reason.TOMBSTONES, level, List.of(sstable));
    }
    if (sstable.largestSequence() >= around.oldestVisible()
        || around.targets(level, List.of(sstable))) {
      return new Nothing();
    }
    return new Merge(Reason.BOTTOM, level, List.of(sstable), level, List.of());
  }

  private static long bytes(List<SstableMeta> sstables) {
    return sstables.stream().mapToLong(SstableMeta::fileBytes).sum();
  }

  /// What to do next for somebody who asked to have the keys from `from` on and before `to`
  /// compacted as deep as they go; null stands for no end. `done` holds the numbers of sstables
  /// that this has made.
  public static CompactionDecision pickManual(
      Version version,
      CompactionOptions options,
      Surroundings around,
      byte @Nullable [] from,
      byte @Nullable [] to,
      Set<Long> done) {
    if (version.level(0).stream().anyMatch(s -> s.overlaps(from, to))) {
      return pickLevelZero(version, options, around, Reason.MANUAL);
    }
    int deepest = Math.max(1, version.deepestLevel());
    for (int level = 1; level < deepest; level++) {
      for (SstableMeta sstable : version.overlapping(level, from, to)) {
        return around.owns(sstable)
            ? new Nothing()
            : mergeOf(version, around, Reason.MANUAL, level, List.of(sstable));
      }
    }
    for (SstableMeta sstable : version.overlapping(deepest, from, to)) {
      if (!done.contains(sstable.number())) {
        return around.owns(sstable) || around.targets(deepest, List.of(sstable))
            ? new Nothing()
            : new Merge(Reason.MANUAL, deepest, List.of(sstable), deepest, List.of());
      }
    }
    return new Nothing();
  }

  /// The next thing to do so that none of the sstables `wanted` is left as it is: each is rewritten
  /// where it is, but those of level 0 go down first.
  public static CompactionDecision pickRewrite(
      Version version, CompactionOptions options, Surroundings around, Set<Long> wanted) {
    if (wanted.isEmpty()) {
      return new Nothing();
    }
    if (version.level(0).stream().anyMatch(s -> wanted.contains(s.number()))) {
      return pickLevelZero(version, options, around, Reason.BLOBS);
    }
    for (int level = 1; level < Version.LEVELS; level++) {
      for (SstableMeta sstable : version.level(level)) {
        if (wanted.contains(sstable.number())
            && !around.owns(sstable)
            && !around.targets(level, List.of(sstable))) {
          return new Merge(Reason.BLOBS, level, List.of(sstable), level, List.of());
        }
      }
    }
    return new Nothing();
  }
}
