package dev.varve.log;

import dev.varve.events.SyncEvent;
import dev.varve.kv.LogStats;
import dev.varve.kv.UsageException;
import dev.varve.log.RecoveredLog.RecoveredLane;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/// The write-ahead log: gives every record its number in the one order, keeps it in a lane, and
/// makes it durable.
///
/// A writer takes a lane's lock, appends, and gives the lock back; then it waits for durability if
/// it wants it.
///
/// @threads safe
/// @lifetime until [#close]
public final class Log implements AutoCloseable {
  /** How long the log is idle at least before a mark is written, and half of the most. */
  private static final Duration MARK_DELAY = Duration.ofMillis(25);

  /** How often it is looked whether what is kept for reuse is needed still. */
  private static final Duration TRIM_INTERVAL = Duration.ofMillis(500);

  /** For so many intervals the lanes keep what they need at the pace of the last one. */
  private static final int TRIM_HORIZON = 60;

  private final LogEnvironment env;
  private final LogOptions options;
  private final Supplier<RuntimeException> onFailed;
  private final AtomicLong sequence;
  private final List<Lane> lanes = new ArrayList<>();
  private final List<RecoveredLane> recovered;
  private final int incarnation;
  private final SyncGroup group;

  /** Guards the begin of an incarnation. Comes before the lanes' locks. */
  private final ReentrantLock beginLock = new ReentrantLock();

  private volatile boolean begun;
  private final AtomicBoolean markAsked = new AtomicBoolean();
  private final AtomicBoolean syncAsked = new AtomicBoolean();
  private final AtomicBoolean trimAsked = new AtomicBoolean();

  /** The number of the last record that a mark covers. */
  private volatile long markedThrough;

  /** When the oldest record that no sync has begun to cover was appended; 0 for none. */
  private volatile long unsyncedSince;

  /** The same for the records that a sync is covering now; 0 while none runs. */
  private volatile long syncingSince;

  private volatile boolean closed;

  /** Replaced by whoever syncs, one at a time. */
  private volatile SyncFigures figures = new SyncFigures(0, 0, 0);

  /** Up to where the log was known to be durable when it was recovered. */
  private final long knownDurable;

  /** Whether what was recovered has been made durable. Guarded by the group's lock. */
  private boolean hardened;

  /** How many syncs there were, how long they took, and the longest. */
  private record SyncFigures(long count, long nanos, long nanosMax) {
    SyncFigures plus(long more) {
      return new SyncFigures(count + 1, nanos + more, Math.max(nanosMax, more));
    }
  }

  /// Goes on with a log as recovery left it. Writes nothing yet.
  ///
  /// @param onFailed makes the exception for calls after the environment's latch has failed
  public Log(
      LogEnvironment env,
      LogOptions options,
      RecoveredLog recovered,
      Supplier<RuntimeException> onFailed) {
    this.env = env;
    this.options = options;
    this.onFailed = onFailed;
    this.sequence = new AtomicLong(recovered.lastSequence());
    this.markedThrough = recovered.lastSequence();
    this.knownDurable = recovered.knownDurable();
    this.recovered = recovered.lanes();
    this.incarnation = recovered.incarnation() + 1;
    int count = Math.max(options.lanes(), recovered.lanes().size());
    for (int i = 0; i < count; i++) {
      RecoveredLane lane =
          i < recovered.lanes().size()
              ? recovered.lanes().get(i)
              : new RecoveredLane(LaneEnd.NONE, 0, List.of(), List.of());
      SegmentMaker maker = new SegmentMaker(env, i, incarnation, count, lane.highestNumber());
      lanes.add(new Lane(env, options, i, sequence, count == 1, lane, maker, this::syncFilled));
    }
    this.group =
        new SyncGroup(
            this::sync, options.groupBatchMax(), options.groupWait(), recovered.knownDurable());
  }

  /// How many lanes writers may use.
  public int laneCount() {
    return options.lanes();
  }

  /// How often the log has begun, with the process that writes it now.
  public int incarnation() {
    return incarnation;
  }

  /// The number of the last record.
  public long lastSequence() {
    return sequence.get();
  }

  /// Every record up to this number survives a power cut.
  public long durableThrough() {
    return group.durableThrough();
  }

  /// Takes a lane for writing.
  public void lock(int lane) {
    lanes.get(lane).lock.lock();
  }

  /// Gives a lane back.
  public void unlock(int lane) {
    lanes.get(lane).lock.unlock();
  }

  /// Has every lane ready for appending, unless the log is closed. To be called before a lane is
  /// locked; costs nothing but the first time.
  ///
  /// @throws dev.varve.fs.NoSpaceException when the device is full; it may be tried again
  /// @throws IOException when the device refuses; it may be tried again unless that failed the
  ///   environment
  public void begin() throws IOException {
    if (begun) {
      return;
    }
    beginLock.lock();
    try {
      if (begun || closed) {
        return;
      }
      requireSound();
      for (Lane lane : lanes) {
        lane.begin(durableThrough());
      }
      removeLeftovers();
      begun = true;
    } finally {
      beginLock.unlock();
    }
  }

  /// Whether this process has begun to write the log.
  public boolean hasBegun() {
    return begun;
  }

  /** The new begins are durable: what they do not count can go. */
  private void removeLeftovers() {
    for (int i = 0; i < recovered.size(); i++) {
      for (long number : recovered.get(i).leftovers()) {
        try {
          env.fileSystem().delete(env.path(new SegmentPlace(i, number)));
        } catch (IOException e) {
          // It does no harm: the next recovery finds it left over again.
        }
      }
    }
  }

  /// Appends a record to a lane that this thread has locked; answers its number.
  ///
  /// @param array holds the payload from its byte 32 on, and 7 more bytes behind it; the bytes
  ///   around the payload are overwritten
  /// @param through whether the record is to be synced at once; it then takes the cheaper way
  /// @param useReserve whether it may use the room that is kept for a full disk
  /// @throws dev.varve.fs.NoSpaceException when there is no space; nothing was appended
  /// @throws IOException when the device refuses
  public long append(
      int lane,
      RecordKind kind,
      byte[] array,
      int payloadLength,
      boolean through,
      boolean useReserve)
      throws IOException {
    long assigned =
        lanes.get(lane).append(kind, array, payloadLength, durableThrough(), through, useReserve);
    if (unsyncedSince == 0) {
      unsyncedSince = Math.max(1, env.clock().nanos());
    }
    return assigned;
  }

  /// Waits until the record of this number, which was appended, is durable, together with whoever
  /// else waits.
  public void awaitGroup(long number) {
    group.await(number);
    askForMark();
  }

  /// Makes every record so far durable, at once.
  public void syncNow() {
    group.syncNow();
    askForMark();
  }

  /// Makes the records up to this number, which were appended, durable, unless the environment has
  /// failed.
  public void syncThrough(long number) {
    requireSound();
    awaitGroup(number);
  }

  /// Begins in the background to make the records up to this number durable.
  public void beginSync(long number) {
    if (durableThrough() < number) {
      env.background().submit(this::syncQuietly);
    }
  }

  /// Sees to it that the last record, just appended, becomes durable within the periodic interval;
  /// waits only while syncs run late.
  public void awaitPeriodic() {
    long since = syncingSince != 0 ? syncingSince : unsyncedSince;
    if (since != 0 && env.clock().nanos() - since > 2 * options.periodicInterval().toNanos()) {
      group.await(sequence.get());
      return;
    }
    if (syncAsked.compareAndSet(false, true)) {
      env.background().submitAfter(options.periodicInterval(), this::periodicSync);
    }
  }

  /** A segment that was filled is synced and closed soon, whatever the level: it is done with. */
  private void syncFilled() {
    env.background().submit(this::syncQuietly);
  }

  private void periodicSync() {
    syncAsked.set(false);
    syncQuietly();
  }

  private void syncQuietly() {
    if (!closed && !env.failure().isFailed()) {
      syncNow();
    }
  }

  /** Syncs all lanes; runs under the group's lock. */
  private long sync() {
    requireSound();
    long begin = env.clock().nanos();
    SyncEvent event = new SyncEvent();
    event.begin();
    syncingSince = unsyncedSince;
    unsyncedSince = 0;
    try {
      // A number is given under a lane's lock, so whoever holds a number up to this one has let its
      // lane go once the lane's lock was taken below.
      long through = sequence.get();
      if (!hardened) {
        for (Lane lane : lanes) {
          lane.found().harden(knownDurable);
        }
        hardened = true;
      }
      if (event.isEnabled()) {
        event.bytes = lanes.stream().mapToLong(Lane::unforcedBytes).sum();
      }
      for (Lane lane : lanes) {
        lane.force(lane.unforced());
      }
      event.syncedThrough = through;
      event.succeeded = true;
      return through;
    } catch (IOException | InternalError e) {
      Throwable _ = env.failure().fail(e);
      throw onFailed.get();
    } finally {
      syncingSince = 0;
      long nanos = env.clock().nanos() - begin;
      figures = figures.plus(nanos);
      event.lanes = lanes.size();
      event.commit();
    }
  }

  private void requireSound() {
    if (env.failure().isFailed()) {
      throw onFailed.get();
    }
  }

  private void askForMark() {
    long now = sequence.get();
    if (now > markedThrough && now == durableThrough() && markAsked.compareAndSet(false, true)) {
      env.background().submitAfter(MARK_DELAY, () -> mark(now));
    }
  }

  /** Writes a mark if the log has been idle since the number was `before`. */
  private void mark(long before) {
    markAsked.set(false);
    if (closed || env.failure().isFailed()) {
      return;
    }
    if (sequence.get() != before || durableThrough() != before) {
      askForMark();
      return;
    }
    markedThrough = before;
    try {
      for (int lane = 0; lane < lanes.size(); lane++) {
        lock(lane);
        try {
          lanes.get(lane).appendControl(RecordKind.MARK, durableThrough());
        } finally {
          unlock(lane);
        }
      }
    } catch (dev.varve.fs.NoSpaceException full) {
      return;
    } catch (IOException e) {
      Throwable _ = env.failure().fail(e);
      return;
    }
    group.syncNow();
  }

  /// For each lane the lowest segment that is needed when commits up to `flushedThrough` are in the
  /// engines' files.
  public List<Long> firstNeeded(long flushedThrough) {
    return lanes.stream().map(lane -> lane.firstNeeded(flushedThrough)).toList();
  }

  /// Whether a segment could be given back when commits up to `flushedThrough` are in the engines'
  /// files.
  ///
  /// @param known what [#firstNeeded] answered before; the first segment of each lane where that
  ///   has none
  public boolean frees(long flushedThrough, List<Long> known) {
    List<Long> now = firstNeeded(flushedThrough);
    for (int i = 0; i < now.size(); i++) {
      if (now.get(i) > (i < known.size() ? known.get(i) : 1)) {
        return true;
      }
    }
    return false;
  }

  /// How many bytes the segments that count have been filled with.
  public long usedBytes() {
    return ranges().stream().mapToLong(SegmentRange::end).sum();
  }

  /// Gives back the segments below `firstNeeded`, which must stand in the catalog by now, and notes
  /// the checkpoint.
  ///
  /// @throws IOException when the device refuses
  public void checkpoint(long flushedThrough, List<Long> firstNeeded) throws IOException {
    for (int i = 0; i < lanes.size(); i++) {
      Lane lane = lanes.get(i);
      lock(i);
      try {
        lane.appendCheckpoint(flushedThrough, durableThrough());
      } catch (dev.varve.fs.NoSpaceException full) {
        // It is a note for people; the catalog counts.
      } catch (IOException e) {
        Throwable _ = env.failure().fail(e);
        throw e;
      } finally {
        unlock(i);
      }
      lane.retire(firstNeeded.get(i), true);
    }
    trimLater();
  }

  /// Has each lane go on in a short segment, if the engines' files hold every record, the log is
  /// begun and nobody appends meanwhile. Answers whether a lane does: then what it had is to be
  /// given back by [#retire].
  ///
  /// @throws IOException when the device refuses; nothing is lost, unless that failed the
  ///   environment
  public boolean rest(long flushedThrough) throws IOException {
    boolean rests = false;
    for (Lane lane : lanes) {
      rests |= lane.rest(flushedThrough, durableThrough());
    }
    return rests;
  }

  /// Removes the segments below `firstNeeded`, which must stand in the catalog by now.
  ///
  /// @throws IOException when the device refuses
  public void retire(List<Long> firstNeeded) throws IOException {
    for (int i = 0; i < lanes.size(); i++) {
      lanes.get(i).retire(firstNeeded.get(i), false);
    }
  }

  private void trimLater() {
    if (trimAsked.compareAndSet(false, true)) {
      env.background().submitAfter(TRIM_INTERVAL, this::trim);
    }
  }

  /** Removes what was kept for reuse and will not be used soon. */
  private void trim() {
    trimAsked.set(false);
    boolean kept = false;
    try {
      for (Lane lane : lanes) {
        kept |= lane.trim(TRIM_HORIZON);
      }
    } catch (IOException e) {
      // What cannot be removed is left over, and found by the next recovery.
      return;
    }
    if (kept) {
      trimLater();
    }
  }

  /// The segments that count, with what they hold by now; lane by lane, oldest first.
  public List<SegmentRange> ranges() {
    return lanes.stream().flatMap(lane -> lane.ranges().stream()).toList();
  }

  /// Removes every record with a greater number, durably: the next record gets the number behind.
  /// For a log of one lane that replicates another's.
  ///
  /// @throws UsageException when the log has several lanes, or `number` was given back already
  /// @throws IOException when the device refuses
  public void truncateAfter(long number) throws IOException {
    if (lanes.size() > 1) {
      throw new UsageException("a log that is truncated has one lane, this one has several");
    }
    begin();
    group.exclusively(
        number,
        () -> {
          lock(0);
          try {
            if (number >= sequence.get()) {
              return;
            }
            long durable = Math.min(durableThrough(), number);
            lanes.getFirst().restart(lanes.getFirst().find(number), durable);
            sequence.set(number);
            markedThrough = Math.min(markedThrough, number);
          } finally {
            unlock(0);
          }
        });
  }

  /// Figures of this moment.
  public LogStats stats() {
    LaneFigures all = LaneFigures.NONE;
    for (Lane lane : lanes) {
      all = all.plus(lane.figures());
    }
    long since = syncingSince != 0 ? syncingSince : unsyncedSince;
    return new LogStats(
        all.records(),
        all.bytes(),
        figures.count(),
        figures.nanos(),
        figures.nanosMax(),
        (int) all.segments(),
        all.segmentBytes(),
        all.unforcedBytes(),
        since == 0 ? 0 : Math.max(0, env.clock().nanos() - since),
        all.made(),
        all.reused(),
        all.waits());
  }

  /// Makes everything durable, seals the lanes and closes all files. After a failure, or when the
  /// last sync fails, only closes. A second call does nothing.
  ///
  /// @throws IOException when a file cannot be closed
  @Override
  public void close() throws IOException {
    beginLock.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
    } finally {
      beginLock.unlock();
    }
    boolean sealed = false;
    if (begun && !env.failure().isFailed()) {
      try {
        sealed = seal();
      } catch (IOException | InternalError e) {
        Throwable _ = env.failure().fail(e);
      } catch (RuntimeException e) {
        // A sync that failed has latched its cause; the files are to be closed all the same.
        if (!env.failure().isFailed()) {
          throw e;
        }
      }
    }
    boolean cut = sealed;
    // A sync that is under way must not find its mapping gone.
    group.exclusively(Long.MAX_VALUE, () -> closeLanes(cut));
  }

  private void closeLanes(boolean sealed) throws IOException {
    IOException first = null;
    for (Lane lane : lanes) {
      try {
        lane.close(sealed);
      } catch (IOException e) {
        if (first == null) {
          first = e;
        } else {
          first.addSuppressed(e);
        }
      }
    }
    if (first != null) {
      throw first;
    }
  }

  private boolean seal() throws IOException {
    group.syncNow();
    try {
      for (int i = 0; i < lanes.size(); i++) {
        lock(i);
        try {
          lanes.get(i).appendControl(RecordKind.SEAL, durableThrough());
        } finally {
          unlock(i);
        }
      }
    } catch (dev.varve.fs.NoSpaceException full) {
      return false;
    }
    group.syncNow();
    return true;
  }
}
