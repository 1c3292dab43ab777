package dev.varve.engine.lsm;

import dev.varve.base.Bytes;
import dev.varve.engine.lsm.sstable.SstableLookup;
import dev.varve.engine.lsm.sstable.SstableReader;
import dev.varve.engine.lsm.version.SstableMeta;
import dev.varve.engine.lsm.version.Version;
import dev.varve.engine.lsm.version.VersionSet;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// A version with its sstables open.
///
/// @threads safe
/// @lifetime until the last holder has called [#release]; whoever makes it is the first
final class FileSet {
  private final VersionSet.@Nullable Pin pin;
  private final Version version;
  private final Map<Long, SstableReader> readers;

  /** By level, in the order of the version. */
  private final SstableReader[][] levels;

  private final SstableMeta[][] metas;

  /** Those with range tombstones. */
  private final List<SstableReader> withRanges = new ArrayList<>();

  private final int levelZeroRuns;
  private final AtomicInteger holders = new AtomicInteger(1);

  private FileSet(VersionSet.@Nullable Pin pin, Version version, Map<Long, SstableReader> readers) {
    this.pin = pin;
    this.version = version;
    this.readers = readers;
    this.levels = new SstableReader[Version.LEVELS][];
    this.metas = new SstableMeta[Version.LEVELS][];
    this.levelZeroRuns =
        (int) version.level(0).stream().mapToLong(SstableMeta::largestSequence).distinct().count();
    for (int level = 0; level < Version.LEVELS; level++) {
      metas[level] = version.level(level).toArray(new SstableMeta[0]);
      levels[level] = new SstableReader[metas[level].length];
      for (int i = 0; i < metas[level].length; i++) {
        SstableReader reader = reader(readers, metas[level][i].number());
        levels[level][i] = reader;
        if (reader.info().properties().rangeTombstones() > 0) {
          withRanges.add(reader);
        }
      }
    }
  }

  private static SstableReader reader(Map<Long, SstableReader> readers, long number) {
    SstableReader reader = readers.get(number);
    if (reader == null) {
      throw new IllegalStateException("sstable " + number + " is not open");
    }
    return reader;
  }

  /// No files.
  static FileSet empty() {
    return new FileSet(null, Version.EMPTY, Map.of());
  }

  /// The pinned version, and beside it those files of `before` that `beside` names. Takes over
  /// `pin` and `opened`, and shares the rest with `before`.
  static FileSet of(
      VersionSet.Pin pin, FileSet before, Map<Long, SstableReader> opened, Set<Long> beside) {
    Map<Long, SstableReader> readers = new HashMap<>();
    for (SstableMeta sstable : pin.version().all()) {
      SstableReader reader = opened.get(sstable.number());
      if (reader == null) {
        reader = again(reader(before.readers, sstable.number()));
      }
      readers.put(sstable.number(), reader);
    }
    for (long number : beside) {
      if (!readers.containsKey(number)) {
        readers.put(number, again(reader(before.readers, number)));
      }
    }
    return new FileSet(pin, pin.version(), readers);
  }

  /// The same version, with files open beside it. Takes over `more`.
  static FileSet withMore(FileSet before, Map<Long, SstableReader> more) {
    Map<Long, SstableReader> readers = new HashMap<>(more);
    before.readers.forEach((number, reader) -> readers.put(number, again(reader)));
    VersionSet.Pin held = before.pin;
    return new FileSet(held == null ? null : held.hold(), before.version, readers);
  }

  private static SstableReader again(SstableReader reader) {
    if (!reader.acquire()) {
      throw new IllegalStateException("sstable " + reader.info().number() + " is closed");
    }
    return reader;
  }

  Version version() {
    return version;
  }

  /// Whether the file of this number is open here.
  boolean has(long number) {
    return readers.containsKey(number);
  }

  /// An open sstable with a reference for the caller, or null.
  @Nullable SstableReader acquire(long number) {
    SstableReader reader = readers.get(number);
    return reader != null && reader.acquire() ? reader : null;
  }

  /// All sstables.
  List<SstableReader> all() {
    return List.copyOf(readers.values());
  }

  /// The sstables of a level.
  SstableReader[] level(int level) {
    return levels[level];
  }

  /// How many files of level 0 a read may have to look at: those that came together do not overlap.
  int levelZeroRuns() {
    return levelZeroRuns;
  }

  /// Those with range tombstones.
  List<SstableReader> withRanges() {
    return withRanges;
  }

  /// What indexes and filters take in memory.
  long memoryBytes() {
    long sum = 0;
    for (SstableReader reader : readers.values()) {
      sum += reader.memoryBytes();
    }
    return sum;
  }

  /// Adds a holder. Whoever calls knows that there is one.
  void hold() {
    int before = holders.getAndIncrement();
    if (before <= 0) {
      throw new IllegalStateException("nobody holds the files any more");
    }
  }

  /// Has one holder go; with the last one the files are closed, and those deleted that no other
  /// version has.
  ///
  /// @throws IOException when the operating system refuses to close a file
  void release() throws IOException {
    if (holders.decrementAndGet() > 0) {
      return;
    }
    @Nullable IOException failure = null;
    for (SstableReader reader : readers.values()) {
      try {
        reader.release();
      } catch (IOException e) {
        failure = e;
      }
    }
    VersionSet.Pin own = pin;
    if (own != null) {
      own.close();
    }
    if (failure != null) {
      throw failure;
    }
  }

  /// Finds the newest entry of a key up to `sequence` that no range tombstone hides; answers
  /// whether there is one, which is then in `lookup` and may be a tombstone.
  ///
  /// @throws dev.varve.kv.CorruptionException when what has to be read is damaged
  /// @throws IOException when the device refuses
  boolean find(byte[] key, long sequence, SstableLookup lookup) throws IOException {
    SstableMeta[] newest = metas[0];
    for (int i = 0; i < newest.length; i++) {
      if (newest[i].smallestSequence() <= sequence && newest[i].covers(key)) {
        SstableReader reader = levels[0][i];
        long hidden = reader.rangeTombstones().covering(key, sequence);
        if (reader.get(key, sequence, lookup)) {
          return lookup.sequence() >= hidden;
        }
        if (hidden > 0) {
          return false;
        }
      }
    }
    for (int level = 1; level < Version.LEVELS; level++) {
      int at = candidate(metas[level], key);
      if (at >= 0) {
        SstableReader reader = levels[level][at];
        long hidden = reader.rangeTombstones().covering(key, sequence);
        if (reader.get(key, sequence, lookup)) {
          return lookup.sequence() >= hidden;
        }
        if (hidden > 0) {
          return false;
        }
      }
    }
    return false;
  }

  /** The one sstable of a level that may have a key, or -1. */
  private static int candidate(SstableMeta[] level, byte[] key) {
    int low = 0;
    int high = level.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (Bytes.compare(level[middle].from(), key) <= 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low > 0 && level[low - 1].covers(key) ? low - 1 : -1;
  }
}
