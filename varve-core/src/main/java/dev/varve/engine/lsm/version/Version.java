package dev.varve.engine.lsm.version;

import dev.varve.base.Bytes;
import dev.varve.engine.lsm.version.SstableMeta.Counts;
import dev.varve.engine.lsm.version.VersionEdit.BlobChange;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The sstables and blob files that a keyspace is made of at one time.
///
/// @threads immutable
public final class Version {
  /* I1: level 0 is sorted newest first, by largest sequence number, then by file number; its
   *     sstables may overlap, their sequence numbers do not.
   * I2: every other level is sorted by key and its sstables do not overlap.
   * I3: of two sstables that may hold the same key, the one at the lower level has the greater
   *     sequence numbers for it. */

  /// How many levels there are.
  public static final int LEVELS = 7;

  private static final Comparator<SstableMeta> NEWEST_FIRST =
      Comparator.comparingLong(SstableMeta::largestSequence)
          .thenComparingLong(SstableMeta::number)
          .reversed();

  private static final Comparator<SstableMeta> BY_KEY = (a, b) -> Bytes.compare(a.from(), b.from());

  /// A keyspace without files.
  public static final Version EMPTY = new Version(emptyLevels(), new TreeMap<>(), 0, 1);

  /// A blob file.
  ///
  /// @param fileBytes its length
  /// @param liveBytes how much of it is still referred to
  public record BlobFile(long number, long fileBytes, long liveBytes) {}

  private final List<List<SstableMeta>> levels;
  private final NavigableMap<Long, BlobFile> blobs;
  private final long flushedThrough;
  private final long nextNumber;

  private Version(
      List<List<SstableMeta>> levels,
      NavigableMap<Long, BlobFile> blobs,
      long flushedThrough,
      long nextNumber) {
    this.levels = levels;
    this.blobs = blobs;
    this.flushedThrough = flushedThrough;
    this.nextNumber = nextNumber;
  }

  private static List<List<SstableMeta>> emptyLevels() {
    List<List<SstableMeta>> levels = new ArrayList<>();
    for (int level = 0; level < LEVELS; level++) {
      levels.add(List.of());
    }
    return levels;
  }

  /// The sstables of a level: 0 newest first, the others by key.
  public List<SstableMeta> level(int level) {
    return levels.get(level);
  }

  /// The sstables of all levels.
  public List<SstableMeta> all() {
    return levels.stream().flatMap(List::stream).toList();
  }

  /// The blob files, by number.
  public List<BlobFile> blobs() {
    return List.copyOf(blobs.values());
  }

  /// The sstables hold every commit up to this number.
  public long flushedThrough() {
    return flushedThrough;
  }

  /// The least number that no file has had.
  public long nextNumber() {
    return nextNumber;
  }

  /// The bytes of a level's files.
  public long bytes(int level) {
    long sum = 0;
    for (SstableMeta sstable : levels.get(level)) {
      sum += sstable.fileBytes();
    }
    return sum;
  }

  /// The bytes of all files.
  public long bytes() {
    long sum = 0;
    for (int level = 0; level < LEVELS; level++) {
      sum += bytes(level);
    }
    for (BlobFile blob : blobs.values()) {
      sum += blob.fileBytes();
    }
    return sum;
  }

  /// What all sstables together hold.
  public Counts counts() {
    Counts sum = Counts.NONE;
    for (SstableMeta sstable : all()) {
      sum = sum.plus(sstable.counts());
    }
    return sum;
  }

  /// The deepest level with sstables, 0 for none.
  public int deepestLevel() {
    for (int level = LEVELS - 1; level > 0; level--) {
      if (!levels.get(level).isEmpty()) {
        return level;
      }
    }
    return 0;
  }

  /// The sstable of a level from 1 on that may hold a key, or null.
  public @Nullable SstableMeta find(int level, byte[] key) {
    List<SstableMeta> sstables = levels.get(level);
    int at = firstNotBefore(sstables, key);
    return at < sstables.size() && Bytes.compare(sstables.get(at).from(), key) <= 0
        ? sstables.get(at)
        : null;
  }

  /// The index in `sstables`, a level from 1 on, of the first that is not before `key`.
  public static int firstNotBefore(List<SstableMeta> sstables, byte[] key) {
    int low = 0;
    int high = sstables.size();
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (sstables.get(middle).isBefore(key)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /// The sstables of a level that may hold keys from `from` on and before `to`; null stands for no
  /// end.
  public List<SstableMeta> overlapping(int level, byte @Nullable [] from, byte @Nullable [] to) {
    List<SstableMeta> found = new ArrayList<>();
    for (SstableMeta sstable : levels.get(level)) {
      if (sstable.overlaps(from, to)) {
        found.add(sstable);
      }
    }
    return found;
  }

  /// Whether a level deeper than `level` may hold keys of this range.
  public boolean isAnythingBelow(int level, byte @Nullable [] from, byte @Nullable [] to) {
    for (int deeper = level + 1; deeper < LEVELS; deeper++) {
      if (!overlapping(deeper, from, to).isEmpty()) {
        return true;
      }
    }
    return false;
  }

  /// The version that an edit makes of this one.
  ///
  /// @throws IllegalArgumentException when the edit does not fit this version
  public Version apply(VersionEdit edit) {
    List<List<SstableMeta>> next = new ArrayList<>();
    for (List<SstableMeta> level : levels) {
      next.add(new ArrayList<>(level));
    }
    for (VersionEdit.Removed removed : edit.removed()) {
      if (!next.get(removed.level()).removeIf(s -> s.number() == removed.number())) {
        throw new IllegalArgumentException(
            "there is no sstable " + removed.number() + " at level " + removed.level());
      }
    }
    long number = Math.max(nextNumber, edit.nextNumber());
    for (VersionEdit.Added added : edit.added()) {
      next.get(added.level()).add(added.sstable());
      number = Math.max(number, added.sstable().number() + 1);
    }
    for (int level = 0; level < LEVELS; level++) {
      next.get(level).sort(level == 0 ? NEWEST_FIRST : BY_KEY);
      next.set(level, List.copyOf(next.get(level)));
    }
    NavigableMap<Long, BlobFile> nextBlobs = new TreeMap<>(blobs);
    for (BlobChange change : edit.blobs()) {
      number = Math.max(number, change.number() + 1);
      apply(nextBlobs, change);
    }
    Version version =
        new Version(next, nextBlobs, Math.max(flushedThrough, edit.flushedThrough()), number);
    List<String> problems = version.problems();
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(problems.getFirst());
    }
    return version;
  }

  private static void apply(NavigableMap<Long, BlobFile> blobs, BlobChange change) {
    BlobFile before = blobs.get(change.number());
    if ((before == null) != (change instanceof BlobChange.Comes)) {
      throw new IllegalArgumentException(
          "blob file "
              + change.number()
              + (before == null ? " is not there" : " is there already"));
    }
    switch (change) {
      case BlobChange.Comes(long number, long fileBytes, long liveBytes) ->
          blobs.put(number, new BlobFile(number, fileBytes, liveBytes));
      case BlobChange.Dies(long number, long bytes) -> {
        if (before != null) {
          blobs.put(number, new BlobFile(number, before.fileBytes, before.liveBytes - bytes));
        }
      }
      case BlobChange.Goes(long number) -> blobs.remove(number);
    }
  }

  /// The edit, which also has every blob file go of which it leaves nothing alive.
  ///
  /// @throws IllegalArgumentException when the edit does not fit this version
  public VersionEdit withoutDeadBlobs(VersionEdit edit) {
    if (edit.blobs().isEmpty()) {
      return edit;
    }
    List<BlobChange> changes = new ArrayList<>(edit.blobs());
    for (BlobFile blob : apply(edit).blobs.values()) {
      if (blob.liveBytes == 0) {
        changes.add(new BlobChange.Goes(blob.number));
      }
    }
    return edit.withBlobs(changes);
  }

  /// The edit that makes this version of [#EMPTY].
  public VersionEdit asEdit() {
    List<VersionEdit.Added> added = new ArrayList<>();
    for (int level = 0; level < LEVELS; level++) {
      for (SstableMeta sstable : levels.get(level)) {
        added.add(new VersionEdit.Added(level, sstable));
      }
    }
    List<BlobChange> changes = new ArrayList<>();
    for (BlobFile blob : blobs.values()) {
      changes.add(new BlobChange.Comes(blob.number, blob.fileBytes, blob.liveBytes));
    }
    return new VersionEdit(added, List.of(), flushedThrough, nextNumber, changes);
  }

  /// What contradicts the invariants, one sentence each.
  public List<String> problems() {
    List<String> problems = new ArrayList<>();
    java.util.Set<Long> numbers = new java.util.HashSet<>();
    for (SstableMeta sstable : all()) {
      if (!numbers.add(sstable.number())) {
        problems.add("sstable " + sstable.number() + " is there twice");
      }
    }
    for (int level = 1; level < LEVELS; level++) {
      @Nullable SstableMeta before = null;
      for (SstableMeta sstable : levels.get(level)) {
        if (before != null && !before.isBefore(sstable.from())) {
          problems.add(
              "sstables "
                  + before.number()
                  + " and "
                  + sstable.number()
                  + " overlap at level "
                  + level);
        }
        before = sstable;
      }
    }
    @Nullable SstableMeta newer = null;
    for (SstableMeta sstable : levels.getFirst()) {
      if (newer != null && sstable.largestSequence() > newer.smallestSequence()) {
        problems.add(
            "the numbers of sstables "
                + sstable.number()
                + " and "
                + newer.number()
                + " overlap at level 0");
      }
      newer = sstable;
    }
    for (BlobFile blob : blobs.values()) {
      if (blob.liveBytes < 0) {
        problems.add("more died in blob file " + blob.number + " than it held");
      }
    }
    return problems;
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("version");
    for (int level = 0; level < LEVELS; level++) {
      text.append(' ').append(levels.get(level).size());
    }
    return text + " flushed through " + flushedThrough;
  }
}
