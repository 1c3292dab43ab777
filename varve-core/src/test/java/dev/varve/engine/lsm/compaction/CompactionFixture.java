package dev.varve.engine.lsm.compaction;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.Background;
import dev.varve.base.Bytes;
import dev.varve.base.Clock;
import dev.varve.base.RandomSource;
import dev.varve.cache.BlockCache;
import dev.varve.cache.MemoryBudget;
import dev.varve.codec.BlockCodecs;
import dev.varve.engine.lsm.blob.BlobEnvironment;
import dev.varve.engine.lsm.blob.BlobReader;
import dev.varve.engine.lsm.blob.BlobReference;
import dev.varve.engine.lsm.blob.BlobWriter;
import dev.varve.engine.lsm.sstable.RangeTombstone;
import dev.varve.engine.lsm.sstable.SstableCursor;
import dev.varve.engine.lsm.sstable.SstableEnvironment;
import dev.varve.engine.lsm.sstable.SstableInfo;
import dev.varve.engine.lsm.sstable.SstableLookup;
import dev.varve.engine.lsm.sstable.SstableOptions;
import dev.varve.engine.lsm.sstable.SstableReader;
import dev.varve.engine.lsm.sstable.SstableWriter;
import dev.varve.engine.lsm.sstable.Stamp;
import dev.varve.engine.lsm.version.Manifest;
import dev.varve.engine.lsm.version.SstableMeta;
import dev.varve.engine.lsm.version.Version;
import dev.varve.engine.lsm.version.VersionEdit;
import dev.varve.engine.lsm.version.VersionEdit.BlobChange;
import dev.varve.engine.lsm.version.VersionSet;
import dev.varve.format.StoreId;
import dev.varve.fs.FileSystem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;

/// A keyspace of sstables without an engine, and a model of what is in it.
final class CompactionFixture implements CompactionEnvironment, AutoCloseable {
  static final Path DIRECTORY = Path.of("/memory/store");
  static final StoreId STORE = new StoreId(0x0807060504030201L, 0x100f0e0d0c0b0a09L);
  static final int KEYS = 200;
  private static final SstableOptions SSTABLES = SstableOptions.DEFAULTS.withBlockBytes(128);

  /// A revision; without a value it is a tombstone.
  record Revision(long sequence, byte @Nullable [] value) {}

  final FileSystem fs;
  final SstableEnvironment sstables;
  final BlobEnvironment blobs;
  final VersionSet versions;
  final Background background;
  final AtomicLong nanos = new AtomicLong();
  final NavigableSet<Long> snapshots = new ConcurrentSkipListSet<>();
  final List<CompactionFailure> failures = new CopyOnWriteArrayList<>();
  final Set<Long> created = ConcurrentHashMap.newKeySet();
  final Set<Long> obsolete = ConcurrentHashMap.newKeySet();
  final AtomicLong opened = new AtomicLong();
  final AtomicLong sequence = new AtomicLong(1);

  /// Sstables to be rewritten.
  volatile Set<Long> rewrites = Set.of();

  /// Which file is opened in the place of which.
  volatile LongUnaryOperator instead = number -> number;

  /// Guarded by itself.
  final NavigableMap<String, List<Revision>> model = new TreeMap<>();

  final List<RangeTombstone> modelRanges = new CopyOnWriteArrayList<>();

  CompactionFixture(FileSystem fs, Background background) throws IOException {
    fs.createDirectories(DIRECTORY);
    this.fs = fs;
    this.background = background;
    this.sstables = environment(fs, clock());
    this.blobs = new BlobEnvironment(fs, DIRECTORY, STORE, 3, clock());
    this.versions = VersionSet.empty(place(fs), clock(), obsolete::addAll);
  }

  static Manifest.Place place(FileSystem fs) {
    return new Manifest.Place(fs, DIRECTORY, STORE, 3);
  }

  static SstableEnvironment environment(FileSystem fs, Clock clock) {
    MemoryBudget budget = new MemoryBudget(64 << 20);
    return new SstableEnvironment(
        fs,
        DIRECTORY,
        STORE,
        3,
        new BlockCache(budget, 1 << 20),
        budget,
        RandomSource.seeded(7),
        clock);
  }

  static byte[] key(int number) {
    return String.format(Locale.ROOT, "k%05d", number).getBytes(StandardCharsets.US_ASCII);
  }

  private static String text(byte[] key) {
    return new String(key, StandardCharsets.US_ASCII);
  }

  @Override
  public String keyspace() {
    return "tested";
  }

  @Override
  public VersionSet versions() {
    return versions;
  }

  @Override
  public SstableReader open(SstableMeta sstable) throws IOException {
    opened.incrementAndGet();
    return SstableReader.open(sstables, instead.applyAsLong(sstable.number()), SSTABLES);
  }

  @Override
  public SstableWriter create(long number) throws IOException {
    assertTrue(created.add(number), "number " + number + " was given twice");
    return new SstableWriter(sstables, number, SSTABLES);
  }

  @Override
  public void remove(long number) throws IOException {
    fs.delete(fs.exists(blobs.path(number)) ? blobs.path(number) : sstables.path(number));
  }

  @Override
  public BlobReader openBlob(long number) throws IOException {
    return BlobReader.open(blobs, number);
  }

  @Override
  public BlobWriter createBlob(long number) throws IOException {
    assertTrue(created.add(number), "number " + number + " was given twice");
    return new BlobWriter(blobs, number, BlockCodecs.LZ4);
  }

  @Override
  public Set<Long> rewrites() {
    return rewrites;
  }

  @Override
  public long[] visible() {
    long now = sequence.get() - 1;
    List<Long> all = new ArrayList<>(snapshots);
    all.removeIf(snapshot -> snapshot >= now);
    all.add(now);
    return all.stream().mapToLong(Long::longValue).toArray();
  }

  @Override
  public BlobChange.Dies dies(byte[] value, int offset, int length) {
    BlobReference reference = Objects.requireNonNull(BlobReference.decode(value, offset, length));
    return new BlobChange.Dies(reference.file(), reference.recordBytes());
  }

  @Override
  public Clock clock() {
    return new Clock() {
      @Override
      public long nanos() {
        return nanos.get();
      }

      @Override
      public long wallMillis() {
        return nanos.get() / 1_000_000;
      }
    };
  }

  @Override
  public Background background() {
    return background;
  }

  @Override
  public void failed(CompactionFailure failure) {
    failures.add(failure);
  }

  void pass(Duration time) {
    nanos.addAndGet(time.toNanos());
  }

  /// What one flush holds: put into the model at once, into a file by [#write].
  final class Batch {
    private final TreeMap<String, List<Revision>> entries = new TreeMap<>();
    private final List<RangeTombstone> ranges = new ArrayList<>();

    Batch put(int key, byte @Nullable [] value) {
      Revision revision = new Revision(sequence.getAndIncrement(), value);
      String text = text(key(key));
      entries.computeIfAbsent(text, _ -> new ArrayList<>()).addFirst(revision);
      synchronized (model) {
        model.computeIfAbsent(text, _ -> new ArrayList<>()).addFirst(revision);
      }
      return this;
    }

    Batch put(int key, String value) {
      return put(key, value.getBytes(StandardCharsets.US_ASCII));
    }

    Batch delete(int key) {
      return put(key, (byte[]) null);
    }

    Batch deleteRange(int from, @Nullable Integer to) {
      RangeTombstone tombstone =
          new RangeTombstone(key(from), to == null ? null : key(to), sequence.getAndIncrement());
      ranges.add(tombstone);
      modelRanges.add(tombstone);
      return this;
    }

    SstableMeta write() throws IOException {
      try (SstableWriter writer = create(versions.newNumber())) {
        for (Map.Entry<String, List<Revision>> entry : entries.entrySet()) {
          byte[] key = entry.getKey().getBytes(StandardCharsets.US_ASCII);
          for (Revision revision : entry.getValue()) {
            byte[] value = revision.value;
            writer.add(
                key,
                revision.sequence,
                value == null ? Stamp.TOMBSTONE : Stamp.VALUE,
                value == null ? new byte[0] : value);
          }
        }
        ranges.sort(
            (a, b) -> {
              int order = Bytes.compare(a.from(), b.from());
              return order != 0 ? order : Long.compare(b.sequence(), a.sequence());
            });
        ranges.forEach(writer::addRangeTombstone);
        return SstableMeta.of(writer.finish());
      }
    }

    SstableMeta flush() throws IOException {
      SstableMeta meta = write();
      versions.install(VersionEdit.flush(List.of(meta), meta.largestSequence()));
      return meta;
    }

    /// Puts it at a level where it fits.
    SstableMeta place(int level) throws IOException {
      SstableMeta meta = write();
      versions.install(
          new VersionEdit(
              List.of(new VersionEdit.Added(level, meta)),
              List.of(),
              meta.largestSequence(),
              0,
              List.of()));
      return meta;
    }
  }

  Batch batch() {
    return new Batch();
  }

  long snapshot() {
    long now = sequence.get() - 1;
    snapshots.add(now);
    return now;
  }

  /// What the model has for a key at a sequence number.
  byte @Nullable [] expected(byte[] key, long at) {
    long hidden = 0;
    for (RangeTombstone range : modelRanges) {
      byte[] to = range.to();
      if (range.sequence() <= at
          && Bytes.compare(range.from(), key) <= 0
          && (to == null || Bytes.compare(key, to) < 0)) {
        hidden = Math.max(hidden, range.sequence());
      }
    }
    synchronized (model) {
      for (Revision revision : model.getOrDefault(text(key), List.of())) {
        if (revision.sequence <= at) {
          return revision.sequence < hidden ? null : revision.value;
        }
      }
    }
    return null;
  }

  /// What the sstables of a version have for it, read as readers do.
  byte @Nullable [] found(Map<Long, SstableReader> readers, Version version, byte[] key, long at)
      throws IOException {
    long hidden = 0;
    SstableLookup lookup = new SstableLookup();
    for (SstableMeta sstable : version.all()) {
      if (!sstable.covers(key)) {
        continue;
      }
      SstableReader reader = readers.get(sstable.number());
      if (reader == null) {
        reader = SstableReader.open(sstables, sstable.number(), SSTABLES);
        readers.put(sstable.number(), reader);
      }
      hidden = Math.max(hidden, reader.rangeTombstones().covering(key, at));
      if (reader.get(key, at, lookup)) {
        return lookup.sequence() < hidden || lookup.kind() == Stamp.TOMBSTONE
            ? null
            : lookup.value();
      }
    }
    return null;
  }

  /// Every key has at every snapshot and now the value that the model says.
  void check(String name) throws IOException {
    Map<Long, SstableReader> readers = new TreeMap<>();
    try (VersionSet.Pin pin = versions.pin()) {
      for (long at : visible()) {
        for (int i = 0; i < KEYS; i++) {
          assertArrayEquals(
              expected(key(i), at),
              found(readers, pin.version(), key(i), at),
              name + ": key " + i + " at " + at + " of " + Arrays.toString(visible()));
        }
      }
    } finally {
      for (SstableReader reader : readers.values()) {
        reader.release();
      }
    }
  }

  /// All files are sound, and say of themselves what the version says of them.
  void verify() throws IOException {
    try (VersionSet.Pin pin = versions.pin()) {
      for (SstableMeta sstable : pin.version().all()) {
        SstableReader reader = SstableReader.open(sstables, sstable.number(), SSTABLES);
        reader.verify();
        SstableInfo info = reader.info();
        assertEquals(sstable, SstableMeta.of(info));
        assertTrue(info.properties().entries() + info.properties().rangeTombstones() > 0);
        reader.release();
      }
    }
  }

  /// The entries of a version's files, as texts.
  List<String> entries() throws IOException {
    List<String> texts = new ArrayList<>();
    try (VersionSet.Pin pin = versions.pin()) {
      for (SstableMeta sstable : pin.version().all()) {
        SstableReader reader = SstableReader.open(sstables, sstable.number(), SSTABLES);
        try (SstableCursor cursor = reader.cursor()) {
          for (boolean valid = cursor.seekToFirst(); valid; valid = cursor.next()) {
            texts.add(
                text(cursor.key())
                    + "@"
                    + cursor.sequence()
                    + (cursor.kind() == Stamp.TOMBSTONE ? " deleted" : ""));
          }
        }
        reader.release();
      }
    }
    return texts;
  }

  @Override
  public void close() throws IOException {
    background.close();
    versions.close();
  }
}
