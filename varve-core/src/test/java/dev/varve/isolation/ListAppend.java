package dev.varve.isolation;

import static dev.varve.store.TransactionFixture.n;

import dev.varve.base.Bytes;
import dev.varve.isolation.Recorded.Action;
import dev.varve.isolation.Recorded.Append;
import dev.varve.isolation.Recorded.Read;
import dev.varve.kv.ConflictException;
import dev.varve.kv.DeadlockException;
import dev.varve.kv.Isolation;
import dev.varve.kv.Keyspace;
import dev.varve.kv.LockTimeoutException;
import dev.varve.kv.Store;
import dev.varve.kv.Transaction;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// Threads that run random transactions which append numbers to lists and read them.
final class ListAppend {
  private static final int KEYS = 8;
  private static final int ACTIONS_MAX = 5;

  /// Something that is wrong with how transactions are made, for the check to find.
  enum Bug {
    /// Nothing is wrong.
    NONE,
    /// Reads are not of one moment.
    READS_THE_NEWEST,
    /// What was read is not looked at when it commits.
    READS_ARE_NOT_CHECKED,
    /// Who was refused is written all the same.
    REFUSED_IS_WRITTEN,
    /// A commit is not checked, and becomes visible in parts.
    COMMIT_IN_PARTS,
    /// The moment that is read lies in the past.
    STALE_MOMENT
  }

  private final Store store;
  private final List<Keyspace> keyspaces;
  private final Isolation level;
  private final Bug bug;
  private final AtomicInteger numbers = new AtomicInteger();
  private final AtomicInteger values = new AtomicInteger();
  private final AtomicLong time = new AtomicLong();
  private final List<Recorded> run = Collections.synchronizedList(new ArrayList<>());

  /// @param keyspaces a key's list is in one of them
  ListAppend(Store store, List<Keyspace> keyspaces, Isolation level, Bug bug) {
    this.store = store;
    this.keyspaces = keyspaces;
    this.level = level;
    this.bug = bug;
  }

  private Keyspace keyspace(int key) {
    return keyspaces.get(key % keyspaces.size());
  }

  private static List<Integer> list(byte @Nullable [] value) {
    List<Integer> list = new ArrayList<>();
    for (int at = 0; value != null && at < value.length; at += Integer.BYTES) {
      list.add(Bytes.getInt(value, at));
    }
    return list;
  }

  private static byte[] appended(byte @Nullable [] value, int number) {
    int length = value == null ? 0 : value.length;
    byte[] longer =
        value == null ? new byte[Integer.BYTES] : Arrays.copyOf(value, length + Integer.BYTES);
    Bytes.putInt(longer, length, number);
    return longer;
  }

  /// Runs so many transactions on each thread; answers what is wrong with what they saw.
  List<String> run(int threads, int transactions, long seed) throws InterruptedException {
    AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    List<Thread> all = new ArrayList<>();
    for (int t = 0; t < threads; t++) {
      SplittableRandom random = new SplittableRandom(seed + t);
      all.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      for (int i = 0; i < transactions; i++) {
                        one(random);
                      }
                    } catch (Throwable e) {
                      failure.compareAndSet(null, e);
                    }
                  }));
    }
    for (Thread thread : all) {
      thread.join();
    }
    if (failure.get() != null) {
      throw new AssertionError("a thread failed", failure.get());
    }
    Map<Integer, List<Integer>> last = new HashMap<>();
    for (int key = 0; key < KEYS; key++) {
      last.put(key, list(keyspace(key).get(n(key))));
    }
    return CycleCheck.problems(run, last, level);
  }

  /// How many were committed, of all.
  double committed() {
    return (double) run.stream().filter(Recorded::committed).count() / run.size();
  }

  private Isolation real() {
    return switch (bug) {
      case READS_THE_NEWEST -> Isolation.READ_COMMITTED;
      case READS_ARE_NOT_CHECKED -> Isolation.SNAPSHOT;
      case NONE, REFUSED_IS_WRITTEN, COMMIT_IN_PARTS, STALE_MOMENT -> level;
    };
  }

  private void one(SplittableRandom random) {
    int number = numbers.incrementAndGet();
    long begin = time.incrementAndGet();
    List<Action> actions = new ArrayList<>();
    Map<Integer, byte[]> written = new HashMap<>();
    boolean committed = false;
    if (bug == Bug.STALE_MOMENT) {
      try (var snapshot = store.snapshot()) {
        // What is wrong is that the moment is older than what its client saw.
        begin = laterBegin(random);
        for (int i = random.nextInt(1, ACTIONS_MAX); i > 0; i--) {
          int key = random.nextInt(KEYS);
          actions.add(new Read(key, list(keyspace(key).at(snapshot).get(n(key)))));
        }
      }
      run.add(new Recorded(number, begin, time.incrementAndGet(), true, actions));
      number = numbers.incrementAndGet();
      begin = time.incrementAndGet();
      actions = new ArrayList<>();
    }
    try (Transaction transaction = store.begin(real())) {
      for (int i = random.nextInt(1, ACTIONS_MAX); i > 0; i--) {
        act(transaction, random, actions, written);
        if (random.nextInt(8) == 0) {
          LockSupport.parkNanos(1_000);
        }
      }
      committed = finish(transaction, written, random);
    } catch (ConflictException | DeadlockException | LockTimeoutException e) {
      committed = false;
    }
    run.add(new Recorded(number, begin, time.incrementAndGet(), committed, actions));
  }

  private long laterBegin(SplittableRandom random) {
    for (int i = random.nextInt(50); i > 0; i--) {
      LockSupport.parkNanos(1_000);
    }
    return time.incrementAndGet();
  }

  private void act(
      Transaction transaction,
      SplittableRandom random,
      List<Action> actions,
      Map<Integer, byte[]> written) {
    int key = random.nextInt(KEYS);
    byte[] name = n(key);
    if (random.nextInt(2) == 0) {
      actions.add(new Read(key, list(transaction.get(keyspace(key), name))));
      return;
    }
    boolean locks = level.effective() == Isolation.READ_COMMITTED || random.nextInt(8) == 0;
    byte @Nullable [] before =
        locks
            ? transaction.getForUpdate(keyspace(key), name)
            : transaction.get(keyspace(key), name);
    int value = values.incrementAndGet();
    byte[] after = appended(before, value);
    if (level.effective() == Isolation.SERIALIZABLE || bug != Bug.NONE) {
      // To append is to read as well.
      actions.add(new Read(key, list(before)));
    }
    actions.add(new Append(key, value));
    written.put(key, after);
    Transaction _ = transaction.put(keyspace(key), name, after);
  }

  private boolean finish(
      Transaction transaction, Map<Integer, byte[]> written, SplittableRandom random) {
    if (random.nextInt(16) == 0) {
      transaction.rollback();
      return false;
    }
    if (bug == Bug.COMMIT_IN_PARTS && written.size() > 1) {
      transaction.rollback();
      written.forEach(
          (key, value) -> {
            keyspace(key).put(n(key), value);
            LockSupport.parkNanos(1_000);
          });
      return true;
    }
    boolean committed = transaction.tryCommit().isCommitted();
    if (!committed && bug == Bug.REFUSED_IS_WRITTEN) {
      written.forEach((key, value) -> keyspace(key).put(n(key), value));
    }
    return committed;
  }
}
