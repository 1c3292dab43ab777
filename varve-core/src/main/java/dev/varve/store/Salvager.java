package dev.varve.store;

import dev.varve.base.FailureLatch;
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

  /** For each keyspace the commit that its snapshot holds everything up to. */
  private final Map<Integer, Long> snapshotThrough = new HashMap<>();

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
      long replayAfter = salvageSnapshots(store, catalog, id);
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
      if (StoreFileName.parse(name) instanceof StoreFileName.Segment
          || StoreFileName.parse(name) instanceof StoreFileName.Snapshot) {
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
  private long salvageSnapshots(Store store, @Nullable Catalog catalog, StoreId id)
      throws IOException {
    Map<Integer, String> newest = new HashMap<>();
    for (String name : fs.list(from)) {
      if (StoreFileName.parse(name)
          instanceof StoreFileName.Snapshot(int keyspace, long sequence)) {
        if (snapshotThrough.merge(keyspace, sequence, Math::max) == sequence) {
          newest.put(keyspace, name);
        }
      }
    }
    if (catalog != null) {
      for (Catalog.Entry entry : catalog.keyspaces()) {
        create(store, entry.id(), entry.name(), entry.options());
        if (entry.engineState().length > 0 && !newest.containsKey(entry.id())) {
          losses.add("the file of keyspace '" + entry.name() + "' is missing");
        }
        // A file that the catalog does not name yet may be whole or not; the log has its commits.
        snapshotThrough.put(entry.id(), entry.flushedThrough());
      }
    }
    for (Map.Entry<Integer, String> one : newest.entrySet()) {
      salvageSnapshot(store, id, one.getKey(), one.getValue());
    }
    return catalog == null
        ? snapshotThrough.values().stream().mapToLong(Long::longValue).min().orElse(0)
        : catalog.flushedThrough();
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

  private void salvageLog(Store store, StoreId id, long replayAfter) throws IOException {
    LogEnvironment env =
        new LogEnvironment(
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
    storeId = id;
    MutationReader mutations = new MutationReader();
    LogSalvage.salvage(
        env,
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
      @Nullable Keyspace keyspace = keyspaces.get(id);
      switch (mutations.kind()) {
        case CREATE_KEYSPACE -> {
          Keyspace _ = create(store, id, mutations.name(), mutations.optionsText());
        }
        case DROP_KEYSPACE -> {
          if (keyspace != null) {
            store.dropKeyspace(keyspace.name());
            keyspaces.remove(id);
          }
        }
        case INGEST -> {
          if (keyspace == null) {
            losses.add("commit " + sequence + " changes keyspace " + id + ", which is unknown");
          } else if (sequence > snapshotThrough.getOrDefault(id, 0L)) {
            IngestSalvage.salvage(
                new IngestSalvage.Target(environment, from, storeId, id, store, keyspace),
                mutations.ingestedFiles(),
                losses::add);
          }
        }
        case PUT, DELETE, DELETE_RANGE -> {
          if (keyspace == null) {
            losses.add("commit " + sequence + " changes keyspace " + id + ", which is unknown");
          } else if (sequence > snapshotThrough.getOrDefault(id, 0L)) {
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
