package dev.varve.store;

import dev.varve.base.FailureLatch;
import dev.varve.engine.Engine;
import dev.varve.events.FlushEvent;
import dev.varve.fs.NoSpaceException;
import dev.varve.kv.DiskFullException;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.StoreIoException;
import dev.varve.kv.VarveException;
import dev.varve.log.Log;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Has the engines write what they have in memory only, names their files in the catalog, and then
/// gives back the log that nobody needs any more: in this order, so that a crash at any point
/// leaves a store that is whole.
///
/// @threads safe
final class Flusher {
  /** For how long nothing is written before the log counts as idle. */
  private static final Duration REST_AFTER = Duration.ofMillis(500);

  private final StoreCore store;
  private final Log log;
  private final FailureLatch failure;

  /** One flush or verification at a time. Comes before all other locks. */
  private final ReentrantLock lock = new ReentrantLock();

  /** One catalog at a time; held while it is written. Comes behind `lock`. */
  private final ReentrantLock catalogLock = new ReentrantLock();

  private volatile Catalog catalog;
  private volatile long flushedThrough;

  // Whoever has the turn.
  private long logBytes;
  private long nextLook;

  /** Whether there are more segments of earlier processes than are worth keeping. */
  private boolean crowded;

  /** Whether the catalog knows that this process has begun the log. */
  private volatile boolean begunNoted;

  private final AtomicBoolean asked = new AtomicBoolean();
  private final AtomicBoolean restAsked = new AtomicBoolean();
  private final AtomicBoolean giveBackAsked = new AtomicBoolean();
  private volatile @Nullable String lastFailure;

  Flusher(
      StoreCore store,
      Log log,
      FailureLatch failure,
      Catalog catalog,
      long logBytes,
      int logSegments) {
    this.store = store;
    this.log = log;
    this.failure = failure;
    this.catalog = catalog;
    this.flushedThrough = catalog.flushedThrough();
    this.logBytes = logBytes;
    this.crowded = FlushPolicy.isCrowded(logSegments);
    this.nextLook = crowded ? 0 : store.options().checkpointAfter().bytes();
  }

  /// Takes note of a commit's bytes in the log, and has a flush be made when one is due. Whoever
  /// calls has the turn.
  void wrote(long bytes) {
    logBytes += bytes;
    if (logBytes < nextLook) {
      return;
    }
    long due =
        crowded
            ? 0
            : FlushPolicy.logBytesMax(
                store.options().checkpointAfter().bytes(), store.payloadBytes());
    crowded = false;
    if (logBytes < due) {
      nextLook = due;
      return;
    }
    nextLook = logBytes + store.options().checkpointAfter().bytes();
    if (asked.compareAndSet(false, true)) {
      store.background().submit(this::flushInBackground);
    }
  }

  private void flushInBackground() {
    try {
      if (!failure.isFailed()) {
        flush(ProgressListener.NONE);
        lastFailure = null;
      }
    } catch (VarveException e) {
      // The log grows until a later flush succeeds; nothing is lost by it.
      lastFailure = e.getMessage();
    } finally {
      // Not before: a second flush would wait here for the first, and keep a thread from the log.
      asked.set(false);
    }
  }

  /// Is told that an engine which writes its files by itself has written some.
  void engineFlushed() {
    if (!store.isEphemeral() && giveBackAsked.compareAndSet(false, true)) {
      store.background().submit(this::giveBackInBackground);
    }
  }

  private void giveBackInBackground() {
    giveBackAsked.set(false);
    // Whoever flushes now gives back more; it may be this thread, in the middle of it.
    if (failure.isFailed() || lock.isHeldByCurrentThread() || !lock.tryLock()) {
      return;
    }
    try {
      giveBackLog();
    } catch (IOException | VarveException | CancellationException e) {
      // The log stays until a flush of the store; what fails the store has failed it by now.
      return;
    } finally {
      lock.unlock();
    }
  }

  /// Waits for the flush or the check that somebody may have under way, and gives back the log that
  /// engines have in their files, before the store closes.
  void giveBackLast() {
    lock.lock();
    try {
      if (!store.isEphemeral() && !failure.isFailed()) {
        giveBackLog();
      }
    } catch (IOException | CancellationException e) {
      // Nothing depends on it; what fails the store has failed it by now.
      return;
    } finally {
      lock.unlock();
    }
  }

  /** Names in the catalog what engines have written by themselves, if that frees a segment. */
  private void giveBackLog() throws IOException {
    if (!log.hasBegun()) {
      return;
    }
    CommitPipeline pipeline = store.pipeline();
    Moment moment;
    long visible;
    pipeline.lockLanes();
    try {
      visible = store.moments().visibleThrough();
      moment = moment();
    } finally {
      pipeline.unlockAll();
    }
    long through = visible;
    List<Long> each = new ArrayList<>();
    for (int i = 0; i < moment.keyspaces.size(); i++) {
      KeyspaceState keyspace = moment.keyspaces.get(i);
      long held = Math.max(keyspace.flushedThrough(), keyspace.engine().flushedThrough());
      // It has not changed since: its files hold what came after, too.
      long own = moment.changedAt.get(i) <= held ? Math.max(held, visible) : held;
      each.add(own);
      through = Math.min(through, own);
    }
    if (through <= flushedThrough || !log.frees(through, catalog.firstNeeded())) {
      return;
    }
    List<byte[]> states = new ArrayList<>();
    for (int i = 0; i < moment.keyspaces.size(); i++) {
      KeyspaceState keyspace = moment.keyspaces.get(i);
      boolean resident = keyspace.options().engine().isResident();
      // What it wrote by itself it is asked for, and no more.
      states.add(
          resident
              ? keyspace.engineState()
              : keyspace.engine().flush(keyspace.engine().flushedThrough(), ProgressListener.NONE));
    }
    if (moment.isPast()) {
      return;
    }
    publish(moment, states, visible, each);
    pipeline.lockLanes();
    try {
      logBytes = Math.min(logBytes, log.usedBytes());
      nextLook = store.options().checkpointAfter().bytes();
    } finally {
      pipeline.unlockAll();
    }
  }

  /// Why the last flush in the background failed, or null.
  @Nullable String lastFailure() {
    return lastFailure;
  }

  /// The engines' files hold every commit up to this number.
  long flushedThrough() {
    return flushedThrough;
  }

  /// Flushes every keyspace.
  ///
  /// @throws DiskFullException when the device is full
  /// @throws StoreIoException when it refuses
  /// @throws CancellationException when the listener stopped it
  /// @throws dev.varve.kv.StoreClosedException when the closing of the store did
  /// @throws IllegalStateException when called by the listener of a flush
  void flush(ProgressListener listener) {
    if (lock.isHeldByCurrentThread()) {
      throw new IllegalStateException(
          "a ProgressListener cannot flush the store: the work that it hears of goes on only when"
              + " it has answered; flush when that work is done, or on another thread");
    }
    lock.lock();
    try {
      if (store.isEphemeral()) {
        forgetLog();
      } else {
        while (!flushLocked(listener)) {
          // A keyspace was dropped meanwhile: the next moment does without it.
        }
      }
    } catch (CancellationException e) {
      store.pipeline().requireOpen();
      throw e;
    } catch (NoSpaceException e) {
      requireSound();
      throw new DiskFullException(
          "the device of "
              + store.directory()
              + " is full: nothing was flushed, and nothing is lost; make space and try again",
          e);
    } catch (IOException e) {
      requireSound();
      throw new StoreIoException("the store in " + store.directory() + " cannot flush", e);
    } finally {
      lock.unlock();
    }
  }

  /** What failed the store is told rather than what came of it. */
  private void requireSound() {
    if (failure.isFailed()) {
      throw store.pipeline().failed();
    }
  }

  /** What a flush writes: the keyspaces as of one commit. */
  private record Moment(List<KeyspaceState> keyspaces, List<Long> changedAt, int nextId) {
    /** Whether a keyspace of it was dropped since. */
    boolean isPast() {
      return keyspaces.stream().anyMatch(KeyspaceState::isDropped);
    }
  }

  /** Answers whether it is done, and false when a drop got in its way. */
  private boolean flushLocked(ProgressListener listener) throws IOException {
    CommitPipeline pipeline = store.pipeline();
    pipeline.requireUsable();
    if (store.moments().visibleThrough() == catalog.flushedThrough()) {
      return true;
    }
    Moments.Pin pin;
    Moment moment;
    pipeline.lockAll();
    try {
      pipeline.requireUsable();
      pin = store.moments().pinForJob();
      List<KeyspaceState> keyspaces = store.keyspaceTable().all();
      keyspaces.forEach(keyspace -> keyspace.engine().prepareFlush());
      moment = moment();
      logBytes = 0;
      nextLook = store.options().checkpointAfter().bytes();
    } finally {
      pipeline.unlockAll();
    }
    try (pin) {
      // What the engines write must not outlive what the log could lose.
      log.syncNow();
      List<byte[]> states = writeEngines(moment, pin.sequence(), listener);
      // The engine of a keyspace that is dropped gives up, and answers anything. A catalog must not
      // name that: the drop may not be durable, and then the keyspace comes back.
      if (moment.isPast()) {
        return false;
      }
      publish(moment, states, pin.sequence(), Collections.nCopies(states.size(), pin.sequence()));
      removeObsolete(moment, states);
      return true;
    } catch (CancellationException e) {
      if (moment.isPast()) {
        return false;
      }
      throw e;
    }
  }

  /** The keyspaces now; whoever calls has all lanes. */
  private Moment moment() {
    List<KeyspaceState> keyspaces = store.keyspaceTable().all();
    return new Moment(
        keyspaces,
        keyspaces.stream().map(KeyspaceState::changedAt).toList(),
        store.keyspaceTable().nextId());
  }

  private List<byte[]> writeEngines(Moment moment, long sequence, ProgressListener listener)
      throws IOException {
    List<byte[]> states = new ArrayList<>();
    for (int i = 0; i < moment.keyspaces.size(); i++) {
      KeyspaceState keyspace = moment.keyspaces.get(i);
      long known = keyspace.flushedThrough();
      // A process before may have brought its files further than the catalog knows.
      boolean changed =
          moment.changedAt.get(i) > known || keyspace.engine().flushedThrough() > known;
      states.add(changed ? flush(keyspace, sequence, listener) : keyspace.engineState());
    }
    return states;
  }

  /** An engine that writes its files by itself tells of each of them itself. */
  private static byte[] flush(KeyspaceState keyspace, long sequence, ProgressListener listener)
      throws IOException {
    Engine engine = keyspace.engine();
    FlushEvent event = new FlushEvent();
    event.begin();
    byte[] state = engine.flush(sequence, listener);
    if (engine.kind().isResident() && event.shouldCommit()) {
      event.keyspace = keyspace.name();
      event.engine = engine.kind().name();
      event.entries = engine.count();
      event.bytes = engine.stats().fileBytes();
      event.succeeded = true;
      event.commit();
    }
    return state;
  }

  /** Names what the files hold: the keyspaces as of `sequence`, and `each` up to its own commit. */
  private void publish(Moment moment, List<byte[]> states, long sequence, List<Long> each)
      throws IOException {
    long through = sequence;
    for (long own : each) {
      through = Math.min(through, own);
    }
    List<Long> firstNeeded = firstNeeded(through);
    List<Catalog.Entry> entries = new ArrayList<>();
    for (int i = 0; i < moment.keyspaces.size(); i++) {
      KeyspaceState keyspace = moment.keyspaces.get(i);
      entries.add(
          new Catalog.Entry(
              keyspace.id(),
              each.get(i),
              states.get(i),
              keyspace.name(),
              keyspace.options().toText()));
    }
    write(sequence, moment.nextId, firstNeeded, entries);
    for (int i = 0; i < moment.keyspaces.size(); i++) {
      moment.keyspaces.get(i).flushed(each.get(i), states.get(i));
      if (states.get(i).length > 0) {
        moment.keyspaces.get(i).engine().published();
      }
    }
    flushedThrough = through;
    log.checkpoint(through, firstNeeded);
    if (restAsked.compareAndSet(false, true)) {
      store.background().submitAfter(REST_AFTER, this::rest);
    }
  }

  /**
   * When nothing was written since a flush, the log goes on in short segments, and all the others
   * are given back.
   */
  private void rest() {
    restAsked.set(false);
    // Whoever flushes now will ask again.
    if (failure.isFailed() || !lock.tryLock()) {
      return;
    }
    try {
      if (log.rest(flushedThrough)) {
        List<Long> firstNeeded = firstNeeded(flushedThrough);
        write(catalog.catalogThrough(), catalog.nextKeyspace(), firstNeeded, catalog.keyspaces());
        log.retire(firstNeeded);
      }
    } catch (IOException | VarveException e) {
      // Nothing depends on it; what fails the store has failed it by now.
      return;
    } finally {
      lock.unlock();
    }
  }

  /**
   * For each lane the lowest segment that is needed, to stand in the catalog. It may have become
   * the active one just now: its begin is made durable, for recovery misses it where it is named.
   */
  private List<Long> firstNeeded(long sequence) {
    List<Long> firstNeeded = log.firstNeeded(sequence);
    log.syncNow();
    return firstNeeded;
  }

  private void write(
      long catalogThrough, int nextKeyspace, List<Long> firstNeeded, List<Catalog.Entry> entries)
      throws IOException {
    catalogLock.lock();
    try {
      writeLocked(catalogThrough, nextKeyspace, firstNeeded, entries);
    } finally {
      catalogLock.unlock();
    }
  }

  private void writeLocked(
      long catalogThrough, int nextKeyspace, List<Long> firstNeeded, List<Catalog.Entry> entries)
      throws IOException {
    Catalog next =
        new Catalog(
            catalog.store(),
            catalog.edition() + 1,
            store.clock().wallMillis(),
            catalogThrough,
            log.durableThrough(),
            nextKeyspace,
            begunNoted ? log.incarnation() : catalog.incarnation(),
            firstNeeded,
            store.options().toText(),
            entries);
    try {
      next.write(store.fileSystem(), store.directory());
    } catch (NoSpaceException full) {
      throw full;
    } catch (IOException e) {
      throw store.pipeline().fail(e);
    }
    catalog = next;
  }

  /// Notes in the catalog, before the first commit of this process, that the log has begun: should
  /// its new segments ever be missing, that is noticed.
  ///
  /// @throws NoSpaceException when the device is full; it may be tried again
  /// @throws IOException when the device refuses
  void noteBegin() throws IOException {
    if (begunNoted || store.isEphemeral()) {
      return;
    }
    catalogLock.lock();
    try {
      if (begunNoted) {
        return;
      }
      begunNoted = true;
      boolean written = false;
      try {
        write(
            catalog.catalogThrough(),
            catalog.nextKeyspace(),
            catalog.firstNeeded(),
            catalog.keyspaces());
        written = true;
      } finally {
        begunNoted = written;
      }
    } finally {
      catalogLock.unlock();
    }
  }

  /// Notes in the catalog up to where the log is durable, before the store closes.
  ///
  /// @throws IOException when the device refuses; the catalog before remains good
  void writeLast() throws IOException {
    lock.lock();
    try {
      if (store.isEphemeral()
          || (log.durableThrough() == catalog.durableThrough()
              && catalog.options().equals(store.options().toText()))) {
        return;
      }
      write(
          catalog.catalogThrough(),
          catalog.nextKeyspace(),
          catalog.firstNeeded(),
          catalog.keyspaces());
    } finally {
      lock.unlock();
    }
  }

  /** Removes what the catalog, which is durable, does not name. */
  private void removeObsolete(Moment moment, List<byte[]> states) throws IOException {
    Set<String> needed = new HashSet<>();
    for (int i = 0; i < states.size(); i++) {
      needed.addAll(moment.keyspaces.get(i).engine().files(states.get(i)));
    }
    List<String> names = store.fileSystem().list(store.directory());
    for (String name : ObsoleteFiles.among(names, moment.keyspaces, moment.nextId, needed)) {
      store.fileSystem().delete(store.directory().resolve(name));
    }
  }

  /** A store that is gone with the process needs no log of the past. */
  private void forgetLog() throws IOException {
    // In this order: what is made between the two looks is younger.
    int nextId = store.keyspaceTable().nextId();
    List<KeyspaceState> keyspaces = store.keyspaceTable().all();
    removeObsolete(new Moment(keyspaces, List.of(), nextId), List.of());
    long sequence = store.moments().visibleThrough();
    log.checkpoint(sequence, log.firstNeeded(sequence));
    keyspaces.forEach(keyspace -> keyspace.engine().published());
    flushedThrough = sequence;
    store.pipeline().lockAll();
    logBytes = 0;
    nextLook = store.options().checkpointAfter().bytes();
    store.pipeline().unlockAll();
  }

  /** Work that the files must hold still for. */
  interface StillWork<T> {
    T run(Catalog catalog) throws IOException;
  }

  /// Runs `work` while nobody writes the catalog.
  ///
  /// @throws IOException when `work` does
  <T> T whileCatalogStill(StillWork<T> work) throws IOException {
    catalogLock.lock();
    try {
      return work.run(catalog);
    } finally {
      catalogLock.unlock();
    }
  }

  /// Runs `work` while no flush changes files.
  ///
  /// @throws IOException when `work` does
  <T> T whileStill(StillWork<T> work) throws IOException {
    lock.lock();
    try {
      return work.run(catalog);
    } finally {
      lock.unlock();
    }
  }
}
