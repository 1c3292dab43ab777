package dev.varve.txn;

import dev.varve.cache.MemoryBudget;
import dev.varve.kv.KeyRange;
import dev.varve.kv.MutationReader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What was committed while transactions were open, and which are.
///
/// @threads safe. [#record]: whoever has the turn. [#start]: while no commit is under way.
public final class RecentCommits {
  /* The chain has an element for each key and range that a commit wrote, in the order of commits. A
   * transaction has a mark, which stands on an element behind which every commit is that its moment
   * does not see; so it need only walk from there.
   *
   * A commit is recorded before it is visible. When one is recorded, those before it are visible, so
   * `settled`, the last element before it, is what a mark may stand on: the mark takes it first, and
   * the moment is pinned afterwards. Some behind the mark may be seen by the moment; their numbers
   * say so.
   *
   * Nothing is recorded while no transaction is open that is watched, and has not been for a while.
   * The flag is set while no commit is under way, so none is missed.
   *
   * What lies before every mark is cut off, element by element: an old element would keep all the
   * younger ones behind it alive past the collector's young generation. */

  /** So many commits without a watched transaction, and recording ends. */
  private static final int IDLE_COMMITS = 4096;

  /** After so many commits, or bytes, it is looked what is not needed any more. */
  private static final int TIDY_MASK = 63;

  private static final long TIDY_BYTES = 256 << 10;

  /** About what an element takes besides the bytes of its key. */
  private static final int ELEMENT_BYTES = 88;

  /// Where a transaction stands in the chain, and that it is open.
  public static final class Mark {
    private final TransactionLife life;
    private @Nullable Mark before;
    private @Nullable Mark behind;
    private @Nullable Marks list;

    /** Null where the transaction is not watched, or more came behind it than is kept. */
    private volatile @Nullable CommittedWrite from;

    private Mark(TransactionLife life, @Nullable CommittedWrite from) {
      this.life = life;
      this.from = from;
    }

    /// Where to walk from, or null when more was committed than is kept.
    public @Nullable CommittedWrite from() {
      return from;
    }
  }

  /** Marks in the order in which they were made. */
  private static final class Marks {
    private @Nullable Mark first;
    private @Nullable Mark last;

    void add(Mark mark) {
      mark.list = this;
      mark.before = last;
      mark.behind = null;
      if (last == null) {
        first = mark;
      } else {
        last.behind = mark;
      }
      last = mark;
    }

    void remove(Mark mark) {
      mark.list = null;
      if (mark.before == null) {
        first = mark.behind;
      } else {
        mark.before.behind = mark.behind;
      }
      if (mark.behind == null) {
        last = mark.before;
      } else {
        mark.behind.before = mark.before;
      }
    }

    void addLate(long nanos, List<TransactionLife> late) {
      for (Mark mark = first; mark != null; mark = mark.behind) {
        if (mark.life.isLate(nanos)) {
          late.add(mark.life);
        }
      }
    }
  }

  private final MemoryBudget budget;
  private final long bytesMax;
  private volatile boolean recording;
  private volatile CommittedWrite settled;

  // The monitor's.
  private final Marks watched = new Marks();
  private final Marks others = new Marks();
  private CommittedWrite head;
  private long accounted;

  // Whoever has the turn.
  private final MutationReader reader = new MutationReader();
  private CommittedWrite tail;
  private int recorded;
  private int idle;
  private long tidiedTotal;

  /// @param budget what the chain is accounted to
  /// @param bytesMax the most that the chain may take
  public RecentCommits(MemoryBudget budget, long bytesMax) {
    this.budget = budget;
    this.bytesMax = bytesMax;
    this.tail = new CommittedWrite(0, 0, null, null, 0);
    this.head = tail;
    this.settled = tail;
  }

  /// Notes that a transaction is open; null, and it is not noted, when it is to be watched and
  /// nothing is being recorded: then [#start] is to be called first. Its moment must be pinned
  /// afterwards.
  public synchronized @Nullable Mark begin(TransactionLife life, boolean isWatched) {
    if (isWatched && !recording) {
      return null;
    }
    Mark mark = new Mark(life, isWatched ? settled : null);
    (isWatched ? watched : others).add(mark);
    return mark;
  }

  /// Begins to record.
  public synchronized void start(long visibleThrough) {
    if (!recording) {
      tail = new CommittedWrite(visibleThrough, 0, null, null, 0);
      head = tail;
      settled = tail;
      idle = 0;
      tidiedTotal = 0;
      recording = true;
    }
  }

  /// Notes that a transaction has ended.
  public synchronized void end(Mark mark) {
    if (mark.list != null) {
      mark.list.remove(mark);
      mark.from = null;
    }
  }

  /** What the chain, and what transactions keep, is accounted to. */
  MemoryBudget budget() {
    return budget;
  }

  /// Whether what is committed now is recorded.
  public boolean isRecording() {
    return recording;
  }

  /// The bytes that the chain takes, about.
  public synchronized long memoryBytes() {
    return accounted;
  }

  /// Records what a commit writes that is about to become visible.
  public void record(long sequence, byte[] array, int offset, int end) {
    if (!recording) {
      return;
    }
    settled = tail;
    reader.reset(array, offset, end);
    while (reader.next()) {
      switch (reader.kind()) {
        case PUT, DELETE -> {
          int keyEnd = reader.keyOffset() + reader.keyLength();
          append(sequence, Arrays.copyOfRange(array, reader.keyOffset(), keyEnd), null);
        }
        case DELETE_RANGE -> append(sequence, null, reader.range());
        case INGEST -> append(sequence, null, KeyRange.all());
        case CREATE_KEYSPACE, DROP_KEYSPACE -> {}
      }
    }
    if ((++recorded & TIDY_MASK) == 0 || tail.total() - tidiedTotal > TIDY_BYTES) {
      tidy();
    }
  }

  private void append(long sequence, byte @Nullable [] key, @Nullable KeyRange range) {
    long bytes = ELEMENT_BYTES + (key == null ? 0L : key.length);
    CommittedWrite write =
        new CommittedWrite(sequence, reader.keyspace(), key, range, tail.total() + bytes);
    tail.setNext(write);
    tail = write;
  }

  private synchronized void tidy() {
    tidiedTotal = tail.total();
    if (watched.first != null) {
      idle = 0;
    } else if (++idle > IDLE_COMMITS / (TIDY_MASK + 1)) {
      recording = false;
      settled = tail;
    }
    CommittedWrite keep = settled;
    while (watched.first != null) {
      Mark oldest = watched.first;
      CommittedWrite from = oldest.from;
      if (from != null && tail.total() - from.total() <= bytesMax) {
        keep = from;
        break;
      }
      // It goes on reading, but cannot be committed any more.
      watched.remove(oldest);
      oldest.from = null;
      others.add(oldest);
    }
    cut(keep);
    long bytes = tail.total() - head.total();
    budget.use(bytes - accounted);
    accounted = bytes;
  }

  private void cut(CommittedWrite keep) {
    while (head != keep) {
      CommittedWrite next = head.next();
      if (next == null) {
        throw new IllegalStateException("the chain ends before what is to be kept");
      }
      head.setNext(null);
      head = next;
    }
  }

  /// Ends the transactions that have run for too long.
  public void endLate(long nanos) {
    List<TransactionLife> late = new ArrayList<>();
    synchronized (this) {
      watched.addLate(nanos, late);
      others.addLate(nanos, late);
    }
    for (TransactionLife life : late) {
      boolean _ = life.endLate(nanos);
    }
  }
}
