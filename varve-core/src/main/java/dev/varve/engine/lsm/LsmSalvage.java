package dev.varve.engine.lsm;

import dev.varve.base.Bytes;
import dev.varve.base.Clock;
import dev.varve.engine.lsm.SalvageRuns.Part;
import dev.varve.engine.lsm.blob.BlobEnvironment;
import dev.varve.engine.lsm.sstable.RangeTombstone;
import dev.varve.engine.lsm.sstable.RangeTombstones;
import dev.varve.engine.lsm.sstable.SstableProperties;
import dev.varve.engine.lsm.sstable.SstableRemains;
import dev.varve.engine.lsm.sstable.Stamp;
import dev.varve.engine.lsm.version.Manifest;
import dev.varve.engine.lsm.version.ManifestRemains;
import dev.varve.engine.lsm.version.SstableMeta;
import dev.varve.engine.lsm.version.Version;
import dev.varve.format.EditFile.Pointer;
import dev.varve.format.StoreFileName;
import dev.varve.format.StoreId;
import dev.varve.fs.FileSystem;
import dev.varve.kv.VarveException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Reads what is sound of the files of a keyspace, and says what is not. Changes nothing.
///
/// Which sstables count is the manifest's to say. Where it cannot, all count that there are but for
/// those that some edit took away. Memory: a few blocks for each run of sstables that do not
/// overlap, and all range tombstones.
///
/// @threads one at a time
public final class LsmSalvage {
  /// Where the files are.
  public record Source(
      FileSystem fileSystem, Path directory, StoreId store, int keyspace, Clock clock) {
    Path sstable(long number) {
      return directory.resolve(StoreFileName.sstable(keyspace, number));
    }

    BlobEnvironment blobs() {
      return new BlobEnvironment(fileSystem, directory, store, keyspace, clock);
    }

    SstableRemains open(long number, long ingestedAt) throws IOException {
      SstableRemains remains =
          SstableRemains.open(
              fileSystem, sstable(number), new SstableRemains.Owner(store, keyspace, number));
      remains.ingestAt(ingestedAt);
      return remains;
    }
  }

  /// What is known of the files from elsewhere.
  ///
  /// @param state what the catalog knows of them; null when the catalog is lost
  /// @param log is asked when the manifest cannot say which files count
  public record Known(byte @Nullable [] state, LoggedFiles log) {}

  /// What the log knows of the files.
  public interface LoggedFiles {
    /// The commit that took a file in, for each file that the log names.
    ///
    /// @throws IOException when the device refuses
    Map<Long, Long> commits() throws IOException;
  }

  /// Takes the newest value of each key, in the order of the keys.
  public interface Sink {
    /// Takes an entry; the arrays are the sink's to keep.
    void put(byte[] key, byte[] value);
  }

  /// What was found.
  ///
  /// @param whole whether manifest and sstables are all there and sound
  /// @param flushedThrough the sstables hold every commit up to this number, if they are whole
  /// @param greatest the greatest sequence number that was seen
  /// @param unaccounted files that the log names and that are not there, as far as no manifest says
  ///   where their entries are
  public record Result(boolean whole, long flushedThrough, long greatest, Set<Long> unaccounted) {}

  private final Source source;
  private final Consumer<String> losses;

  /** What there is to read, by file number; of an sstable in the manifest what that says of it. */
  private final Map<Long, @Nullable SstableMeta> wanted = new TreeMap<>();

  /** For each file all of whose entries have one sequence number, as far as it is known, that. */
  private final Map<Long, Long> ingested = new HashMap<>();

  private final LoggedFiles log;
  private final Set<Long> unaccounted = new HashSet<>();
  private boolean knowsPlaces = true;
  private final List<RangeTombstones> tombstones = new ArrayList<>();
  private boolean whole = true;
  private long flushedThrough;
  private long greatest;

  private LsmSalvage(Source source, Known known, Consumer<String> losses) {
    this.source = source;
    this.log = known.log;
    this.losses = losses;
  }

  /// Reads the files of a keyspace.
  ///
  /// @param losses is told what is lost, one sentence each, without keys and values
  /// @throws IOException when the device refuses to list the directory
  public static Result run(Source source, Known known, Sink sink, Consumer<String> losses)
      throws IOException {
    LsmSalvage salvage = new LsmSalvage(source, known, losses);
    byte @Nullable [] state = known.state;
    if (state == null || state.length > 0) {
      salvage.choose(state == null ? null : Pointer.decode(state));
      salvage.read(sink);
    }
    return new Result(
        salvage.whole, salvage.flushedThrough, salvage.greatest, Set.copyOf(salvage.unaccounted));
  }

  private void lose(String loss) {
    whole = false;
    losses.accept(loss);
  }

  private void choose(@Nullable Pointer known) throws IOException {
    long newest = 0;
    List<Long> sstables = new ArrayList<>();
    for (String name : source.fileSystem.list(source.directory)) {
      StoreFileName parsed = StoreFileName.parse(name);
      if (parsed instanceof StoreFileName.Sstable(int keyspace, long number)
          && keyspace == source.keyspace) {
        sstables.add(number);
      } else if (parsed instanceof StoreFileName.Manifest(int keyspace, long number)
          && keyspace == source.keyspace) {
        newest = Math.max(newest, number);
      }
    }
    Pointer pointer = known == null ? new Pointer(newest, 0) : known;
    Manifest.Place place =
        new Manifest.Place(source.fileSystem, source.directory, source.store, source.keyspace);
    try {
      Version version = Manifest.read(place, pointer).version();
      flushedThrough = version.flushedThrough();
      for (SstableMeta sstable : version.all()) {
        wanted.put(sstable.number(), sstable);
        ingested.put(sstable.number(), sstable.ingestedAt());
      }
    } catch (VarveException | IOException e) {
      knowsPlaces = false;
      sstables.forEach(number -> wanted.put(number, null));
      ingested.putAll(log.commits());
      unaccounted.addAll(ingested.keySet());
      unaccounted.removeAll(sstables);
      String name = StoreFileName.manifest(source.keyspace, pointer.number());
      String what = e instanceof NoSuchFileException ? name + " is missing" : e.getMessage() + "";
      lose(
          what
              + "; of keyspace "
              + source.keyspace
              + " every sstable is read that there is, so that what was deleted may be there"
              + " again");
      useSoundEdits(place, pointer.number());
    }
  }

  /**
   * Of a damaged manifest some edits may be sound: what they took away is gone for good, and what
   * they took in has the sequence number that they say.
   */
  private void useSoundEdits(Manifest.Place place, long number) {
    try {
      ManifestRemains remains = ManifestRemains.read(place, number);
      remains.removed().forEach(wanted::remove);
      unaccounted.removeAll(remains.removed());
      ingested.putAll(remains.ingested());
    } catch (IOException unreadable) {
      // It has been reported that there is no manifest.
      return;
    }
  }

  private void read(Sink sink) throws IOException {
    List<Part> parts = new ArrayList<>();
    for (Map.Entry<Long, @Nullable SstableMeta> one : wanted.entrySet()) {
      try (SstableRemains remains = source.open(one.getKey(), ingestedAt(one.getKey()))) {
        parts.add(part(one.getKey(), remains));
      } catch (VarveException | IOException e) {
        SstableMeta meta = one.getValue();
        lose(
            StoreFileName.sstable(source.keyspace, one.getKey())
                + (e instanceof NoSuchFileException ? " is missing" : " cannot be read")
                + ": "
                + (meta == null
                    ? "its entries are lost"
                    : meta.counts().entries()
                        + " entries and "
                        + meta.counts().rangeTombstones()
                        + " range tombstones are lost")
                + (e instanceof NoSuchFileException ? "" : " (" + e.getMessage() + ")"));
      }
    }
    try (SalvageBlobs blobs = new SalvageBlobs(source.blobs());
        SalvageRuns runs = new SalvageRuns(source, parts, this::lose)) {
      merge(runs, blobs, sink);
      blobs.tell(this::lose);
    }
  }

  private long ingestedAt(long number) {
    return ingested.getOrDefault(number, 0L);
  }

  private Part part(long number, SstableRemains remains) {
    long at = ingestedAt(number);
    greatest = Math.max(greatest, at);
    RangeTombstones own = remains.rangeTombstones();
    if (!own.all().isEmpty()) {
      tombstones.add(own);
      for (RangeTombstone tombstone : own.all()) {
        greatest = Math.max(greatest, tombstone.sequence());
      }
    }
    SstableProperties properties = remains.properties();
    if (properties == null) {
      return new Part(number, null, null, at);
    }
    greatest = Math.max(greatest, properties.largestSequence());
    if (!knowsPlaces && at == 0 && properties.largestSequence() == RunWriter.SEQUENCE) {
      lose(
          StoreFileName.sstable(source.keyspace, number)
              + " is of a bulk load, and which commit took it in, if any, is lost: its "
              + properties.entries()
              + " entries count as older than all others");
    }
    return new Part(number, properties.smallestKey(), properties.largestKey(), at);
  }

  private void merge(SalvageRuns runs, SalvageBlobs blobs, Sink sink) throws IOException {
    byte @Nullable [] last = null;
    while (true) {
      SstableRemains entry = runs.entry();
      if (entry == null) {
        return;
      }
      greatest = Math.max(greatest, Stamp.sequence(entry.stamp()));
      if (last == null
          || Bytes.compare(last, 0, last.length, entry.keyArray(), 0, entry.keyLength()) != 0) {
        last = entry.key();
        take(last, entry, blobs, sink);
      }
      runs.advance();
    }
  }

  /** Takes the newest entry of a key. */
  private void take(byte[] key, SstableRemains entry, SalvageBlobs blobs, Sink sink)
      throws IOException {
    long stamp = entry.stamp();
    if (Stamp.kind(stamp) == Stamp.TOMBSTONE || isHidden(key, Stamp.sequence(stamp))) {
      return;
    }
    byte[] value = Stamp.kind(stamp) == Stamp.BLOB ? blobs.value(entry) : entry.value();
    if (value != null) {
      sink.put(key, value);
    }
  }

  private boolean isHidden(byte[] key, long sequence) {
    for (RangeTombstones some : tombstones) {
      if (some.covering(key, Stamp.SEQUENCE_MAX) > sequence) {
        return true;
      }
    }
    return false;
  }
}
