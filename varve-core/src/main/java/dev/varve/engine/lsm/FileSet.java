package dev.varve.engine.lsm;

import dev.varve.base.Bytes;
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

  /** By level, in the order of the version. */
  private final SstableReader[][] levels;

  private final SstableMeta[][] metas;

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

  private final AtomicInteger holders = new AtomicInteger(1);

  private FileSet(VersionSet.@Nullable Pin pin, Version version, Opened all) {
    this.pin = pin;
    this.version = version;
    this.readers = all.sstables;
    this.blobs = all.blobs;
    this.levels = new SstableReader[Version.LEVELS][];
    this.metas = new SstableMeta[Version.LEVELS][];
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
    return new FileSet(null, Version.EMPTY, Opened.NONE);
  }

  /// The pinned version. Takes over `pin` and `opened`, and shares the rest with `before`.
  static FileSet of(VersionSet.Pin pin, FileSet before, Opened opened) {
    Map<Long, SstableReader> readers = new HashMap<>();
    for (SstableMeta sstable : pin.version().all()) {
      SstableReader reader = opened.sstables.get(sstable.number());
      if (reader == null) {
        reader = reader(before.readers, sstable.number());
        if (!reader.acquire()) {
          throw new IllegalStateException("sstable " + sstable.number() + " is closed");
        }
      }
      readers.put(sstable.number(), reader);
    }
    Map<Long, BlobReader> blobs = new HashMap<>();
    for (BlobFile blob : pin.version().blobs()) {
      BlobReader reader = opened.blobs.get(blob.number());
      if (reader == null) {
        reader = before.blobs.get(blob.number());
        if (reader == null || !reader.acquire()) {
          throw new IllegalStateException("blob file " + blob.number() + " is not open");
        }
      }
      blobs.put(blob.number(), reader);
    }
    return new FileSet(pin, pin.version(), new Opened(readers, blobs));
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

  /// The sstables of a level.
  SstableReader[] level(int level) {
    return levels[level];
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

  /// The sstable that has this very revision of a key, and has in it what `wanted` says of the
  /// look-up; null when there is none.
  ///
  /// @throws CorruptionException when what has to be read is damaged
  /// @throws IOException when the device refuses
  @Nullable SstableReader find(
      byte[] key, long sequence, SstableLookup lookup, BooleanSupplier wanted) throws IOException {
    for (int level = 0; level < Version.LEVELS; level++) {
      int one = level == 0 ? 0 : candidate(metas[level], key);
      int end = level == 0 ? levels[0].length : one + 1;
      for (int i = Math.max(0, one); i < end; i++) {
        if (metas[level][i].covers(key)
            && levels[level][i].get(key, sequence, lookup)
            && lookup.sequence() == sequence
            && wanted.getAsBoolean()) {
          return levels[level][i];
        }
      }
    }
    return null;
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
