package dev.varve.store;

import dev.varve.engine.Engine;
import dev.varve.events.RecoveryEvent;
import dev.varve.format.StoreFileName;
import dev.varve.format.StoreId;
import dev.varve.fs.DirectoryLock;
import dev.varve.fs.FileSystem;
import dev.varve.fs.LockHeldException;
import dev.varve.fs.LockHolder;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.FormatException;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.MutationReader;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.RecoveryReport;
import dev.varve.kv.Store;
import dev.varve.kv.StoreIoException;
import dev.varve.kv.StoreLockedException;
import dev.varve.kv.StoreOptions;
import dev.varve.kv.VarveException;
import dev.varve.log.Log;
import dev.varve.log.LogOptions;
import dev.varve.log.LogRecovery;
import dev.varve.log.LogRecovery.ReplayFrom;
import dev.varve.log.RecordKind;
import dev.varve.log.RecoveredLog;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Path;
import java.nio.file.ReadOnlyFileSystemException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Opens a store: makes it, or brings it back from its files.
///
/// Bringing it back writes nothing: what a crash left behind is put aside when the first commit is
/// made. A crash meanwhile therefore changes nothing.
///
/// @threads one call at a time for one directory; the lock file sees to that
public final class StoreOpener {
  /** What a directory may hold and still become a store: the root of a file system has it. */
  private static final String LOST_AND_FOUND = "lost+found";

  private final StoreEnvironment environment;
  private final FileSystem fs;
  private final Path directory;
  private final ProgressListener listener;
  private final long begun;

  private StoreOpener(StoreEnvironment environment, Path directory, ProgressListener listener) {
    this.environment = environment;
    this.fs = environment.fileSystem();
    this.directory = directory.toAbsolutePath().normalize();
    this.listener = new ThrottledListener(listener, environment.clock());
    this.begun = environment.clock().nanos();
  }

  /// Opens the store in a directory.
  ///
  /// @param options how it is to work, or null for what the store keeps, or else the defaults
  /// @throws VarveException as [dev.varve.Varve#open] says
  public static Store open(
      StoreEnvironment environment,
      Path directory,
      @Nullable StoreOptions options,
      ProgressListener listener) {
    return open(
        environment, directory, options, options == null || options.createIfMissing(), listener);
  }

  /// Opens the store that there is in a directory, as it was when it was last opened with options.
  ///
  /// @throws VarveException as [dev.varve.Varve#openExisting] says
  public static Store openExisting(
      StoreEnvironment environment, Path directory, ProgressListener listener) {
    return open(environment, directory, null, false, listener);
  }

  private static Store open(
      StoreEnvironment environment,
      Path directory,
      @Nullable StoreOptions options,
      boolean mayCreate,
      ProgressListener listener) {
    StoreOpener opener = new StoreOpener(environment, directory, listener);
    try {
      return opener.open(options, mayCreate);
    } catch (IOException | ReadOnlyFileSystemException e) {
      throw translated(opener.directory, e);
    }
  }

  /// An error of the operating system as users are told of it.
  static VarveException translated(Path directory, Exception e) {
    if (e instanceof LockHeldException held) {
      @Nullable LockHolder holder = held.holder().orElse(null);
      return new StoreLockedException(
          directory,
          holder == null ? -1 : holder.processId(),
          holder == null ? null : holder.since(),
          held);
    }
    IOException io = e instanceof IOException i ? i : new IOException(e);
    boolean readOnly =
        e instanceof AccessDeniedException
            || e instanceof ReadOnlyFileSystemException
            || String.valueOf(e.getMessage()).contains("Read-only file system");
    return new StoreIoException(
        readOnly
            ? "the store in "
                + directory
                + " cannot be opened because its directory is read-only; a store needs to write:"
                + " change the permissions, or copy it elsewhere"
            : "the store in " + directory + " cannot be opened",
        io);
  }

  private Store open(@Nullable StoreOptions options, boolean mayCreate) throws IOException {
    boolean create = prepare(mayCreate);
    DirectoryLock lock = fs.lock(directory.resolve(StoreFileName.LOCK));
    @Nullable StoreCore core = null;
    try {
      Catalog catalog = create ? createCatalog(options) : readCatalog();
      StoreOptions effective =
          options == null ? StoreOptions.parse(catalog.options()).fittingHeap() : options;
      core = new StoreCore(environment, directory, effective, catalog.store(), lock);
      RecoveryEvent event = new RecoveryEvent();
      event.begin();
      RecoveryReport report = recover(core, catalog, create);
      if (!create && event.shouldCommit()) {
        record(event, report);
      }
      return new OpenStore(core, report);
    } catch (Throwable failure) {
      if (core != null) {
        core.abandon(failure);
      } else {
        closeLock(lock, failure);
      }
      throw failure;
    }
  }

  private void record(RecoveryEvent event, RecoveryReport report) {
    event.directory = directory.toString();
    event.clean = report.clean();
    event.lastSequence = report.lastSequence();
    event.segments = report.segments();
    event.bytes = report.logBytes();
    event.commits = report.commits();
    event.tailBytesDropped = report.tailBytesDropped();
    event.commit();
  }

  private static void closeLock(DirectoryLock lock, Throwable failure) {
    try {
      lock.close();
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }

  /** Looks at the directory, makes it when missing; answers whether a store is to be made in it. */
  private boolean prepare(boolean mayCreate) throws IOException {
    if (!fs.exists(directory)) {
      if (!mayCreate) {
        throw new FormatException(
            directory,
            "there is no store in "
                + directory
                + ": there is no such directory. Check the path,"
                + " or open it with createIfMissing");
      }
      fs.createDirectories(directory);
      return true;
    }
    if (!fs.isDirectory(directory)) {
      throw new FormatException(
          directory, directory + " is a file; a store is a directory. Give the directory's path");
    }
    @Nullable String foreign = null;
    @Nullable String own = null;
    for (String name : fs.list(directory)) {
      switch (StoreFileName.parse(name)) {
        case StoreFileName.Catalog _ -> {
          return false;
        }
        case StoreFileName.Segment _ -> own = name;
        case StoreFileName.Snapshot _,
            StoreFileName.Sstable _,
            StoreFileName.Blob _,
            StoreFileName.Manifest _,
            StoreFileName.Heap _,
            StoreFileName.HeapMap _ ->
            own = name;
        case StoreFileName.Lock _, StoreFileName.Temporary _ -> {}
        case StoreFileName.Foreign _ -> foreign = name.equals(LOST_AND_FOUND) ? foreign : name;
      }
    }
    if (own != null) {
      // The catalog is made before any other file: where there is one of these, there was one.
      throw new CorruptionException(
          directory.resolve(StoreFileName.CATALOG),
          0,
          "the catalog of the store that " + own + " belongs to",
          "no file");
    }
    if (foreign != null) {
      throw new FormatException(
          directory,
          directory
              + " is not a store: it has no "
              + StoreFileName.CATALOG
              + " and other files in it, '"
              + foreign
              + "' among them. Nothing was changed; give a store's directory, or an empty one");
    }
    if (!mayCreate) {
      throw new FormatException(
          directory,
          "there is no store in "
              + directory
              + ": it is empty. Check the path, or open it with"
              + " createIfMissing");
    }
    return true;
  }

  private Catalog createCatalog(@Nullable StoreOptions options) throws IOException {
    if (fs.exists(directory.resolve(StoreFileName.CATALOG))) {
      // Somebody made the store while this one waited for the lock.
      return readCatalog();
    }
    Catalog catalog =
        new Catalog(
            StoreId.draw(environment.random()),
            1,
            environment.clock().wallMillis(),
            0,
            0,
            1,
            0,
            List.of(),
            (options == null ? StoreOptions.defaults() : options).toText(),
            List.of());
    catalog.write(fs, directory);
    return catalog;
  }

  private Catalog readCatalog() throws IOException {
    return Catalog.read(fs, directory.resolve(StoreFileName.CATALOG));
  }

  private RecoveryReport recover(StoreCore core, Catalog catalog, boolean created)
      throws IOException {
    long snapshotEntries = 0;
    for (Catalog.Entry entry : catalog.keyspaces()) {
      KeyspaceState keyspace =
          core.addKeyspace(
              entry.id(),
              entry.name(),
              KeyspaceOptions.parse(entry.options()),
              0,
              entry.engineState());
      Engine engine = keyspace.engine();
      engine.load(entry.engineState(), listener);
      keyspace.flushed(entry.flushedThrough(), entry.engineState());
      snapshotEntries += engine.count();
    }
    core.keyspaceTable().reserveIdsBelow(catalog.nextKeyspace());
    Replay replay = new Replay(core, catalog);
    RecoveredLog recovered =
        LogRecovery.recover(
            core.logEnvironment(),
            new ReplayFrom(
                catalog.flushedThrough(),
                catalog.durableThrough(),
                catalog.firstNeeded(),
                catalog.incarnation()),
            replay::visit,
            listener);
    Log log =
        new Log(
            core.logEnvironment(),
            LogOptions.of(core.options()),
            recovered,
            () -> core.pipeline().failed());
    core.foundStrays(strays(core));
    core.start(log, catalog, recovered.bytes(), recovered.segments());
    return new RecoveryReport(
        created,
        recovered.clean(),
        recovered.lastSequence(),
        snapshotEntries,
        recovered.segments(),
        recovered.bytes(),
        recovered.records(),
        recovered.tailBytesDropped(),
        recovered.tailRecordsDropped(),
        core.strays().notices(),
        Duration.ofNanos(environment.clock().nanos() - begun));
  }

  private Strays strays(StoreCore core) throws IOException {
    Set<String> named = new HashSet<>();
    for (KeyspaceState keyspace : core.keyspaceTable().all()) {
      named.addAll(keyspace.engine().files(keyspace.engineState()));
    }
    return Strays.among(
        fs.list(directory), named, number -> core.keyspaceTable().find(number) != null);
  }

  /** Applies the commits that the engines' files lack. */
  private static final class Replay {
    private final StoreCore core;
    private final Catalog catalog;
    private final MutationReader reader = new MutationReader();

    Replay(StoreCore core, Catalog catalog) {
      this.core = core;
      this.catalog = catalog;
    }

    void visit(RecordKind kind, long sequence, byte[] array, int offset, int length) {
      if (kind != RecordKind.COMMIT) {
        return;
      }
      reader.reset(array, offset, offset + length);
      while (reader.next()) {
        switch (reader.kind()) {
          case CREATE_KEYSPACE, DROP_KEYSPACE -> {
            if (sequence > catalog.catalogThrough()) {
              core.applyCatalogChange(sequence, reader);
            }
          }
          case PUT, DELETE, DELETE_RANGE, INGEST -> apply(sequence);
        }
      }
      if (reader.problem() != null) {
        throw new CorruptionException(
            core.directory(), 0, "commit " + sequence + " to hold mutations", reader.problem());
      }
      core.moments().publish(sequence);
      core.applier().finish(sequence);
    }

    private void apply(long sequence) {
      KeyspaceState keyspace = core.keyspaceTable().find(reader.keyspace());
      if (keyspace == null) {
        // Dropped by a commit that the catalog knows already.
        if (sequence > catalog.catalogThrough()) {
          throw new CorruptionException(
              core.directory(),
              0,
              "commit " + sequence + " to name a keyspace that there is",
              "keyspace " + reader.keyspace());
        }
        return;
      }
      if (sequence > Math.max(keyspace.flushedThrough(), keyspace.engine().flushedThrough())) {
        core.applier().apply(sequence, keyspace, reader);
      }
    }
  }
}
