package dev.varve.log;

import dev.varve.fs.FileSystem;
import dev.varve.fs.MapMode;
import dev.varve.fs.MappedRegion;
import dev.varve.fs.NoSpaceException;
import dev.varve.fs.OpenMode;
import dev.varve.fs.StoreFile;
import dev.varve.fs.SyncMode;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Makes a lane's segments, the next one ahead of need, of zeros or of an old segment.
///
/// @threads safe. Its lock guards the spare, the numbers and the files for reuse, comes behind the
///   lane's in the order of locks, and is not held while a file is written.
final class SegmentMaker {
  private static final long PAGE_BYTES = 4096;

  /** After a full disk was met, how long nobody looks again: a look may write a whole segment. */
  private static final long FULL_PAUSE_NANOS = 200_000_000;

  /** An old segment that may become a new one. */
  private record Reusable(Path path, long bytes) {}

  /** What becomes of the next segment. */
  private enum State {
    IDLE,
    /** Somebody is to make it in the background. */
    ASKED,
    /** It is being made, or taken. */
    MAKING
  }

  private final LogEnvironment env;
  private final int lane;
  private final int incarnation;
  private final int lanes;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Deque<Reusable> reusable = new ArrayDeque<>();
  private final AtomicLong made = new AtomicLong();
  private final AtomicLong reused = new AtomicLong();
  private final AtomicLong waits = new AtomicLong();

  private long nextNumber;
  private @Nullable Segment spare;

  /** The segment that the spare's header names as the one before it. */
  private long sparePrevious;

  private State state = State.IDLE;
  private long askedBytes;
  private long askedPrevious;
  private boolean closed;
  private @Nullable NoSpaceException full;
  private long fullNanos;

  SegmentMaker(LogEnvironment env, int lane, int incarnation, int lanes, long highestNumber) {
    this.env = env;
    this.lane = lane;
    this.incarnation = incarnation;
    this.lanes = lanes;
    this.nextNumber = highestNumber + 1;
  }

  /// Has the next segment be made in the background, unless that is so already.
  void prepare(long bytes, long previous) {
    lock.lock();
    try {
      if (spare != null || state != State.IDLE || closed) {
        return;
      }
      state = State.ASKED;
      askedBytes = bytes;
      askedPrevious = previous;
    } finally {
      lock.unlock();
    }
    env.background().submit(this::makeSpare);
  }

  /** Serves the newest request: whoever needed the one before may have served himself. */
  private void makeSpare() {
    long bytes;
    long previous;
    lock.lock();
    try {
      if (state != State.ASKED) {
        return;
      }
      state = State.MAKING;
      bytes = askedBytes;
      previous = askedPrevious;
    } finally {
      lock.unlock();
    }
    @Nullable Segment segment = null;
    try {
      segment = make(bytes, previous);
    } catch (IOException e) {
      // Nothing depends on this file: whoever needs a segment tries again, and hears of it.
    } finally {
      finishMaking(segment, previous);
    }
  }

  private void finishMaking(@Nullable Segment segment, long previous) {
    lock.lock();
    try {
      spare = segment;
      sparePrevious = previous;
      state = State.IDLE;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /// The next segment, of at least `bytesMin` bytes: the spare, or one made now.
  ///
  /// @throws NoSpaceException when the device is full
  /// @throws IOException when the device refuses
  Segment take(long bytes, long bytesMin, long previous) throws IOException {
    @Nullable Segment ready;
    lock.lock();
    try {
      boolean atOnce = spare != null;
      while (state == State.MAKING) {
        changed.awaitUninterruptibly();
      }
      ready = spare;
      spare = null;
      if (!atOnce) {
        waits.incrementAndGet();
      }
      // A log that was cut goes on from an earlier segment than its spare was made for.
      if (ready != null && ready.size() >= bytesMin && sparePrevious == previous) {
        return ready;
      }
      state = State.MAKING;
    } finally {
      lock.unlock();
    }
    try {
      if (ready != null) {
        discard(ready);
      }
      return makeWithin(Math.max(bytes, bytesMin), bytesMin, previous);
    } finally {
      finishMaking(null, 0);
    }
  }

  /** Makes a segment, a shorter one where the device has no space for the one wanted. */
  private Segment makeWithin(long bytes, long bytesMin, long previous) throws IOException {
    if (full != null && env.clock().nanos() - fullNanos < FULL_PAUSE_NANOS) {
      throw full;
    }
    full = null;
    for (long size = bytes; ; size = Math.max(bytesMin, size / 8)) {
      try {
        return make(size, previous);
      } catch (NoSpaceException e) {
        if (size == bytesMin) {
          full = e;
          fullNanos = env.clock().nanos();
          throw e;
        }
      }
    }
  }

  /** Makes a segment; called by one thread at a time, the one that set MAKING. */
  private Segment make(long wanted, long previous) throws IOException {
    long bytes = (wanted + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    SegmentPlace place;
    @Nullable Reusable old;
    lock.lock();
    try {
      place = new SegmentPlace(lane, nextNumber++);
      old = takeReusable(bytes);
    } finally {
      lock.unlock();
    }
    Path path = env.path(place);
    FileSystem fs = env.fileSystem();
    StoreFile file;
    if (old == null) {
      if (fs.usableSpace(env.directory()) < bytes) {
        throw new NoSpaceException(path);
      }
      file = fs.create(path);
      made.incrementAndGet();
    } else {
      fs.rename(old.path, path);
      file = fs.open(path, OpenMode.READ_WRITE);
      reused.incrementAndGet();
    }
    try {
      byte[] header =
          new SegmentHeader(place, bytes, previous, incarnation, lanes, env.clock().wallMillis())
              .encode(env.store());
      file.preallocate(bytes);
      file.write(0, MemorySegment.ofArray(header));
      file.sync(SyncMode.FULL);
      fs.syncDirectory(env.directory());
      MappedRegion region = file.map(MapMode.READ_WRITE);
      Segment segment = new Segment(place, file, region);
      segment.touch();
      return segment;
    } catch (Throwable failure) {
      undo(file, path, failure);
      throw failure;
    }
  }

  private @Nullable Reusable takeReusable(long bytes) {
    for (Reusable candidate : reusable) {
      if (candidate.bytes == bytes) {
        reusable.remove(candidate);
        return candidate;
      }
    }
    return null;
  }

  /** A segment that was not finished gives its space back. */
  private void undo(StoreFile file, Path path, Throwable failure) {
    try {
      file.close();
      env.fileSystem().delete(path);
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }

  /// Removes a segment that was taken and could not be begun.
  void giveUp(Segment segment, Throwable why) {
    try {
      discard(segment);
    } catch (IOException e) {
      why.addSuppressed(e);
    }
  }

  private void discard(Segment segment) throws IOException {
    segment.close();
    env.fileSystem().delete(env.path(segment.place()));
  }

  /// Takes the files of segments that nobody needs any more, to make new ones of them; of what it
  /// had so much is removed that there are no more in all.
  ///
  /// @throws IOException when one cannot be removed
  void retire(List<ClosedSegment> gone) throws IOException {
    List<Reusable> taken = new ArrayList<>();
    gone.forEach(one -> taken.add(new Reusable(path(one), one.bytes())));
    long bytesMax = gone.stream().mapToLong(ClosedSegment::bytes).sum();
    lock.lock();
    try {
      if (!closed) {
        reusable.addAll(taken);
        taken.clear();
      }
    } finally {
      lock.unlock();
    }
    // A log that is closed has no use for them.
    remove(taken);
    if (!gone.isEmpty()) {
      keep(bytesMax);
    }
  }

  private Path path(ClosedSegment segment) {
    return env.path(new SegmentPlace(lane, segment.number()));
  }

  /// Removes the files of segments that nobody needs any more.
  ///
  /// @throws IOException when one cannot be removed
  void remove(Iterable<ClosedSegment> gone) throws IOException {
    for (ClosedSegment one : gone) {
      env.fileSystem().delete(path(one));
    }
  }

  /// Keeps no more than so many bytes for reuse. Answers how many files it keeps.
  ///
  /// @throws IOException when one cannot be removed
  int keep(long bytesMax) throws IOException {
    List<Reusable> surplus = new ArrayList<>();
    int kept;
    lock.lock();
    try {
      long bytes = 0;
      for (Iterator<Reusable> all = reusable.iterator(); all.hasNext(); ) {
        Reusable one = all.next();
        bytes += one.bytes;
        if (bytes > bytesMax) {
          all.remove();
          surplus.add(one);
        }
      }
      kept = reusable.size();
    } finally {
      lock.unlock();
    }
    remove(surplus);
    return kept;
  }

  private void remove(List<Reusable> files) throws IOException {
    for (Reusable one : files) {
      env.fileSystem().delete(one.path);
    }
  }

  /// Has the spare be one of so many bytes, and keeps nothing for reuse. Does nothing while another
  /// segment is being made or is to be.
  ///
  /// @throws IOException when the device refuses
  void shrink(long bytes, long previous) throws IOException {
    @Nullable Segment old;
    lock.lock();
    try {
      if (state != State.IDLE || closed) {
        return;
      }
      state = State.MAKING;
      old = spare;
      spare = null;
    } finally {
      lock.unlock();
    }
    @Nullable Segment segment = null;
    try {
      if (old != null) {
        discard(old);
      }
      segment = make(bytes, previous);
    } finally {
      finishMaking(segment, previous);
    }
    int _ = keep(0);
  }

  /// Removes the spare and what was kept for reuse.
  ///
  /// @throws IOException when a file cannot be removed
  void close() throws IOException {
    @Nullable Segment left;
    lock.lock();
    try {
      closed = true;
      while (state == State.MAKING) {
        changed.awaitUninterruptibly();
      }
      state = State.IDLE;
      left = spare;
      spare = null;
    } finally {
      lock.unlock();
    }
    if (left != null) {
      discard(left);
    }
    int _ = keep(0);
  }

  /// How many segments were made of zeros.
  long made() {
    return made.get();
  }

  /// How many were made of old ones.
  long reused() {
    return reused.get();
  }

  /// How often a writer waited for one, the first of a process included.
  long waits() {
    return waits.get();
  }

  /// The bytes of the spare and of what is kept for reuse, and how many files they are.
  long[] idle() {
    lock.lock();
    try {
      long bytes = spare == null ? 0 : spare.size();
      for (Reusable old : reusable) {
        bytes += old.bytes;
      }
      return new long[] {bytes, (spare == null ? 0 : 1) + reusable.size()};
    } finally {
      lock.unlock();
    }
  }
}
