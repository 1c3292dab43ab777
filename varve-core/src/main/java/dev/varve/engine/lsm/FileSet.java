package dev.varve.engine.lsm;

import dev.varve.engine.lsm.blob.BlobReader;
import dev.varve.engine.lsm.blob.BlobReference;
import dev.varve.engine.lsm.sstable.SstableLookup;
import dev.varve.engine.lsm.sstable.SstableReader;
import dev.varve.engine.lsm.version.SstableMeta;
import dev.varve.engine.lsm.version.Version;
import dev.varve.engine.lsm.version.Version.BlobFile;
import dev.varve.engine.lsm.version.VersionSet;
import dev.varve.kv.CorruptionException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// A version with its sstables open.
///
/// @threads safe
/// @lifetime until the last holder has called [#release]; whoever makes it is the first
final class FileSet {
  private final VersionSet.@Nullable Pin pin;
  private final Version version;
  private final Map<Long, SstableReader> readers;
  private final Map<Long, BlobReader> blobs;

  /** In the order in which a key is looked for: level 0, newest first, then the deeper levels. */
  private final SstableRun[] runs;

  /** Those with range tombstones. */
  private final List<SstableReader> withRanges = new ArrayList<>();

  /// Open files, by their numbers.
  record Opened(Map<Long, SstableReader> sstables, Map<Long, BlobReader> blobs) {
    static final Opened NONE = new Opened(Map.of(), Map.of());

    /// Gives back a reference to each.
    ///
    /// @throws IOException when the operating system refuses to close a file
    void release() throws IOException {
      for (SstableReader reader : sstables.values()) {
        reader.release();
      }
      BlobFiles.release(blobs);
    }
  }

  private final int levelZeroRuns;
  private final AtomicInteger holders = new AtomicInteger(1);

  private FileSet(VersionSet.@Nullable Pin pin, Version version, Opened all) {
    this.pin = pin;
    this.version = version;
    this.readers = all.sstables;
    this.blobs = all.blobs;
    this.levelZeroRuns =
        (int) version.level(0).stream().mapToLong(SstableMeta::largestSequence).distinct().count();
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
    return new FileSet(null, Version.EMPTY, Opened.NONE);
  }

  /// The pinned version, and beside it those files of `before` that `beside` names. Takes over
  /// `pin` and `opened`, and shares the rest with `before`.
  static FileSet of(VersionSet.Pin pin, FileSet before, Opened opened, Set<Long> beside) {
    Map<Long, SstableReader> readers = new HashMap<>();
    for (SstableMeta sstable : pin.version().all()) {
      SstableReader reader = opened.sstables.get(sstable.number());
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
    Map<Long, BlobReader> blobs = new HashMap<>();
    for (BlobFile blob : pin.version().blobs()) {
      BlobReader reader = opened.blobs.get(blob.number());
      blobs.put(blob.number(), reader == null ? again(before, blob.number()) : reader);
    }
    return new FileSet(pin, pin.version(), new Opened(readers, blobs));
  }

  /// The same version, with files open beside it. Takes over `more`.
  static FileSet withMore(FileSet before, Map<Long, SstableReader> more) {
    Map<Long, SstableReader> readers = new HashMap<>(more);
    before.readers.forEach((number, reader) -> readers.put(number, again(reader)));
    Map<Long, BlobReader> blobs = new HashMap<>();
    for (long number : before.blobs.keySet()) {
      blobs.put(number, again(before, number));
    }
    VersionSet.Pin held = before.pin;
    return new FileSet(
        held == null ? null : held.hold(), before.version, new Opened(readers, blobs));
  }

  private static BlobReader again(FileSet before, long number) {
    BlobReader reader = before.blobs.get(number);
    if (reader == null || !reader.acquire()) {
      throw new IllegalStateException("blob file " + number + " is not open");
    }
    return reader;
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
    return readers.containsKey(number) || blobs.containsKey(number);
  }

  /// An open sstable with a reference for the caller, or null.
  @Nullable SstableReader acquire(long number) {
    SstableReader reader = readers.get(number);
    return reader != null && reader.acquire() ? reader : null;
  }

  /// An open blob file with a reference for the caller, or null.
  @Nullable BlobReader acquireBlob(long number) {
    BlobReader reader = blobs.get(number);
    return reader != null && reader.acquire() ? reader : null;
  }

  /// What an entry of an sstable refers to whose value is the `length` bytes from `offset`.
  ///
  /// @throws CorruptionException when they are no reference
  BlobReference reference(byte[] array, int offset, int length) {
    BlobReference reference = BlobReference.decode(array, offset, length);
    if (reference == null) {
      throw corrupt("a reference into a blob file", length + " bytes that are none");
    }
    return reference;
  }

  /// Reads the value that an entry of an sstable refers to.
  ///
  /// @throws CorruptionException when it is damaged, or there is no such file
  /// @throws IOException when the device refuses
  byte[] blob(BlobReference reference) throws IOException {
    BlobReader reader = blobs.get(reference.file());
    if (reader == null) {
      throw corrupt("blob file " + reference.file(), "an entry that refers to it, but no file");
    }
    return reader.get(reference);
  }

  /** There is an sstable where there is an entry. */
  private CorruptionException corrupt(String expected, String found) {
    Path sstable = readers.values().iterator().next().path();
    Path directory = sstable.getParent();
    return new CorruptionException(directory == null ? sstable : directory, 0, expected, found);
  }

  /// All sstables.
  List<SstableReader> all() {
    return List.copyOf(readers.values());
  }

  /// All sstables: each of level 0, newest first, then the levels below.
  SstableRun[] runs() {
    return runs;
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
    for (BlobReader reader : blobs.values()) {
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
  /// @throws CorruptionException when what has to be read is damaged
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

  /// The sstable that has this very revision of a key, and has in it what `wanted` says of the
  /// look-up; null when there is none.
  ///
  /// @throws CorruptionException when what has to be read is damaged
  /// @throws IOException when the device refuses
  @Nullable SstableReader find(
      byte[] key, long sequence, SstableLookup lookup, BooleanSupplier wanted) throws IOException {
    for (SstableRun run : runs) {
      int file = run.fileOf(key);
      if (file >= 0
          && run.reader(file).get(key, sequence, lookup)
          && lookup.sequence() == sequence
          && wanted.getAsBoolean()) {
        return run.reader(file);
      }
    }
    return null;
  }
}
