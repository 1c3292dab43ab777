package dev.varve.log;

import dev.varve.base.Bytes;
import dev.varve.fs.NoSpaceException;
import dev.varve.kv.UsageException;
import dev.varve.log.RecoveredLog.RecoveredLane;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// A part of the log that is written independently of the others: a chain of segments with one
/// writer at a time.
///
/// @threads each method says which lock it needs
final class Lane {
  /** Of the longest part of a segment that only deletes and the log's own records may use. */
  private static final int RESERVE_SHARE = 16;

  private static final int RESERVE_BYTES_MAX = 64 << 10;

  private final LogEnvironment env;
  private final LogOptions options;
  private final int number;
  private final AtomicLong sequence;
  private final boolean alone;
  private final Runnable onFilled;
  private final int salt;

  /// One writer at a time: guards everything below. First in the order of locks.
  final ReentrantLock lock = new ReentrantLock();

  private final SegmentMaker maker;
  private final CRC32C crc = new CRC32C();
  private final byte[] scratch = new byte[64];

  /** The segments before the active one that are not wholly synced and closed, oldest first. */
  private final Deque<Segment> unsynced = new ArrayDeque<>();

  private final FoundSegments found;

  /** The segments before the active one, oldest first. */
  private final List<ClosedSegment> closed = new ArrayList<>();

  private @Nullable Segment active;
  private LaneEnd previous;
  private int lastChecksum;
  private boolean asked;
  private long askBelow;
  private long nextBytes;
  private long records;
  private long bytes;

  /** What `bytes` was when it was looked at last how fast the lane is. */
  private long bytesSeen;

  Lane(
      LogEnvironment env,
      LogOptions options,
      int number,
      AtomicLong sequence,
      boolean alone,
      RecoveredLane recovered,
      SegmentMaker maker,
      Runnable onFilled) {
    this.env = env;
    this.options = options;
    this.number = number;
    this.sequence = sequence;
    this.salt = env.store().salt();
    this.previous = recovered.end();
    this.closed.addAll(recovered.segments());
    this.found = new FoundSegments(env, number, recovered.segments());
    this.nextBytes = options.segmentBytesFirst();
    this.alone = alone;
    this.maker = maker;
    this.onFilled = onFilled;
  }

  /// Makes the first segment of this incarnation, unless it is there, with a durable begin. Nothing
  /// may be appended before every lane has done this.
  ///
  /// @throws IOException when the device refuses to make the segment, which may be tried again; or
  ///   when it refuses the begin, which is final and fails the environment
  void begin(long durableThrough) throws IOException {
    lock.lock();
    try {
      if (active != null) {
        return;
      }
      Segment first = maker.take(nextBytes, nextBytes, previous.segment());
      try {
        writeBegin(first, previous, durableThrough);
        first.force(first.end());
      } catch (Throwable failure) {
        // Its begin may never reach the device: where another attempt is made, it takes another.
        maker.giveUp(first, failure);
        if (!(failure instanceof NoSpaceException)) {
          Throwable _ = env.failure().fail(failure);
        }
        throw failure;
      }
      install(first, previous);
    } finally {
      lock.unlock();
    }
  }

  private Segment segment() {
    if (active == null) {
      throw new IllegalStateException("lane " + number + " has not begun");
    }
    return active;
  }

  /** Writes what must stand in a segment before anything else can count there. */
  private void writeBegin(Segment segment, LaneEnd before, long durableThrough) throws IOException {
    // Not the scratch: what is about to be appended may stand in it.
    byte[] begin = new byte[(int) RecordHeader.size(LaneEnd.PAYLOAD_BYTES)];
    before.writePayload(begin, RecordHeader.SIZE);
    put(
        segment,
        begin,
        LaneEnd.PAYLOAD_BYTES,
        RecordKind.BEGIN,
        sequence.get(),
        durableThrough,
        true);
  }

  /** Has a segment whose begin is written take the records from now on. */
  private void install(Segment segment, LaneEnd before) {
    // The first segment of a process may be all that it ever needs; whoever fills one fills the
    // next.
    askBelow = active == null ? segment.size() / 2 : Long.MAX_VALUE;
    active = segment;
    previous = before;
    asked = false;
    nextBytes = Math.min(segment.size() * 2, options.segmentBytesMax());
  }

  /// Appends a record whose payload begins 32 bytes into `array`, with at least 7 bytes to spare
  /// behind it. Answers its sequence number: the next, or for kinds without one the last given.
  ///
  /// Needs the lane's lock.
  ///
  /// @param through whether to go through the operating system rather than through memory
  /// @param useReserve whether the part of a segment may be used that is kept for a full disk
  /// @throws dev.varve.fs.NoSpaceException when there is no room and no space to make any; nothing
  ///   was appended and no number given
  /// @throws IOException when the device refuses
  long append(
      RecordKind kind,
      byte[] array,
      int payloadLength,
      long durableThrough,
      boolean through,
      boolean useReserve)
      throws IOException {
    long size = RecordHeader.size(payloadLength);
    Segment segment = segment();
    if (segment.remaining() - reserve(segment) < size) {
      segment = makeRoom(segment, size, durableThrough, useReserve);
    } else if (!asked && segment.remaining() < askBelow) {
      asked = true;
      maker.prepare(nextBytes, segment.place().number());
    }
    long assigned = kind.isNumbered() ? nextSequence() : sequence.get();
    // Nobody may wait for a record that has a number and will never be whole.
    putOrFail(segment, array, payloadLength, kind, assigned, durableThrough, through);
    return assigned;
  }

  /** With one lane its lock guards the numbers, and a store without a fence will do. */
  private long nextSequence() {
    if (!alone) {
      return sequence.incrementAndGet();
    }
    long next = sequence.getPlain() + 1;
    sequence.setRelease(next);
    return next;
  }

  private static long reserve(Segment segment) {
    return Math.min(RESERVE_BYTES_MAX, segment.size() / RESERVE_SHARE);
  }

  private Segment makeRoom(Segment full, long size, long durableThrough, boolean useReserve)
      throws IOException {
    long needed =
        SegmentHeader.SIZE + RecordHeader.size(LaneEnd.PAYLOAD_BYTES) + size + RecordHeader.SIZE;
    long withReserve = needed + Math.min(RESERVE_BYTES_MAX, needed / (RESERVE_SHARE - 1) + 1);
    LaneEnd before = endOf(full);
    Segment next;
    try {
      next = takeBegun(withReserve, before, durableThrough);
    } catch (IOException e) {
      if (useReserve && full.remaining() >= size) {
        return full;
      }
      throw e;
    }
    leave(full, next, before, durableThrough);
    onFilled.run();
    return next;
  }

  /** Goes on in another segment, whose begin is written. */
  private void leave(Segment full, Segment next, LaneEnd before, long durableThrough)
      throws IOException {
    closed.add(closed(full));
    unsynced.add(full);
    install(next, before);
    writeContinued(full, durableThrough);
  }

  private LaneEnd endOf(Segment last) {
    return new LaneEnd(last.place().number(), last.end(), last.lastSequence(), lastChecksum);
  }

  /** Says in a full segment that there is another, so that it is missed if it ever is missing. */
  private void writeContinued(Segment full, long durableThrough) throws IOException {
    int lastOfNext = lastChecksum;
    byte[] record = new byte[RecordHeader.SIZE];
    putOrFail(full, record, 0, RecordKind.CONTINUED, full.lastSequence(), durableThrough, true);
    lastChecksum = lastOfNext;
  }

  /** The next segment, with its begin. */
  private Segment takeBegun(long bytesMin, LaneEnd before, long durableThrough) throws IOException {
    Segment next = maker.take(nextBytes, bytesMin, before.segment());
    try {
      writeBegin(next, before, durableThrough);
    } catch (Throwable failure) {
      maker.giveUp(next, failure);
      throw failure;
    }
    return next;
  }

  /** Puts a record where there is room for it; what goes wrong fails the environment. */
  private void putOrFail(
      Segment segment,
      byte[] array,
      int payloadLength,
      RecordKind kind,
      long assigned,
      long durableThrough,
      boolean through)
      throws IOException {
    try {
      put(segment, array, payloadLength, kind, assigned, durableThrough, through);
    } catch (NoSpaceException e) {
      // The room was there before: the device has broken its word.
      IOException cause = new IOException("no space where there was some: " + e.getMessage(), e);
      Throwable _ = env.failure().fail(cause);
      throw cause;
    } catch (Throwable cause) {
      Throwable _ = env.failure().fail(cause);
      throw cause;
    }
  }

  private void put(
      Segment segment,
      byte[] array,
      int payloadLength,
      RecordKind kind,
      long assigned,
      long durableThrough,
      boolean through)
      throws IOException {
    RecordHeader.write(array, payloadLength, kind, segment.place(), assigned, durableThrough);
    int checksum = RecordHeader.seal(array, payloadLength, salt, crc);
    int size = (int) RecordHeader.size(payloadLength);
    for (int at = RecordHeader.SIZE + payloadLength; at < size; at++) {
      array[at] = 0;
    }
    segment.append(array, size, assigned, through);
    lastChecksum = checksum;
    records++;
    bytes += size;
  }

  /// Appends a record without a payload. Needs the lane's lock.
  ///
  /// @throws IOException when the device refuses
  void appendControl(RecordKind kind, long durableThrough) throws IOException {
    long _ = append(kind, scratch, 0, durableThrough, true, true);
  }

  /// Appends a checkpoint, unless the lane is not open. Needs the lane's lock.
  ///
  /// @throws IOException when the device refuses
  void appendCheckpoint(long flushedThrough, long durableThrough) throws IOException {
    if (active == null) {
      return;
    }
    Bytes.putLong(scratch, RecordHeader.SIZE, flushedThrough);
    long _ = append(RecordKind.CHECKPOINT, scratch, Long.BYTES, durableThrough, false, true);
  }

  /// What is to be forced so that everything appended by now is durable. Needs the lane's lock for
  /// a moment.
  List<Forcing> unforced() {
    lock.lock();
    try {
      List<Forcing> list = new ArrayList<>(unsynced.size() + 1);
      for (Segment segment : unsynced) {
        list.add(new Forcing(segment, segment.end()));
      }
      if (active != null) {
        list.add(new Forcing(active, active.end()));
      }
      return list;
    } finally {
      lock.unlock();
    }
  }

  /// A segment and up to where to force it.
  record Forcing(Segment segment, long end) {}

  /// Forces. Needs the log's sync lock, and not the lane's.
  ///
  /// @throws IOException when that failed
  void force(List<Forcing> list) throws IOException {
    for (Forcing one : list) {
      one.segment.force(one.end);
    }
    closeForced();
  }

  /** Closes the segments behind the active one that are durable as a whole. */
  private void closeForced() throws IOException {
    List<Segment> done = new ArrayList<>();
    lock.lock();
    try {
      for (Iterator<Segment> it = unsynced.iterator(); it.hasNext(); ) {
        Segment segment = it.next();
        if (segment.unforced() == 0) {
          it.remove();
          done.add(segment);
        }
      }
    } finally {
      lock.unlock();
    }
    for (Segment segment : done) {
      segment.close();
    }
  }

  /// What recovery found of the lane.
  FoundSegments found() {
    return found;
  }

  /// The lowest segment with a record past `flushedThrough`, or the active one, or the next.
  long firstNeeded(long flushedThrough) {
    lock.lock();
    try {
      for (ClosedSegment segment : closed) {
        if (segment.lastSequence() > flushedThrough) {
          return segment.number();
        }
      }
      return active == null
          ? closed.isEmpty() ? previous.segment() + 1 : closed.getLast().number()
          : active.place().number();
    } finally {
      lock.unlock();
    }
  }

  /// Goes on in a segment as short as the first one, if every record is among the first
  /// `flushedThrough` and the active one is longer; keeps nothing for reuse then. Answers whether
  /// it did. No writer waits for it.
  ///
  /// @throws IOException when the device refuses; the lane goes on where it was, unless that failed
  ///   the environment
  boolean rest(long flushedThrough, long durableThrough) throws IOException {
    long number = numberToLeave(flushedThrough);
    if (number == 0) {
      return false;
    }
    long bytesFirst = options.segmentBytesFirst();
    maker.shrink(bytesFirst, number);
    lock.lock();
    try {
      // Who wrote meanwhile finds the short segment ready.
      if (numberToLeave(flushedThrough) != number) {
        return false;
      }
      Segment last = segment();
      LaneEnd before = endOf(last);
      nextBytes = bytesFirst;
      leave(last, takeBegun(bytesFirst, before, durableThrough), before, durableThrough);
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** The number of the active segment if it is long and holds nothing that is needed, else 0. */
  private long numberToLeave(long flushedThrough) {
    lock.lock();
    try {
      return active == null
              || active.size() <= options.segmentBytesFirst()
              || sequence.get() > flushedThrough
          ? 0
          : active.place().number();
    } finally {
      lock.unlock();
    }
  }

  /// Keeps no more for reuse than what the lane takes in `times` as long as it is since the last
  /// look, at the pace that it had. Answers whether it keeps anything.
  ///
  /// @throws IOException when a file cannot be removed
  boolean trim(int times) throws IOException {
    long since;
    lock.lock();
    try {
      since = bytes - bytesSeen;
      bytesSeen = bytes;
    } finally {
      lock.unlock();
    }
    return maker.keep(since * times) > 0;
  }

  /// Gives back the segments below `firstNeeded`, to be used again or to be removed.
  ///
  /// @throws IOException when a file cannot be removed
  void retire(long firstNeeded, boolean reuse) throws IOException {
    List<ClosedSegment> gone = new ArrayList<>();
    lock.lock();
    try {
      long open = unsynced.isEmpty() ? Long.MAX_VALUE : unsynced.getFirst().place().number();
      for (Iterator<ClosedSegment> it = closed.iterator(); it.hasNext(); ) {
        ClosedSegment segment = it.next();
        if (segment.number() < firstNeeded && segment.number() < open) {
          it.remove();
          gone.add(segment);
        }
      }
    } finally {
      lock.unlock();
    }
    // The lane's next ones have this length; shorter ones are of no use.
    List<ClosedSegment> usable =
        gone.stream().filter(one -> reuse && one.bytes() == options.segmentBytesMax()).toList();
    gone.removeAll(usable);
    maker.remove(gone);
    maker.retire(usable);
  }

  /// The segments that count, oldest first, and up to where.
  List<SegmentRange> ranges() {
    lock.lock();
    try {
      List<SegmentRange> ranges = new ArrayList<>();
      for (ClosedSegment segment : closed) {
        ranges.add(new SegmentRange(number, segment.number(), segment.end()));
      }
      if (active != null) {
        ranges.add(new SegmentRange(number, active.place().number(), active.end()));
      }
      return ranges;
    } finally {
      lock.unlock();
    }
  }

  /// How many bytes no sync has covered.
  long unforcedBytes() {
    return unforced().stream().mapToLong(one -> one.segment.unforced()).sum();
  }

  /// Figures of this moment.
  LaneFigures figures() {
    long[] idle = maker.idle();
    lock.lock();
    try {
      long segmentBytes = idle[0] + closed.stream().mapToLong(ClosedSegment::bytes).sum();
      long segments = idle[1] + closed.size();
      if (active != null) {
        segmentBytes += active.size();
        segments++;
      }
      return new LaneFigures(
          records,
          bytes,
          segments,
          segmentBytes,
          unforcedBytes(),
          maker.made(),
          maker.reused(),
          maker.waits());
    } finally {
      lock.unlock();
    }
  }

  private static ClosedSegment closed(Segment one) {
    return new ClosedSegment(one.place().number(), one.size(), one.end(), one.lastSequence());
  }

  /// Up to where the lane counts when nothing past `number` does. Needs the lane's lock.
  ///
  /// @throws UsageException when that place was given back already
  /// @throws IOException when the device refuses
  LaneEnd find(long lastNumber) throws IOException {
    return LaneEnd.find(env, number, all(), lastNumber);
  }

  /** Every segment, with what the active one holds by now. */
  private List<ClosedSegment> all() {
    List<ClosedSegment> all = new ArrayList<>(closed);
    all.add(closed(segment()));
    return all;
  }

  /// Has everything behind `cut` not count any more, durably. Needs the lane's lock, and nobody
  /// syncing.
  ///
  /// @throws IOException when the device refuses
  void restart(LaneEnd cut, long durableThrough) throws IOException {
    if (cut.segment() == 0) {
      throw new UsageException("the log does not reach back so far");
    }
    Segment next = maker.take(nextBytes, nextBytes, cut.segment());
    Segment last = segment();
    List<ClosedSegment> all = all();
    closed.clear();
    try {
      for (Segment segment : unsynced) {
        segment.close();
      }
      unsynced.clear();
      last.close();
      writeBegin(next, cut, durableThrough);
      install(next, cut);
      next.force(next.end());
      for (ClosedSegment one : all) {
        if (one.number() < cut.segment()) {
          closed.add(one);
        } else if (one.number() == cut.segment()) {
          closed.add(
              new ClosedSegment(one.number(), one.bytes(), cut.position(), cut.lastSequence()));
        } else {
          env.fileSystem().delete(env.path(new SegmentPlace(number, one.number())));
        }
      }
    } catch (IOException e) {
      Throwable _ = env.failure().fail(e);
      throw e;
    }
  }

  /// Closes every file; after `sealed`, cuts the active segment to what it holds.
  ///
  /// @throws IOException when that failed
  void close(boolean sealed) throws IOException {
    lock.lock();
    try {
      for (Segment segment : unsynced) {
        segment.close();
      }
      unsynced.clear();
      if (active != null) {
        Segment last = active;
        active = null;
        if (sealed) {
          last.closeAndCut();
        } else {
          last.close();
        }
      }
    } finally {
      lock.unlock();
    }
    maker.close();
  }
}
