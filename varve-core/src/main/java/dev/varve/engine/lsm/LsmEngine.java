package dev.varve.engine.lsm;

import dev.varve.base.ReaderEpochs;
import dev.varve.codec.BlockCodecs;
import dev.varve.engine.BulkWriter;
import dev.varve.engine.Engine;
import dev.varve.engine.EngineContext;
import dev.varve.engine.EngineCursor;
import dev.varve.engine.EngineStats;
import dev.varve.engine.lsm.compaction.CompactionStats;
import dev.varve.engine.lsm.memtable.Memtable;
import dev.varve.engine.lsm.memtable.MemtableStats;
import dev.varve.engine.lsm.sstable.ReadCounts;
import dev.varve.engine.lsm.sstable.SstableLookup;
import dev.varve.engine.lsm.sstable.Stamp;
import dev.varve.engine.lsm.version.SstableMeta;
import dev.varve.engine.lsm.version.SstableMeta.Counts;
import dev.varve.engine.lsm.version.Version;
import dev.varve.kv.EngineKind;
import dev.varve.kv.FormatException;
import dev.varve.kv.KeyRange;
import dev.varve.kv.LsmStats;
import dev.varve.kv.MutationReader;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.StoreIoException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// An engine that gathers what is written in memtables and keeps the rest in sorted files.
///
/// @threads as [Engine]
/// @source O'Neil, Cheng, Gawlick, O'Neil, The log-structured merge-tree, Acta Informatica 33
///   (1996)
public final class LsmEngine implements Engine {
  /* A commit goes to the active memtable. Once that is full it is sealed, between two commits, and
   * another takes its place; the background writes sealed ones to sstables, oldest first (LsmFlush),
   * and the manifest then names these (LsmFiles).
   *
   * A reader looks at one ReadState, which it takes within a look (ReaderEpochs), so that its files
   * stay open meanwhile; a cursor holds the files of its state until it is closed.
   *
   * I1: each commit of the keyspace that is visible is wholly in the newest state: a memtable comes to
   *     be active before the first commit in it is visible, and leaves the state together with the
   *     coming of its sstable.
   * I2: a read of the newest takes the state first, and then what is visible. What the state lacks
   *     was applied after it was taken, so what the read finds was the newest at some time during
   *     the read. What the files of the state lack of older revisions lay behind what was visible
   *     when they were written, which was before. */

  private static final int LOOKUPS = 16;

  private final EngineContext context;
  private final ReaderEpochs epochs = new ReaderEpochs(Runtime.getRuntime().availableProcessors());
  private final LsmState state;
  private final LsmFiles files;
  private final LsmCompaction compaction;
  private final LsmFlush flush;
  private final LsmIngest ingest;
  private final LsmSettings settings;
  private final LookupPool lookups = new LookupPool(LOOKUPS);
  private final LongAdder memtableGets = new LongAdder();
  private final AtomicLong writtenBytes = new AtomicLong();

  /** How many memtables were sealed since they were full. */
  private final AtomicLong filled = new AtomicLong();

  private final LongAdder ingests = new LongAdder();

  private LsmEngine(EngineContext context, LsmSettings settings) {
    this.context = context;
    this.settings = settings;
    this.state = new LsmState(context.budget(), epochs, context.services());
    this.files = new LsmFiles(context, settings, state);
    this.compaction = new LsmCompaction(context, settings, state, files);
    this.flush = new LsmFlush(context, settings, state, files, compaction);
    this.ingest = new LsmIngest(context, settings, state, files, compaction);
  }

  /// Makes the engine.
  ///
  /// @throws FormatException when the codec of its blocks is not here: nothing could be read, and
  ///   what is in memory could not be written
  public static Engine of(EngineContext context) {
    return of(context, settings -> settings);
  }

  /// Makes the engine with other settings than its options lead to: so small that a few entries
  /// fill memtables, levels and manifests.
  ///
  /// @throws FormatException as [#of(EngineContext)]
  public static LsmEngine of(EngineContext context, UnaryOperator<LsmSettings> tuning) {
    int codec = BlockCodecs.idOf(context.options().compression());
    if (BlockCodecs.forReading(codec) == null) {
      throw new FormatException(
          context.directory(),
          "the keyspace '"
              + context.name()
              + "' in "
              + context.directory()
              + " is compressed with the codec "
              + BlockCodecs.nameOf(codec)
              + ", which is not here. Nothing was changed; "
              + BlockCodecs.remedy(codec));
    }
    LsmSettings settings = LsmSettings.of(context.options(), context.budget().bytesMax());
    return new LsmEngine(context, tuning.apply(settings));
  }

  @Override
  public EngineKind kind() {
    return EngineKind.LSM;
  }

  @Override
  public void apply(long sequence, MutationReader mutation) {
    if (mutation.kind() == MutationReader.Kind.INGEST) {
      ingest.apply(sequence, mutation.ingestedFiles());
      ingests.increment();
      return;
    }
    state.now().active().apply(sequence, mutation);
    int bytes =
        switch (mutation.kind()) {
          case PUT, DELETE_RANGE -> mutation.keyLength() + mutation.valueLength();
          case DELETE -> mutation.keyLength();
          case CREATE_KEYSPACE, DROP_KEYSPACE, INGEST -> 0;
        };
    // One at a time applies, so this need not be an atomic addition.
    writtenBytes.lazySet(writtenBytes.getPlain() + bytes);
  }

  @Override
  public BulkWriter bulkWriter() {
    return ingest.begin();
  }

  @Override
  public void finish(long sequence) {
    if (state.now().active().memoryBytes() >= settings.memtableBytes()) {
      state.seal();
      long _ = filled.incrementAndGet();
      flush.request();
    } else if (!state.now().ingested().isEmpty()) {
      flush.request();
    }
  }

  @Override
  public void reclaim() {
    if (state.now().active().memoryBytes() >= settings.memtableBytes() / 2) {
      state.seal();
    }
    if (!state.now().sealed().isEmpty()) {
      flush.request();
    }
  }

  @Override
  public boolean hasRoom(long entryBytes) {
    return false;
  }

  @Override
  public void awaitRoom(long bytes, boolean mayRefuse) {
    flush.throttle().await(bytes, mayRefuse);
  }

  @Override
  public byte @Nullable [] get(byte[] key, long sequence) {
    return find(key, sequence, true);
  }

  /** The value of a key, or null; something else in its place when it is not to be read. */
  private byte @Nullable [] find(byte[] key, long sequence, boolean read) {
    int token = epochs.enter();
    try {
      ReadState seen = state.now();
      long at = sequence == LATEST ? context.visibility().visibleThrough() : sequence;
      long hidden = 0;
      int above = 0;
      Memtable memtable = seen.active();
      for (int i = 0; ; i++) {
        for (; above < seen.ingested().size(); above++) {
          Ingested ingested = seen.ingested().get(above);
          if (memtable.number() >= ingested.below()) {
            break;
          }
          byte[] value = inIngested(ingested, key, at);
          if (value != null) {
            return value;
          }
        }
        hidden = Math.max(hidden, memtable.rangeTombstoneCovering(key, at));
        int found = memtable.find(key, at);
        if (found != 0) {
          memtableGets.increment();
          return memtable.isTombstone(found) || memtable.sequence(found) < hidden
              ? null
              : memtable.value(found);
        }
        if (hidden > 0) {
          memtableGets.increment();
          return null;
        }
        if (i == seen.sealed().size()) {
          break;
        }
        memtable = seen.sealed().get(i);
      }
      for (; above < seen.ingested().size(); above++) {
        byte[] value = inIngested(seen.ingested().get(above), key, at);
        if (value != null) {
          return value;
        }
      }
      return inFiles(seen.files(), key, at, read);
    } finally {
      epochs.exit(token);
    }
  }

  private byte @Nullable [] inIngested(Ingested ingested, byte[] key, long sequence) {
    SstableLookup lookup = lookups.take();
    try {
      return ingested.find(key, sequence, lookup) ? lookup.value() : null;
    } catch (IOException e) {
      throw unreadable(e);
    } finally {
      lookups.give(lookup);
    }
  }

  private byte @Nullable [] inFiles(FileSet set, byte[] key, long sequence, boolean read) {
    SstableLookup lookup = lookups.take();
    try {
      lookup.counts().add(ReadCounts.GETS);
      if (!set.find(key, sequence, lookup) || lookup.kind() == Stamp.TOMBSTONE) {
        return null;
      }
      return lookup.kind() == Stamp.BLOB && read
          ? set.blob(set.reference(lookup.valueArray(), lookup.valueOffset(), lookup.valueLength()))
          : lookup.value();
    } catch (IOException e) {
      throw unreadable(e);
    } finally {
      lookups.give(lookup);
    }
  }

  private StoreIoException unreadable(IOException e) {
    return new StoreIoException("the files of keyspace '" + context.name() + "' cannot be read", e);
  }

  @Override
  public boolean contains(byte[] key, long sequence) {
    return find(key, sequence, false) != null;
  }

  @Override
  public EngineCursor cursor(KeyRange range, long sequence) {
    int token = epochs.enter();
    ReadState seen;
    try {
      seen = state.now();
      seen.files().hold();
    } finally {
      epochs.exit(token);
    }
    return new MergingCursor(seen, range, sequence, context.name());
  }

  @Override
  public long count() {
    int token = epochs.enter();
    try {
      return about(contents(state.now()));
    } finally {
      epochs.exit(token);
    }
  }

  /** What memtables and files together hold. */
  private static Counts contents(ReadState seen) {
    Counts sum = seen.files().version().counts();
    // What is not in the sstables, as far as it is alive.
    for (Version.BlobFile blob : seen.files().version().blobs()) {
      sum = sum.plus(new Counts(0, 0, 0, 0, blob.liveBytes()));
    }
    for (Memtable memtable : seen.memtables()) {
      MemtableStats stats = memtable.stats();
      sum =
          sum.plus(
              new Counts(
                  stats.entries(),
                  stats.tombstones(),
                  stats.rangeTombstones(),
                  stats.keyBytes(),
                  stats.valueBytes()));
    }
    return sum;
  }

  /** A tombstone hides one entry, as a rule. */
  private static long about(Counts counts) {
    return Math.max(0, counts.entries() - 2 * counts.tombstones());
  }

  @Override
  public EngineStats stats() {
    int token = epochs.enter();
    try {
      ReadState seen = state.now();
      Counts counts = contents(seen);
      long memory = seen.files().memoryBytes();
      for (Memtable memtable : seen.memtables()) {
        memory += memtable.memoryBytes();
      }
      long bytes = seen.files().version().bytes();
      for (Ingested ingested : seen.ingested()) {
        for (SstableMeta meta : ingested.metas()) {
          counts = counts.plus(meta.counts());
          bytes += meta.fileBytes();
        }
      }
      return new EngineStats(
          about(counts),
          counts.keyBytes(),
          counts.valueBytes(),
          memory,
          counts.entries(),
          bytes,
          figures(seen),
          null);
    } finally {
      epochs.exit(token);
    }
  }

  private LsmStats figures(ReadState seen) {
    Version version = seen.files().version();
    return new LsmStats(
        LsmFigures.levels(version),
        LsmFigures.memtables(seen, settings.memtableBytes()),
        LsmFigures.reads(memtableGets.sum(), lookups.counts()),
        flush.stats(),
        compaction.stats(),
        flush.throttle().stats(),
        writtenBytes.get(),
        LsmFigures.liveFileBytes(version));
  }

  @Override
  public void prepareFlush() {
    state.seal();
  }

  @Override
  public byte[] flush(long sequence, ProgressListener listener) throws IOException {
    flush.run(sequence, listener);
    return files.publish();
  }

  @Override
  public void compact(KeyRange range, ProgressListener listener) throws IOException {
    flush.run(Long.MAX_VALUE, listener);
    compaction.compact(range, listener);
  }

  @Override
  public void published() {
    files.published();
  }

  @Override
  public long flushedThrough() {
    return state.now().files().version().flushedThrough();
  }

  @Override
  public void load(byte[] bytes, ProgressListener listener) throws IOException {
    files.load(bytes);
  }

  @Override
  public Set<String> files(byte[] bytes) {
    return files.names(bytes);
  }

  @Override
  public long verify(byte[] bytes, Consumer<String> problems) throws IOException {
    return files.verify(bytes, problems);
  }

  @Override
  public List<String> validate() {
    List<String> problems = new ArrayList<>(state.now().files().version().problems());
    long newest = Long.MAX_VALUE;
    for (Memtable memtable : state.now().memtables()) {
      MemtableStats stats = memtable.stats();
      if (!memtable.isEmpty()) {
        if (stats.largestSequence() >= newest) {
          problems.add("memtable " + memtable.number() + " is older than one below it");
        }
        newest = stats.smallestSequence();
      }
    }
    return problems;
  }

  /// How many memtables were sealed so far since they were full.
  public long filledMemtables() {
    return filled.get();
  }

  /// How many bulk loads were taken in so far, those that were found in the log among them.
  public long ingests() {
    return ingests.sum();
  }

  /// How blob files came and went so far.
  public BlobTally blobs() {
    return files.blobTally();
  }

  /// What compaction did so far.
  public CompactionStats compactions() {
    return compaction.byLevel();
  }

  /// Why the last compaction that failed did, or null.
  public @Nullable Throwable compactionFailure() {
    return compaction.failure();
  }

  @Override
  public void stop() {
    ingest.stop();
    compaction.close();
  }

  @Override
  public void close() {
    state.close();
    ingest.close();
    files.close();
    // Whoever drops a keyspace keeps others from committing: it does not wait for what runs.
    compaction.cancel();
  }
}
