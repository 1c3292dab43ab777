package dev.varve.engine.lsm;

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

  /** In the order in which a key is looked for: level 0, newest first, then the deeper levels. */
  private final SstableRun[] runs;

  /** Those with range tombstones. */
  private final List<SstableReader> withRanges = new ArrayList<>();

  private final AtomicInteger holders = new AtomicInteger(1);

  private FileSet(VersionSet.@Nullable Pin pin, Version version, Map<Long, SstableReader> readers) {
    this.pin = pin;
    this.version = version;
    this.readers = readers;
    List<SstableRun> found = new ArrayList<>();
    for (SstableMeta newest : version.level(0)) {
      found.add(run(List.of(newest)));
    }
    for (int level = 1; level < Version.LEVELS; level++) {
      if (!version.level(level).isEmpty()) {
        found.add(run(version.level(level)));
      }
    }
    this.runs = found.toArray(new SstableRun[0]);
  }

  private SstableRun run(List<SstableMeta> metas) {
    SstableReader[] open = new SstableReader[metas.size()];
    for (int i = 0; i < open.length; i++) {
      open[i] = reader(readers, metas.get(i).number());
      if (open[i].info().properties().rangeTombstones() > 0) {
        withRanges.add(open[i]);
      }
    }
    return new SstableRun(metas.toArray(new SstableMeta[0]), open);
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

  /// The pinned version. Takes over `pin` and `opened`, and shares the rest with `before`.
  static FileSet of(VersionSet.Pin pin, FileSet before, Map<Long, SstableReader> opened) {
    Map<Long, SstableReader> readers = new HashMap<>();
    for (SstableMeta sstable : pin.version().all()) {
      SstableReader reader = opened.get(sstable.number());
      if (reader == null) {
        reader = reader(before.readers, sstable.number());
        if (!reader.acquire()) {
          throw new IllegalStateException("sstable " + sstable.number() + " is closed");
        }
      }
      readers.put(sstable.number(), reader);
    }
    return new FileSet(pin, pin.version(), readers);
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

  /// All sstables: each of level 0, newest first, then the levels below.
  SstableRun[] runs() {
    return runs;
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
    for (SstableRun run : runs) {
      int file = run.fileOf(key);
      if (file < 0 || run.smallestSequence(file) > sequence) {
        continue;
      }
      SstableReader reader = run.reader(file);
      long hidden = reader.rangeTombstones().covering(key, 0, key.length, sequence);
      if (reader.get(key, sequence, lookup)) {
        return lookup.sequence() >= hidden;
      }
      if (hidden > 0) {
        return false;
      }
    }
    return false;
  }
}
