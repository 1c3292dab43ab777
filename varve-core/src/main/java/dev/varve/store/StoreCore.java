package dev.varve.store;

import dev.varve.base.Background;
import dev.varve.base.Clock;
import dev.varve.base.FailureLatch;
import dev.varve.base.ReaderEpochs;
import dev.varve.cache.BlockCache;
import dev.varve.cache.MemoryBudget;
import dev.varve.codec.BlockCodecs;
import dev.varve.engine.Engine;
import dev.varve.engine.EngineContext;
import dev.varve.engine.EngineServices;
import dev.varve.format.StoreId;
import dev.varve.fs.DirectoryLock;
import dev.varve.fs.FileSystem;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.KeyspaceStats;
import dev.varve.kv.LimitException;
import dev.varve.kv.Limits;
import dev.varve.kv.LogStats;
import dev.varve.kv.MutationReader;
import dev.varve.kv.MutationWriter;
import dev.varve.kv.StoreFailedException;
import dev.varve.kv.StoreOptions;
import dev.varve.kv.StoreStats;
import dev.varve.kv.UsageException;
import dev.varve.log.Log;
import dev.varve.log.LogEnvironment;
import dev.varve.txn.LockTable;
import dev.varve.txn.RecentCommits;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// The parts of an open store, wired.
///
/// @threads safe
final class StoreCore {
  /** What was committed while transactions are open may take a 16th of the memory. */
  private static final int RECENT_COMMITS_SHIFT = 4;

  private final StoreEnvironment environment;
  private final Path directory;
  private final StoreOptions options;
  private final StoreId id;
  private final FailureLatch failure = new FailureLatch();
  private final MemoryBudget budget;
  private final BlockCache cache;
  private final ReaderEpochs epochs = new ReaderEpochs(Runtime.getRuntime().availableProcessors());
  private final KeyspaceTable keyspaces = new KeyspaceTable();
  private final Moments moments = new Moments(0);
  private final MutationApplier applier = new MutationApplier(keyspaces, this::applyCatalogChange);
  private final LockTable locks;
  private final RecentCommits recent;
  private final SnapshotLimits snapshotLimits;
  private final AtomicLong transactions = new AtomicLong();
  private final LeakDetector leaks;
  private final Background background;

  /** For the log's segments and syncs, so that no writer waits for a flush. */
  private final Background logWork;

  /** For compactions, so that nothing waits for them. */
  private final Background longWork;

  private final DirectoryLock directoryLock;

  // Set once, when recovery has found them.
  private @Nullable Log log;
  private @Nullable CommitPipeline pipeline;
  private @Nullable Flusher flusher;

  private volatile Strays strays = Strays.NONE;
  private boolean closed;

  StoreCore(
      StoreEnvironment environment,
      Path directory,
      StoreOptions options,
      StoreId id,
      DirectoryLock directoryLock) {
    this.environment = environment;
    this.directory = directory;
    this.options = options;
    this.id = id;
    this.directoryLock = directoryLock;
    this.budget = new MemoryBudget(options.memory().bytes());
    // What others leave: it gives way to them, and does not fill up what they need next.
    this.cache = new BlockCache(budget, options.memory().bytes() / 8 * 7);
    this.locks = new LockTable(environment.clock());
    this.snapshotLimits = new SnapshotLimits(options, environment.clock());
    this.recent = new RecentCommits(budget, options.memory().bytes() >> RECENT_COMMITS_SHIFT);
    this.leaks = new LeakDetector(options.leakDetection());
    this.background = makeBackground();
    this.logWork = makeBackground();
    this.longWork = makeBackground();
  }

  private Background makeBackground() {
    return environment
        .background()
        .apply(
            cause -> {
              Throwable _ = failure.fail(cause);
            });
  }

  /// Begins to take commits, with what recovery found.
  void start(Log newLog, Catalog catalog, long logBytes, int logSegments) {
    moments.publish(newLog.lastSequence());
    Flusher newFlusher = new Flusher(this, newLog, failure, catalog, logBytes, logSegments);
    log = newLog;
    flusher = newFlusher;
    pipeline =
        new CommitPipeline(
            directory,
            newLog,
            moments,
            failure,
            budget,
            newFlusher,
            applier,
            recent,
            snapshotLimits,
            clock());
    keyspaces.all().forEach(keyspace -> keyspace.engine().started());
  }

  private static <T> T started(@Nullable T part) {
    if (part == null) {
      throw new IllegalStateException("the store has not started");
    }
    return part;
  }

  /// Notes what was found beside the store's files when it was opened.
  void foundStrays(Strays found) {
    strays = found;
  }

  /// What was found beside the store's files when it was opened.
  Strays strays() {
    return strays;
  }

  Log log() {
    return started(log);
  }

  CommitPipeline pipeline() {
    return started(pipeline);
  }

  Flusher flusher() {
    return started(flusher);
  }

  Path directory() {
    return directory;
  }

  FileSystem fileSystem() {
    return environment.fileSystem();
  }

  Clock clock() {
    return environment.clock();
  }

  boolean isEphemeral() {
    return environment.ephemeral();
  }

  StoreEnvironment environment() {
    return environment;
  }

  StoreOptions options() {
    return options;
  }

  StoreId id() {
    return id;
  }

  FailureLatch failure() {
    return failure;
  }

  Moments moments() {
    return moments;
  }

  /// The locks that transactions have.
  LockTable locks() {
    return locks;
  }

  /// What was committed while transactions are open.
  RecentCommits recentCommits() {
    return recent;
  }

  /// What gives up snapshots that are too old.
  SnapshotLimits snapshotLimits() {
    return snapshotLimits;
  }

  /// A number that no transaction has had.
  long nextTransaction() {
    return transactions.incrementAndGet();
  }

  LeakDetector leaks() {
    return leaks;
  }

  Background background() {
    return background;
  }

  MutationApplier applier() {
    return applier;
  }

  KeyspaceTable keyspaceTable() {
    return keyspaces;
  }

  LogEnvironment logEnvironment() {
    return new LogEnvironment(fileSystem(), directory, id, clock(), logWork, failure);
  }

  /// The keys and values of all entries that are in memory wholly, in bytes.
  long payloadBytes() {
    long sum = 0;
    for (KeyspaceState keyspace : keyspaces.all()) {
      if (keyspace.options().engine().isResident()) {
        var stats = keyspace.engine().stats();
        sum += stats.keyBytes() + stats.valueBytes();
      }
    }
    return sum;
  }

  // Keyspaces.

  /// Makes an engine that accounts to `budgetOf`, for a keyspace of this store or a copy of one.
  Engine makeEngine(int keyspace, String name, KeyspaceOptions keyspaceOptions, MemoryBudget of) {
    return environment
        .engines()
        .make(
            new EngineContext(
                keyspace,
                name,
                keyspaceOptions,
                fileSystem(),
                directory,
                id,
                moments,
                epochs,
                of,
                background,
                cache,
                of == budget ? new CoreServices() : new CopyServices(),
                environment.random(),
                clock()));
  }

  /** What this store does for its engines. */
  private final class CoreServices implements EngineServices {
    @Override
    public boolean isStarted() {
      return log != null;
    }

    @Override
    public void submit(Runnable work) {
      background.submit(work);
    }

    @Override
    public void submitAfter(Duration delay, Runnable work) {
      background.submitAfter(delay, work);
    }

    @Override
    public Background longWork() {
      return longWork;
    }

    @Override
    public boolean betweenCommits(Runnable work) {
      return pipeline().betweenCommits(work);
    }

    @Override
    public void syncLog(long through) {
      log().syncThrough(through);
    }

    @Override
    public void beginLogSync(long through) {
      log().beginSync(through);
    }

    @Override
    public void flushed() {
      flusher().engineFlushed();
    }

    @Override
    public void fail(Throwable cause) {
      Throwable _ = failure.fail(cause);
    }
  }

  /** What it does for copies of its engines, which only read. */
  private final class CopyServices implements EngineServices {
    @Override
    public boolean isStarted() {
      return false;
    }

    @Override
    public void submit(Runnable work) {}

    @Override
    public void submitAfter(Duration delay, Runnable work) {}

    @Override
    public Background longWork() {
      return longWork;
    }

    @Override
    public boolean betweenCommits(Runnable work) {
      work.run();
      return true;
    }

    @Override
    public void syncLog(long through) {}

    @Override
    public void beginLogSync(long through) {}

    @Override
    public void flushed() {}

    @Override
    public void fail(Throwable cause) {}
  }

  /// Adds a keyspace whose engine is empty.
  KeyspaceState addKeyspace(
      int keyspace, String name, KeyspaceOptions keyspaceOptions, long createdAt, byte[] state) {
    KeyspaceState added =
        new KeyspaceState(
            keyspace,
            name,
            keyspaceOptions,
            makeEngine(keyspace, name, keyspaceOptions, budget),
            createdAt,
            state);
    keyspaces.add(added);
    return added;
  }

  /** Applies the making or ending of a keyspace; whoever calls has the turn. */
  void applyCatalogChange(long sequence, MutationReader mutation) {
    int number = mutation.keyspace();
    if (mutation.kind() == MutationReader.Kind.CREATE_KEYSPACE) {
      KeyspaceState _ =
          addKeyspace(
              number,
              mutation.name(),
              KeyspaceOptions.parse(mutation.optionsText()),
              sequence,
              new byte[0]);
      return;
    }
    KeyspaceState dropped = keyspaces.find(number);
    if (dropped == null) {
      throw new IllegalStateException("there is no keyspace " + number + " to drop");
    }
    keyspaces.remove(dropped);
    dropped.drop();
  }

  /// The keyspace of this name, made when there is none.
  ///
  /// @param wanted what it is to be made with, or null for the default
  KeyspaceState keyspace(String name, @Nullable KeyspaceOptions wanted) {
    checkName(name);
    pipeline().requireOpen();
    KeyspaceState existing = keyspaces.find(name);
    if (existing == null) {
      existing =
          create(name, wanted == null ? KeyspaceOptions.of(options.defaultEngine()) : wanted);
    }
    if (wanted != null && wanted.engine() != existing.options().engine()) {
      throw new UsageException(
          "the keyspace '"
              + name
              + "' exists with the engine "
              + existing.options().engine()
              + ", not "
              + wanted.engine()
              + "; open it without naming an engine, or choose another name");
    }
    return existing;
  }

  private KeyspaceState create(String name, KeyspaceOptions wanted) {
    int codec = BlockCodecs.idOf(wanted.compression());
    if (BlockCodecs.forReading(codec) == null) {
      throw new UsageException(
          "the codec "
              + BlockCodecs.nameOf(codec)
              + " is not here, so no keyspace can be made with it; "
              + BlockCodecs.remedy(codec));
    }
    long sequence = 0;
    KeyspaceState keyspace;
    pipeline().lockAll();
    try {
      @Nullable KeyspaceState other = keyspaces.find(name);
      if (other == null) {
        MutationWriter writer = pipeline().scratch(0);
        writer.createKeyspace(keyspaces.nextId(), name, wanted);
        sequence = pipeline().commit(0, writer, options.durability(), false);
        other = keyspaces.find(name);
      }
      if (other == null) {
        throw new IllegalStateException("the keyspace was not made");
      }
      keyspace = other;
    } finally {
      pipeline().unlockAll();
    }
    pipeline().awaitDurable(sequence, options.durability());
    return keyspace;
  }

  /// Ends a keyspace; answers its number.
  int drop(String name) {
    long sequence;
    int number;
    pipeline().lockAll();
    try {
      KeyspaceState existing = keyspaces.find(name);
      if (existing == null) {
        throw new UsageException("there is no keyspace '" + name + "' to drop");
      }
      MutationWriter writer = pipeline().scratch(0);
      number = existing.id();
      writer.dropKeyspace(number);
      sequence = pipeline().commit(0, writer, options.durability(), true);
    } finally {
      pipeline().unlockAll();
    }
    pipeline().awaitDurable(sequence, options.durability());
    return number;
  }

  private static void checkName(String name) {
    int length;
    try {
      length = StandardCharsets.UTF_8.newEncoder().encode(java.nio.CharBuffer.wrap(name)).limit();
    } catch (CharacterCodingException e) {
      throw new UsageException("a keyspace's name is text that UTF-8 can hold", e);
    }
    if (length < 1 || length > Limits.NAME_BYTES_MAX) {
      throw new LimitException(
          "a keyspace's name has 1 to "
              + Limits.NAME_BYTES_MAX
              + " bytes in UTF-8, this one has "
              + length);
    }
  }

  // Figures.

  StoreStats stats() {
    LogStats logStats = log().stats();
    List<KeyspaceStats> each = keyspaces.all().stream().map(KeyspaceState::stats).toList();
    long disk = logStats.segmentBytes();
    for (KeyspaceStats one : each) {
      disk += one.fileBytes();
    }
    return new StoreStats(
        moments.visibleThrough(),
        log().durableThrough(),
        flusher().flushedThrough(),
        pipeline().commits(),
        budget.used(),
        budget.bytesMax(),
        moments.count(),
        leaks.count(),
        failure.isFailed(),
        disk,
        flusher().lastFailure(),
        pipeline().acceptedBytes(),
        cache.stats(),
        logStats,
        each);
  }

  // The end.

  /// Closes everything, in order, going on past failures. A second call does nothing.
  ///
  /// @throws StoreFailedException when the store has failed
  synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    pipeline().close();
    keyspaces.all().forEach(keyspace -> keyspace.engine().stop());
    background.close();
    longWork.close();
    logWork.close();
    @Nullable Exception first = null;
    List<Closing> steps =
        List.of(flusher()::giveBackLast, log()::close, this::writeCatalog, directoryLock::close);
    for (Closing step : steps) {
      try {
        step.run();
      } catch (IOException | RuntimeException e) {
        // Whatever one step meets, the lock is given back.
        if (first == null) {
          first = e;
        } else if (first != e) {
          first.addSuppressed(e);
        }
      }
    }
    for (KeyspaceState keyspace : keyspaces.all()) {
      keyspace.engine().close();
    }
    cache.close();
    if (first != null && !(first instanceof StoreFailedException)) {
      Throwable _ = failure.fail(first);
    }
    if (failure.isFailed()) {
      throw pipeline().failed();
    }
  }

  private void writeCatalog() throws IOException {
    if (!failure.isFailed()) {
      flusher().writeLast();
    }
  }

  /** A step of closing. */
  private interface Closing {
    void run() throws IOException;
  }

  /// Gives back what opening had taken, after it failed.
  void abandon(Throwable why) {
    background.close();
    longWork.close();
    logWork.close();
    for (KeyspaceState keyspace : keyspaces.all()) {
      keyspace.engine().close();
    }
    cache.close();
    try {
      directoryLock.close();
    } catch (IOException e) {
      why.addSuppressed(e);
    }
  }
}
