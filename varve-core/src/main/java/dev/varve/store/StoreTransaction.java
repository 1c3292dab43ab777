package dev.varve.store;

import dev.varve.base.Bytes;
import dev.varve.engine.Engine;
import dev.varve.kv.CommitResult;
import dev.varve.kv.ConflictCause;
import dev.varve.kv.Durability;
import dev.varve.kv.Isolation;
import dev.varve.kv.KeyRange;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceView;
import dev.varve.kv.Limits;
import dev.varve.kv.LockResult;
import dev.varve.kv.MutationWriter;
import dev.varve.kv.Savepoint;
import dev.varve.kv.StoreClosedException;
import dev.varve.kv.Transaction;
import dev.varve.kv.TransactionOptions;
import dev.varve.kv.UsageException;
import dev.varve.txn.CommittedWrite;
import dev.varve.txn.KeyspaceAccess;
import dev.varve.txn.LockOutcome;
import dev.varve.txn.RecentCommits;
import dev.varve.txn.TransactionAccess;
import dev.varve.txn.TransactionLife;
import dev.varve.txn.TransactionLife.State;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// A transaction of an open store.
///
/// @threads one at a time
final class StoreTransaction implements Transaction {
  /* What it holds of the store is its life's, which others may end: locks, the moment that it reads,
   * its mark in the chain of recent commits. What it reads and writes is its own.
   *
   * The mark is taken first, the moment pinned afterwards (RecentCommits says why). A commit looks
   * through the chain twice: before it takes the lanes, since it may be long, and then, with all of
   * them, through what was added; so nobody waits for the first. */

  /** Of what was read the commit has nothing, so its size is not known; it grows as needed. */
  private static final int WRITER_BYTES_MAX = 64 << 10;

  /** Of so many calls one looks at the clock, which takes as long as a tenth of a short read. */
  private static final int CLOCK_MASK = 7;

  /** So much more in memory is told to the store's budget; small transactions never are. */
  private static final int ACCOUNTED_BYTES = 64 << 10;

  private final StoreCore store;
  private final TransactionOptions options;
  private final Isolation isolation;
  private final TransactionAccess access;
  private final TransactionLife life;
  private final LeakDetector.Handle handle;
  private final List<TransactionView> views = new ArrayList<>(2);

  private long moment = Engine.LATEST;
  private Moments.@Nullable Pin pin;
  private RecentCommits.@Nullable Mark mark;

  private int calls;
  private long accounted;

  /** Whether anything was read at the moment, which then stays. */
  private boolean hasRead;

  /**
   * The last of what was committed that was looked at for the commit, of all that it depends on.
   */
  private @Nullable CommittedWrite checked;

  private StoreTransaction(OpenStore owner, TransactionOptions options, TransactionLife life) {
    this.store = owner.core();
    this.options = options;
    this.isolation = options.isolation().effective();
    this.access =
        new TransactionAccess(
            isolation == Isolation.SERIALIZABLE && !options.readOnly(), options.bytesMax());
    this.life = life;
    this.handle = store.leaks().trackOften(this, "a transaction", life::release);
  }

  /// Begins a transaction.
  ///
  /// @param id which says how old it is
  static StoreTransaction begin(OpenStore owner, TransactionOptions options, long id) {
    StoreCore core = owner.core();
    core.pipeline().requireOpen();
    long deadline = core.clock().nanos() + options.timeout().toNanos();
    TransactionLife life =
        new TransactionLife(id, options.priority(), deadline, core.locks(), core.recentCommits());
    StoreTransaction transaction = new StoreTransaction(owner, options, life);
    if (transaction.isolation != Isolation.READ_COMMITTED) {
      transaction.takeMoment();
    }
    return transaction;
  }

  /** Has it read the moment now. */
  private void takeMoment() {
    RecentCommits.Mark newMark = newMark();
    Moments.Pin newPin = store.moments().pin();
    mark = newMark;
    pin = newPin;
    moment = newPin.sequence();
    boolean _ = life.hold(newMark, newPin);
  }

  private RecentCommits.Mark newMark() {
    RecentCommits recent = store.recentCommits();
    while (true) {
      RecentCommits.@Nullable Mark newMark = recent.begin(life, !options.readOnly());
      if (newMark != null) {
        return newMark;
      }
      boolean _ =
          store.pipeline().betweenCommits(() -> recent.start(store.moments().visibleThrough()));
    }
  }

  // What it may do.

  /// The moment that it reads, or [Engine#LATEST].
  long moment() {
    return moment;
  }

  /// The number that says how old it is.
  long id() {
    return life.id();
  }

  /// Whether it has ended, and how.
  State state() {
    return life.state();
  }

  /// The moment that it reads, held once more, or the newest.
  Moments.Pin pin() {
    Moments.Pin own = pin;
    if (own == null) {
      return store.moments().pin();
    }
    if (!own.hold()) {
      requireOpen();
      throw new IllegalStateException("an open transaction holds its moment");
    }
    return own;
  }

  /// Checks that it has not ended.
  void requireOpen() {
    State state = life.state();
    if (state != State.OPEN) {
      throw ended(state);
    }
  }

  private RuntimeException ended(State state) {
    String how =
        switch (state) {
          case TIMED_OUT -> "";
          case COMMITTED -> "was committed";
          case CONFLICT -> "was refused since somebody else wrote what it depends on";
          case DEADLOCK -> "was rolled back for others that waited for it";
          case LOCK_TIMEOUT -> "waited too long for a lock";
          case OPEN, COMMITTING, ROLLED_BACK -> "was rolled back";
        };
    return state == State.TIMED_OUT
        ? Refusals.timedOut(options.timeout())
        : new StoreClosedException("the transaction " + how + "; begin another one");
  }

  /** That it has not ended, and, now and then, that it is in time; its commit looks in any case. */
  private void requireInTime() {
    if ((++calls & CLOCK_MASK) == 0) {
      boolean _ = life.endLate(store.clock().nanos());
    }
    requireOpen();
    long bytes = access.memoryBytes();
    if (bytes - accounted >= ACCOUNTED_BYTES) {
      accounted = bytes;
      life.account(bytes);
    }
  }

  /// Is called before each read.
  void beginRead() {
    requireInTime();
    hasRead = true;
  }

  private void requireWriting() {
    requireInTime();
    if (options.readOnly()) {
      throw new UsageException(
          "the transaction only reads; begin one without TransactionOptions.withReadOnly(true)");
    }
  }

  // Reads and writes.

  @Override
  public TransactionOptions options() {
    return options;
  }

  @Override
  public KeyspaceView view(Keyspace keyspace) {
    return viewOf(keyspace);
  }

  private TransactionView viewOf(Keyspace keyspace) {
    for (int i = 0; i < views.size(); i++) {
      if (views.get(i).keyspace().id() == keyspace.id()
          && keyspace instanceof StoreKeyspace own
          && own.store() == store) {
        return views.get(i);
      }
    }
    if (!(keyspace instanceof StoreKeyspace own) || own.store() != store) {
      throw new UsageException("the transaction names a keyspace of another store");
    }
    requireOpen();
    own.requireReadable();
    KeyspaceAccess part = access.add(own.id(), own.name(), own.options().engine().isOrdered());
    TransactionView view = new TransactionView(this, own, part);
    views.add(view);
    return view;
  }

  @Override
  public byte @Nullable [] get(Keyspace keyspace, byte[] key) {
    return viewOf(keyspace).get(key);
  }

  @Override
  public Transaction put(Keyspace keyspace, byte[] key, byte[] value) {
    requireWriting();
    access.put(viewOf(keyspace).access(), key, value);
    return this;
  }

  @Override
  public Transaction delete(Keyspace keyspace, byte[] key) {
    requireWriting();
    access.delete(viewOf(keyspace).access(), key);
    return this;
  }

  @Override
  public Transaction deleteRange(Keyspace keyspace, KeyRange range) {
    requireWriting();
    TransactionView view = viewOf(keyspace);
    if (!range.isAll()) {
      view.requireOrder("deleteRange of a part");
    }
    if (!range.isEmpty()) {
      access.deleteRange(view.access(), range);
    }
    return this;
  }

  @Override
  public Savepoint savepoint() {
    requireInTime();
    return access.savepoint();
  }

  @Override
  public void rollbackTo(Savepoint savepoint) {
    requireInTime();
    access.rollbackTo(savepoint);
  }

  @Override
  public void release(Savepoint savepoint) {
    requireInTime();
    access.release(savepoint);
  }

  // Locks.

  @Override
  public byte @Nullable [] getForUpdate(Keyspace keyspace, byte[] key) {
    return switch (tryGetForUpdate(keyspace, key)) {
      case LockResult.Locked locked -> locked.value();
      case LockResult refused -> throw Refusals.of(refused);
    };
  }

  @Override
  public LockResult tryGetForUpdate(Keyspace keyspace, byte[] key) {
    Limits.checkKey(key);
    TransactionView view = viewOf(keyspace);
    @Nullable LockResult refused = lock(view, List.of(key.clone()));
    return refused == null ? new LockResult.Locked(view.get(key)) : refused;
  }

  @Override
  public List<byte @Nullable []> getAllForUpdate(Keyspace keyspace, Collection<byte[]> keys) {
    TreeSet<byte[]> sorted = new TreeSet<>(Bytes::compare);
    for (byte[] key : keys) {
      Limits.checkKey(key);
      sorted.add(key.clone());
    }
    TransactionView view = viewOf(keyspace);
    @Nullable LockResult refused = lock(view, sorted);
    if (refused != null) {
      throw Refusals.of(refused);
    }
    return view.getAll(keys);
  }

  /** Locks keys, in this order; answers what is in the way, or null. */
  private @Nullable LockResult lock(TransactionView view, Collection<byte[]> keys) {
    requireWriting();
    KeyspaceAccess part = view.access();
    boolean waited = false;
    for (byte[] key : keys) {
      LockOutcome outcome =
          store.locks().lock(life, part.keyspace(), key, options.lockTimeout().toNanos());
      switch (outcome) {
        case GRANTED -> {}
        case GRANTED_LATER -> waited = true;
        case TIMED_OUT -> {
          return new LockResult.TimedOut(options.lockTimeout());
        }
        case DEADLOCK -> {
          end(State.DEADLOCK);
          return new LockResult.Deadlock();
        }
        case ENDED -> {
          requireOpen();
          throw new IllegalStateException("an open transaction may have locks");
        }
      }
    }
    if (isolation == Isolation.READ_COMMITTED) {
      watch();
    } else if (!hasRead && store.moments().visibleThrough() != moment) {
      takeMoment();
    }
    long since = pin == null ? store.moments().visibleThrough() : moment;
    for (byte[] key : keys) {
      part.lock(key, since);
    }
    return waited && hasRead ? refuseEarly() : null;
  }

  /** Has what is committed from now on noticed by a transaction that reads the newest. */
  private void watch() {
    if (mark == null) {
      RecentCommits.Mark newMark = newMark();
      mark = newMark;
      boolean _ = life.hold(newMark, null);
    }
  }

  private @Nullable LockResult refuseEarly() {
    RecentCommits.Mark own = mark;
    CommittedWrite from = own == null ? null : own.from();
    if (from == null) {
      return null;
    }
    TransactionAccess.@Nullable Meeting meeting = access.meet(from, since());
    if (meeting == null) {
      return null;
    }
    end(State.CONFLICT);
    return new LockResult.Conflict(meeting.keyspace(), meeting.sequence());
  }

  private long since() {
    return isolation == Isolation.READ_COMMITTED ? -1 : moment;
  }

  // The end.

  private void end(State state) {
    life.end(state);
    handle.close();
  }

  @Override
  public void commit() {
    CommitResult result = tryCommit();
    if (!result.isCommitted()) {
      throw Refusals.of(result);
    }
  }

  @Override
  public CommitResult tryCommit() {
    boolean _ = life.endLate(store.clock().nanos());
    if (life.state() == State.TIMED_OUT) {
      handle.close();
      return new CommitResult.TimedOut(options.timeout());
    }
    requireOpen();
    if (access.isEmpty()) {
      end(State.COMMITTED);
      return new CommitResult.Committed(0);
    }
    try {
      @Nullable CommitResult refused = awaitOthers();
      return refused == null ? write() : refused;
    } finally {
      // Whatever was thrown, it has ended.
      end(State.ROLLED_BACK);
    }
  }

  /** Waits for the locks that others have on what it writes. */
  private @Nullable CommitResult awaitOthers() {
    if (store.locks().count() == 0) {
      return null;
    }
    views.sort(Comparator.comparingInt(view -> view.access().keyspace()));
    for (TransactionView view : views) {
      KeyspaceAccess part = view.access();
      LockOutcome outcome =
          store
              .locks()
              .lockWhatOthersHave(
                  life,
                  part.keyspace(),
                  part.writes().sortedKeys(),
                  options.lockTimeout().toNanos());
      switch (outcome) {
        case GRANTED, GRANTED_LATER -> {}
        case TIMED_OUT -> {
          end(State.LOCK_TIMEOUT);
          return new CommitResult.LockTimeout(options.lockTimeout());
        }
        case DEADLOCK -> {
          end(State.DEADLOCK);
          return new CommitResult.Deadlock();
        }
        case ENDED -> {
          return new CommitResult.TimedOut(options.timeout());
        }
      }
    }
    return null;
  }

  /** Makes the commit, unless somebody else wrote what it depends on. */
  private CommitResult write() {
    CommitPipeline pipeline = store.pipeline();
    MutationWriter writer = encode();
    boolean onlyDeletes = access.isOnlyDeletes();
    for (TransactionView view : views) {
      if (!view.access().writes().isEmpty()) {
        pipeline.awaitRoom(view.keyspace().engine(), writer.byteSize(), !onlyDeletes);
      }
    }
    if (!life.beginCommit()) {
      return new CommitResult.TimedOut(options.timeout());
    }
    boolean checks = isolation != Isolation.READ_COMMITTED || access.hasLocks();
    @Nullable CommitResult refused = checks ? check() : null;
    if (refused != null) {
      return refused;
    }
    Durability level = options.durability();
    Durability durability = level == null ? store.options().durability() : level;
    long sequence;
    int lane = checks ? 0 : pipeline.lock();
    if (checks) {
      pipeline.lockAll();
    }
    try {
      pipeline.requireUsable();
      for (TransactionView view : views) {
        view.requireKeyspace();
      }
      refused = checks ? check() : null;
      if (refused != null) {
        return refused;
      }
      sequence = pipeline.commit(lane, writer, durability, onlyDeletes);
    } finally {
      if (checks) {
        pipeline.unlockAll();
      } else {
        pipeline.unlock(lane);
      }
    }
    end(State.COMMITTED);
    pipeline.awaitDurable(sequence, durability);
    return new CommitResult.Committed(sequence);
  }

  private MutationWriter encode() {
    MutationWriter writer =
        new MutationWriter((int) Math.min(access.memoryBytes(), WRITER_BYTES_MAX));
    for (TransactionView view : views) {
      view.access().writes().encode(view.access().keyspace(), writer);
    }
    return writer;
  }

  /** Looks through what was committed since it last looked. */
  private @Nullable CommitResult check() {
    RecentCommits.Mark own = Objects.requireNonNull(mark);
    CommittedWrite from = own.from();
    TransactionAccess.@Nullable Meeting meeting =
        from == null ? null : access.meet(checked == null ? from : checked, since());
    if (meeting != null) {
      end(State.CONFLICT);
      return new CommitResult.Conflict(meeting.cause(), meeting.keyspace(), meeting.sequence());
    }
    checked = access.walked();
    // What was too much to be kept was cut off, perhaps under the walk.
    if (own.from() == null) {
      end(State.CONFLICT);
      return new CommitResult.Conflict(ConflictCause.HISTORY, "", 0);
    }
    return null;
  }

  @Override
  public void rollback() {
    end(State.ROLLED_BACK);
  }

  @Override
  public void close() {
    rollback();
  }
}
