package dev.varve.store;

import dev.varve.base.FailureLatch;
import dev.varve.engine.btree.BtreeSalvage;
import dev.varve.engine.btree.heap.HeapSalvage;
import dev.varve.engine.lsm.LsmSalvage;
import dev.varve.engine.memory.SnapshotFileReader;
import dev.varve.engine.memory.SnapshotFileReader.Found;
import dev.varve.format.Envelope;
import dev.varve.format.StoreFileName;
import dev.varve.format.StoreId;
import dev.varve.fs.DirectoryLock;
import dev.varve.fs.FileSystem;
import dev.varve.fs.OpenMode;
import dev.varve.fs.StoreFile;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.FormatException;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.MutationReader;
import dev.varve.kv.Progress;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.SalvageReport;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import dev.varve.kv.UsageException;
import dev.varve.kv.VarveException;
import dev.varve.kv.WriteBatch;
import dev.varve.log.LogEnvironment;
import dev.varve.log.LogSalvage;
import dev.varve.log.RecordKind;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;

/// Makes a new store of what is sound of a damaged one. The damaged one is only read.
///
/// @threads one at a time
public final class Salvager {
  private static final int PROGRESS_COMMITS = 4096;

  private final StoreEnvironment environment;
  private final FileSystem fs;
  private final Path from;
  private final ProgressListener listener;
  private final long begun;
  private final List<String> losses = new ArrayList<>();

  /** Keyspaces of the new store, by their number in the damaged one. */
  private final Map<Integer, Keyspace> keyspaces = new HashMap<>();

  /** For each keyspace the commit that its files hold everything up to. */
  private final Map<Integer, Long> filesThrough = new HashMap<>();

  /** The keyspaces are known as of this commit. */
  private long catalogThrough;

  /** Keyspaces that the log drops, where no catalog says which ones there are. */
  private Set<Integer> dropped = Set.of();

  private @Nullable LogOutline outline;

  private long commits;

  /** The damaged store. */
  private StoreId storeId = new StoreId(0, 0);

  private Salvager(StoreEnvironment environment, Path from, ProgressListener listener) {
    this.environment = environment;
    this.fs = environment.fileSystem();
    this.from = from.toAbsolutePath().normalize();
    this.listener = new ThrottledListener(listener, environment.clock());
    this.begun = environment.clock().nanos();
  }

  /// Salvages the store in `from` into `to`, which is empty or missing.
  ///
  /// @throws FormatException when `from` holds no file of a store
  /// @throws VarveException as opening a store does, for `to`
  /// @throws CancellationException when the listener stopped it
  public static SalvageReport salvage(
      StoreEnvironment environment, Path from, Path to, ProgressListener listener) {
    Salvager salvager = new Salvager(environment, from, listener);
    try (DirectoryLock lock = salvager.lock()) {
      assert lock != null;
      return salvager.run(to);
    } catch (IOException e) {
      throw StoreOpener.translated(salvager.from, e);
    }
  }

  private DirectoryLock lock() throws IOException {
    if (!fs.isDirectory(from)) {
      throw new FormatException(from, "there is no store in " + from + ": no such directory");
    }
    return fs.lock(from.resolve(StoreFileName.LOCK));
  }

  private SalvageReport run(Path to) throws IOException {
    if (fs.isDirectory(to) && !fs.list(to).isEmpty()) {
      throw new UsageException(
          to + " is not empty; a salvage makes a new store and needs an empty directory");
    }
    @Nullable Catalog catalog = readCatalog();
    StoreId id = catalog != null ? catalog.store() : anyStoreId();
    StoreOptions options =
        catalog == null ? StoreOptions.defaults() : StoreOptions.parse(catalog.options());
    try (Store store =
        StoreOpener.open(
            environment, to, options.withCreateIfMissing(true), ProgressListener.NONE)) {
      long replayAfter = salvageFiles(store, catalog, id);
      salvageLog(store, id, replayAfter);
      store.sync();
      store.flush(listener);
      long entries = 0;
      for (Keyspace keyspace : store.keyspaces()) {
        entries += keyspace.count();
      }
      return new SalvageReport(store.keyspaces().size(), entries, commits, losses, elapsed());
    }
  }

  private Duration elapsed() {
    return Duration.ofNanos(environment.clock().nanos() - begun);
  }

  private @Nullable Catalog readCatalog() throws IOException {
    Path path = from.resolve(StoreFileName.CATALOG);
    if (!fs.exists(path)) {
      losses.add("the catalog is missing: keyspaces are found by their files and in the log");
      return null;
    }
    try {
      return Catalog.read(fs, path);
    } catch (CorruptionException e) {
      losses.add("the catalog is damaged: keyspaces are found by their files and in the log");
      return null;
    }
  }

  /** The identity that the first sound file has. */
  private StoreId anyStoreId() throws IOException {
    for (String name : fs.list(from)) {
      StoreFileName parsed = StoreFileName.parse(name);
      if (parsed instanceof StoreFileName.Segment
          || parsed instanceof StoreFileName.Snapshot
          || parsed instanceof StoreFileName.Manifest
          || parsed instanceof StoreFileName.Sstable
          || parsed instanceof StoreFileName.HeapMap
          || parsed instanceof StoreFileName.Heap) {
        try (StoreFile file = fs.open(from.resolve(name), OpenMode.READ)) {
          byte[] head = new byte[(int) Math.min(Envelope.SIZE, file.size())];
          file.readFully(0, MemorySegment.ofArray(head));
          if (head.length == Envelope.SIZE && Envelope.isSound(head)) {
            return Envelope.read(from.resolve(name), head).store();
          }
        }
      }
    }
    throw new FormatException(
        from,
        "there is nothing to salvage in " + from + ": no file in it is a sound one of a store");
  }

  /** Answers the commit behind which the log is needed. */
  private long salvageFiles(Store store, @Nullable Catalog catalog, StoreId id) throws IOException {
    Map<Integer, String> snapshots = new HashMap<>();
    Map<Integer, byte @Nullable []> sorted = new TreeMap<>();
    Map<Integer, byte @Nullable []> heaps = new TreeMap<>();
    for (String name : fs.list(from)) {
      switch (StoreFileName.parse(name)) {
        case StoreFileName.Snapshot(int keyspace, long sequence) -> {
          if (filesThrough.merge(keyspace, sequence, Math::max) == sequence) {
            snapshots.put(keyspace, name);
          }
        }
        case StoreFileName.Sstable(int keyspace, long _) -> sorted.put(keyspace, null);
        case StoreFileName.Manifest(int keyspace, long _) -> sorted.put(keyspace, null);
        case StoreFileName.Heap(int keyspace, long _) -> heaps.put(keyspace, null);
        case StoreFileName.HeapMap(int keyspace, long _) -> heaps.put(keyspace, null);
        case StoreFileName.Blob _,
            StoreFileName.Lock _,
            StoreFileName.Catalog _,
            StoreFileName.Segment _,
            StoreFileName.Temporary _,
            StoreFileName.Foreign _ -> {}
      }
    }
    if (catalog == null) {
      // What is dropped later need not be read, and its name may be another's by then.
      dropped = outline(id).dropped();
      snapshots.keySet().removeAll(dropped);
      sorted.keySet().removeAll(dropped);
      heaps.keySet().removeAll(dropped);
      filesThrough.keySet().removeAll(dropped);
    } else {
      sorted.clear();
      heaps.clear();
      makeKeyspaces(store, catalog, snapshots.keySet(), new FileStates(sorted, heaps));
    }
    for (Map.Entry<Integer, String> one : snapshots.entrySet()) {
      salvageSnapshot(store, id, one.getKey(), one.getValue());
    }
    for (Map.Entry<Integer, byte @Nullable []> one : sorted.entrySet()) {
      salvageSorted(store, id, one);
    }
    for (Map.Entry<Integer, byte @Nullable []> one : heaps.entrySet()) {
      salvageHeap(store, id, one);
    }
    long through = filesThrough.values().stream().mapToLong(Long::longValue).min().orElse(0);
    // Without a catalog nobody knows of a keyspace that has no files yet: all of the log counts.
    return Math.min(through, catalog == null ? outline(id).begin() : catalog.catalogThrough());
  }

  private LogOutline outline(StoreId id) throws IOException {
    LogOutline known = outline;
    if (known == null) {
      known = LogOutline.of(logEnvironment(id));
      outline = known;
    }
    return known;
  }

  /**
   * What the catalog knows of the files of keyspaces: of those with sstables, of those with heaps.
   */
  private record FileStates(
      Map<Integer, byte @Nullable []> sorted, Map<Integer, byte @Nullable []> heaps) {}

  /** Makes the keyspaces of the catalog; adds what that knows of their files to `states`. */
  private void makeKeyspaces(
      Store store, Catalog catalog, Set<Integer> snapshots, FileStates states) {
    catalogThrough = catalog.catalogThrough();
    List<Integer> numbers = catalog.keyspaces().stream().map(Catalog.Entry::id).toList();
    filesThrough.keySet().retainAll(numbers);
    snapshots.retainAll(numbers);
    for (Catalog.Entry entry : catalog.keyspaces()) {
      Keyspace keyspace = create(store, entry.id(), entry.name(), entry.options());
      if (keyspace.options().engine() == EngineKind.LSM) {
        states.sorted.put(entry.id(), entry.engineState());
      } else if (keyspace.options().engine() == EngineKind.BTREE) {
        if (entry.engineState().length > 0) {
          states.heaps.put(entry.id(), entry.engineState());
        }
      } else if (entry.engineState().length > 0 && !snapshots.contains(entry.id())) {
        losses.add("the file of keyspace '" + entry.name() + "' is missing");
      }
      // A file that the catalog does not name yet may be whole or not; the log has its commits.
      filesThrough.put(entry.id(), entry.flushedThrough());
    }
  }

  /**
   * Salvages a keyspace of sstables, whose number comes with what the catalog knows of its files.
   */
  private void salvageSorted(Store store, StoreId id, Map.Entry<Integer, byte @Nullable []> one)
      throws IOException {
    int number = one.getKey();
    Keyspace target = nameless(store, id, number, EngineKind.LSM);
    BatchedPuts puts = new BatchedPuts(store, target);
    LsmSalvage.Result found =
        LsmSalvage.run(
            new LsmSalvage.Source(fs, from, id, number, environment.clock()),
            new LsmSalvage.Known(one.getValue(), () -> commitsOfFiles(id, number)),
            (key, value) -> put(puts, target, key, value),
            losses::add);
    puts.finish();
    long known = filesThrough.getOrDefault(number, 0L);
    filesThrough.put(
        number, found.whole() ? Math.max(known, found.flushedThrough()) : over(id, number, found));
  }

  private void put(BatchedPuts puts, Keyspace target, byte[] key, byte[] value) {
    puts.put(key, value);
    if (puts.count() % PROGRESS_COMMITS == 0) {
      report("salvage " + target.name(), "entries", puts.count(), -1);
    }
  }

  /** Salvages a keyspace with a heap, whose number comes with what the catalog knows of it. */
  private void salvageHeap(Store store, StoreId id, Map.Entry<Integer, byte @Nullable []> one)
      throws IOException {
    int number = one.getKey();
    Keyspace target = nameless(store, id, number, EngineKind.BTREE);
    BatchedPuts puts = new BatchedPuts(store, target);
    BtreeSalvage.Result found =
        BtreeSalvage.run(
            new HeapSalvage.Source(fs, from, id, number),
            one.getValue(),
            (key, value) -> put(puts, target, key, value),
            losses::add);
    puts.finish();
    long known = Math.max(filesThrough.getOrDefault(number, 0L), found.flushedThrough());
    filesThrough.put(number, found.whole() ? known : outline(id).over(known));
  }

  private Map<Long, Long> commitsOfFiles(StoreId id, int keyspace) throws IOException {
    Map<Long, Long> commits = new HashMap<>();
    for (LogOutline.Taken taken : outline(id).ingested(keyspace)) {
      commits.put(taken.file().number(), taken.sequence());
    }
    return commits;
  }

  /**
   * The commit behind which the log goes over files that are not whole. A file that the log took in
   * and that is gone, merged into others maybe, is a gap in it: what is older must not go over it.
   */
  private long over(StoreId id, int keyspace, LsmSalvage.Result found) throws IOException {
    long over = outline(id).over(found.greatest());
    for (LogOutline.Taken taken : outline(id).ingested(keyspace)) {
      String name = StoreFileName.sstable(keyspace, taken.file().number());
      if (taken.sequence() <= found.greatest() && !fs.exists(from.resolve(name))) {
        over = Math.max(over, taken.sequence());
        if (found.unaccounted().contains(taken.file().number())) {
          losses.add(
              name
                  + " is missing: its "
                  + taken.file().entries()
                  + " entries are lost unless they were merged into other files");
        }
      }
    }
    return over;
  }

  /** The keyspace of this number; one that no catalog names is called what the log says. */
  private Keyspace nameless(Store store, StoreId id, int number, EngineKind engine)
      throws IOException {
    @Nullable Keyspace known = keyspaces.get(number);
    if (known != null) {
      return known;
    }
    LogOutline.Made made = outline(id).made().get(number);
    if (made != null) {
      return create(store, number, made.name(), made.options());
    }
    String name = "keyspace-" + number;
    losses.add(
        "the name and the options of keyspace " + number + " are lost: it is '" + name + "'");
    return create(store, number, name, KeyspaceOptions.of(engine).toText());
  }

  private void salvageSnapshot(Store store, StoreId id, int keyspace, String name)
      throws IOException {
    Path path = from.resolve(name);
    try (SnapshotFileReader reader = new SnapshotFileReader(fs, path)) {
      if (!reader.envelope().store().equals(id)) {
        losses.add(name + " is of another store and was left out");
        return;
      }
      Keyspace target = create(store, keyspace, reader.name(), reader.options());
      MutationReader puts = new MutationReader();
      for (Found found = reader.next(); found != Found.END; found = reader.next()) {
        if (found == Found.BLOCK) {
          WriteBatch batch = new WriteBatch();
          puts.reset(reader.array(), reader.begin(), reader.end());
          while (puts.next()) {
            batch.put(target, puts.key(), puts.value());
          }
          store.write(batch, Durability.NONE);
          report("salvage " + name, "bytes", reader.position(), reader.fileSize());
          continue;
        }
        losses.add(reader.problem().getMessage() + "");
        if (found == Found.LOST) {
          break;
        }
      }
    } catch (CorruptionException e) {
      losses.add(e.getMessage() + "");
    }
  }

  private Keyspace create(Store store, int keyspace, String name, String options) {
    return keyspaces.computeIfAbsent(
        keyspace, k -> store.keyspace(name, KeyspaceOptions.parse(options)));
  }

  private LogEnvironment logEnvironment(StoreId id) {
    return new LogEnvironment(
        fs,
        from,
        id,
        environment.clock(),
        new dev.varve.base.Background() {
          @Override
          public void submit(Runnable work) {}

          @Override
          public void submitAfter(Duration delay, Runnable work) {}

          @Override
          public void close() {}
        },
        new FailureLatch());
  }

  private void salvageLog(Store store, StoreId id, long replayAfter) throws IOException {
    storeId = id;
    MutationReader mutations = new MutationReader();
    LogSalvage.salvage(
        logEnvironment(id),
        replayAfter,
        (kind, sequence, array, offset, length) -> {
          if (kind == RecordKind.COMMIT) {
            apply(store, sequence, mutations.reset(array, offset, offset + length));
            if (++commits % PROGRESS_COMMITS == 0) {
              report("salvage log", "commits", commits, -1);
            }
          }
        },
        losses::add);
  }

  private void apply(Store store, long sequence, MutationReader mutations) {
    WriteBatch batch = new WriteBatch();
    while (mutations.next()) {
      int id = mutations.keyspace();
      if (dropped.contains(id)) {
        continue;
      }
      @Nullable Keyspace keyspace = keyspaces.get(id);
      switch (mutations.kind()) {
        case CREATE_KEYSPACE -> {
          if (sequence > catalogThrough) {
            Keyspace _ = create(store, id, mutations.name(), mutations.optionsText());
          }
        }
        case DROP_KEYSPACE -> {
          if (keyspace != null && sequence > catalogThrough) {
            store.dropKeyspace(keyspace.name());
            keyspaces.remove(id);
          }
        }
        case INGEST -> {
          if (keyspace == null) {
            losses.add("commit " + sequence + " changes keyspace " + id + ", which is unknown");
          } else if (sequence > filesThrough.getOrDefault(id, 0L)) {
            IngestSalvage.salvage(
                new IngestSalvage.Target(fs, from, storeId, id, store, keyspace),
                mutations.ingestedFiles(),
                losses::add);
          }
        }
        case PUT, DELETE, DELETE_RANGE -> {
          if (keyspace == null) {
            // Up to the catalog's commit it is one that the catalog knows to be gone.
            if (sequence <= catalogThrough) {
              continue;
            }
            losses.add("commit " + sequence + " changes keyspace " + id + ", which is unknown");
          } else if (sequence > filesThrough.getOrDefault(id, 0L)) {
            add(batch, keyspace, mutations);
          }
        }
      }
    }
    if (mutations.problem() != null) {
      losses.add("commit " + sequence + " is damaged: " + mutations.problem());
    }
    store.write(batch, Durability.NONE);
  }

  private static void add(WriteBatch batch, Keyspace keyspace, MutationReader mutation) {
    switch (mutation.kind()) {
      case PUT -> batch.put(keyspace, mutation.key(), mutation.value());
      case DELETE -> batch.delete(keyspace, mutation.key());
      case DELETE_RANGE -> batch.deleteRange(keyspace, mutation.range());
      case CREATE_KEYSPACE, DROP_KEYSPACE, INGEST -> {}
    }
  }

  private void report(String task, String unit, long done, long total) {
    if (!listener.onProgress(new Progress(task, unit, done, total, elapsed()))) {
      throw new CancellationException("the salvage of " + from + " was stopped");
    }
  }
}
