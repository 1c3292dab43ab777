package dev.varve.store;

import static dev.varve.store.TransactionFixture.b;
import static dev.varve.store.TransactionFixture.n;
import static dev.varve.store.TransactionFixture.number;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.StoreGuard;
import dev.varve.base.Expect;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.CommitResult;
import dev.varve.kv.DeadlockException;
import dev.varve.kv.EngineKind;
import dev.varve.kv.Isolation;
import dev.varve.kv.Keyspace;
import dev.varve.kv.LockResult;
import dev.varve.kv.LockTimeoutException;
import dev.varve.kv.Store;
import dev.varve.kv.StoreClosedException;
import dev.varve.kv.Transaction;
import dev.varve.kv.TransactionOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Locks, waits, and circles of transactions that wait for one another.
@ExtendWith(StoreGuard.class)
final class TransactionLocksTest {
  private static final TransactionOptions PATIENT =
      TransactionOptions.of(Isolation.READ_COMMITTED).withLockTimeout(Duration.ofMinutes(1));

  private static final List<Isolation> LEVELS = List.of(Isolation.values());

  private final MemoryFileSystem fs = MemoryFileSystem.withoutCrashes();

  private Store open() {
    return StoreFixture.openThreaded(fs, TransactionFixture.options());
  }

  /** Something that runs beside the test, and what it threw. */
  private static final class Beside {
    private final AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
    private final Thread thread;

    Beside(Runnable work) {
      thread =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      work.run();
                    } catch (Throwable e) {
                      thrown.set(e);
                    }
                  });
    }

    void awaitParked() throws InterruptedException {
      for (int i = 0; i < 2000 && thread.getState() != Thread.State.TIMED_WAITING; i++) {
        Thread.sleep(1);
      }
      assertEquals(Thread.State.TIMED_WAITING, thread.getState());
    }

    void join() throws InterruptedException {
      thread.join(TimeUnit.SECONDS.toMillis(60));
      assertFalse(thread.isAlive(), "it waits still");
      if (thrown.get() != null) {
        throw new AssertionError("beside", thrown.get());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4, 5})
  void a_circle_is_opened_at_once_and_by_one(int count) throws Exception {
    List<Long> taken = new ArrayList<>();
    for (int turn = 0; turn < 20; turn++) {
      try (Store store = open()) {
        Keyspace keyspace = store.keyspace("turn " + turn);
        List<Integer> victims = Collections.synchronizedList(new ArrayList<>());
        CountDownLatch locked = new CountDownLatch(count);
        AtomicReference<@Nullable Long> last = new AtomicReference<>();
        List<Transaction> transactions = new ArrayList<>();
        for (int i = 0; i < count; i++) {
          transactions.add(store.begin(PATIENT));
        }
        List<Beside> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
          int own = i;
          all.add(
              new Beside(
                  () -> {
                    Transaction tx = transactions.get(own);
                    assertNull(tx.getForUpdate(keyspace, n(own)));
                    locked.countDown();
                    awaitAll(locked);
                    last.set(System.nanoTime());
                    switch (tx.tryGetForUpdate(keyspace, n((own + 1) % count))) {
                      case LockResult.Locked _ -> tx.put(keyspace, n(own), n(own)).commit();
                      case LockResult.Deadlock _ -> victims.add(own);
                      case LockResult refused -> throw new AssertionError(refused);
                    }
                  }));
        }
        for (Beside each : all) {
          each.join();
        }
        taken.add(System.nanoTime() - last.get());
        // The youngest goes, whoever closed the circle.
        assertEquals(List.of(count - 1), victims);
        assertEquals(count - 1, keyspace.count());
        assertThrows(
            StoreClosedException.class, () -> transactions.get(count - 1).get(keyspace, n(0)));
        transactions.forEach(Transaction::close);
        assertEquals(0, ((OpenStore) store).core().locks().count());
      }
    }
    Collections.sort(taken);
    // The best quarter: what it takes when the machine leaves it alone. All have to end, too.
    assertTrue(taken.get(taken.size() / 4) < 50_000_000, () -> "nanoseconds: " + taken);
  }

  private static void awaitAll(CountDownLatch latch) {
    try {
      assertTrue(latch.await(60, TimeUnit.SECONDS));
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @ParameterizedTest
  @CsvSource({"0, 5, true", "5, 0, false", "0, 0, false"})
  void of_a_circle_the_one_of_least_priority_goes_then_the_youngest(
      int first, int second, boolean isFirst) throws Exception {
    try (Store store = open();
        Transaction one = store.begin(PATIENT.withPriority(first));
        Transaction two = store.begin(PATIENT.withPriority(second))) {
      Keyspace keyspace = store.keyspace("k");
      assertNull(one.getForUpdate(keyspace, b("a")));
      assertNull(two.getForUpdate(keyspace, b("b")));
      AtomicReference<@Nullable LockResult> result = new AtomicReference<>();
      Beside beside = new Beside(() -> result.set(one.tryGetForUpdate(keyspace, b("b"))));
      beside.awaitParked();
      LockResult own = two.tryGetForUpdate(keyspace, b("a"));
      two.rollback();
      beside.join();
      assertEquals(isFirst, result.get() instanceof LockResult.Deadlock);
      assertEquals(!isFirst, own instanceof LockResult.Deadlock);
    }
  }

  @Test
  void who_waits_too_long_can_go_on() throws Exception {
    try (Store store = open();
        Transaction one = store.begin(PATIENT);
        Transaction two = store.begin(PATIENT.withLockTimeout(Duration.ofMillis(30)))) {
      Keyspace keyspace = store.keyspace("k");
      assertNull(one.getForUpdate(keyspace, b("a")));
      assertNull(one.getForUpdate(keyspace, b("a")), "one's own lock is no lock");
      long begin = System.nanoTime();
      Expect.failure(LockTimeoutException.class, () -> two.getForUpdate(keyspace, b("a")), "30 ms");
      assertTrue(System.nanoTime() - begin >= 30_000_000);
      two.put(keyspace, b("b"), b("1"));
      two.commit();
      one.rollback();
      try (Transaction three = store.begin(PATIENT)) {
        assertNull(three.getForUpdate(keyspace, b("a")));
      }
    }
  }

  @Test
  void locks_are_given_in_the_order_in_which_they_were_asked_for() throws Exception {
    try (Store store = open()) {
      Keyspace keyspace = store.keyspace("k");
      Transaction holder = store.begin(PATIENT);
      assertNull(holder.getForUpdate(keyspace, b("a")));
      List<Integer> order = Collections.synchronizedList(new ArrayList<>());
      List<Beside> all = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        int own = i;
        Beside beside =
            new Beside(
                () -> {
                  try (Transaction tx = store.begin(PATIENT)) {
                    var _ = tx.getForUpdate(keyspace, b("a"));
                    order.add(own);
                  }
                });
        beside.awaitParked();
        all.add(beside);
      }
      holder.close();
      for (Beside each : all) {
        each.join();
      }
      assertEquals(List.of(0, 1, 2, 3, 4), order);
    }
  }

  @Test
  void a_commit_waits_for_the_locks_of_others() throws Exception {
    try (Store store = open();
        Transaction locks = store.begin(PATIENT);
        Transaction writes = store.begin(PATIENT)) {
      Keyspace keyspace = store.keyspace("k");
      assertNull(locks.getForUpdate(keyspace, b("a")));
      writes.put(keyspace, b("a"), b("2"));
      Beside beside = new Beside(writes::commit);
      beside.awaitParked();
      locks.put(keyspace, b("a"), b("1")).commit();
      beside.join();
      assertEquals("2", TransactionFixture.s(keyspace.get(b("a"))));
      try (Transaction again = store.begin(PATIENT);
          Transaction hasty =
              store.begin(
                  TransactionOptions.of(Isolation.SNAPSHOT).withLockTimeout(Duration.ZERO))) {
        again.getForUpdate(keyspace, b("a"));
        hasty.put(keyspace, b("a"), b("3"));
        assertInstanceOf(CommitResult.LockTimeout.class, hasty.tryCommit());
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Isolation.class)
  void a_write_past_a_lock_is_noticed_at_every_level(Isolation level) {
    try (Store store = open();
        Transaction tx = store.begin(level)) {
      Keyspace keyspace = store.keyspace("k");
      assertNull(tx.getForUpdate(keyspace, b("a")));
      keyspace.put(b("a"), b("past"));
      tx.put(keyspace, b("b"), b("1"));
      assertInstanceOf(CommitResult.Conflict.class, tx.tryCommit());
    }
  }

  @ParameterizedTest
  @EnumSource(Isolation.class)
  void who_locks_first_reads_what_was_committed_while_it_waited(Isolation level) throws Exception {
    try (Store store = open();
        Transaction one = store.begin(level);
        Transaction two = store.begin(TransactionOptions.of(level))) {
      Keyspace keyspace = store.keyspace("k");
      assertNull(one.getForUpdate(keyspace, b("a")));
      Beside beside =
          new Beside(
              () -> {
                assertEquals("1", TransactionFixture.s(two.getForUpdate(keyspace, b("a"))));
                two.put(keyspace, b("a"), b("2")).commit();
              });
      beside.awaitParked();
      one.put(keyspace, b("a"), b("1")).commit();
      beside.join();
      assertEquals("2", TransactionFixture.s(keyspace.get(b("a"))));
    }
  }

  @Test
  void who_has_read_and_waited_in_vain_is_told_at_once() throws Exception {
    try (Store store = open();
        Transaction one = store.begin(Isolation.SNAPSHOT);
        Transaction two = store.begin(Isolation.SNAPSHOT)) {
      Keyspace keyspace = store.keyspace("k");
      assertNull(one.getForUpdate(keyspace, b("a")));
      assertNull(two.get(keyspace, b("x")));
      Beside beside =
          new Beside(
              () ->
                  assertInstanceOf(
                      LockResult.Conflict.class, two.tryGetForUpdate(keyspace, b("a"))));
      beside.awaitParked();
      one.put(keyspace, b("a"), b("1")).commit();
      beside.join();
    }
  }

  @Test
  void what_it_comes_to_depend_on_after_it_waited_is_compared_from_its_moment_on()
      throws Exception {
    try (Store store = open();
        Transaction one = store.begin(Isolation.SNAPSHOT);
        Transaction two = store.begin(Isolation.SNAPSHOT)) {
      Keyspace keyspace = store.keyspace("k");
      assertNull(one.getForUpdate(keyspace, b("a")));
      assertNull(two.get(keyspace, b("x")));
      Beside beside = new Beside(() -> assertNull(two.getForUpdate(keyspace, b("a"))));
      beside.awaitParked();
      keyspace.put(b("later"), b("another's"));
      one.rollback();
      beside.join();
      two.put(keyspace, b("later"), b("mine"));
      assertInstanceOf(CommitResult.Conflict.class, two.tryCommit());
    }
  }

  @Test
  void many_keys_at_once_never_make_a_circle() throws Exception {
    try (Store store = open()) {
      Keyspace keyspace = store.keyspace("k");
      List<Beside> all = new ArrayList<>();
      for (int t = 0; t < 4; t++) {
        int own = t;
        all.add(
            new Beside(
                () -> {
                  for (int i = 0; i < 100; i++) {
                    List<byte[]> keys = new ArrayList<>();
                    for (int k = 0; k < 4; k++) {
                      keys.add(n((own + i + 3L * k) % 8));
                    }
                    Collections.reverse(keys);
                    try (Transaction tx = store.begin(PATIENT)) {
                      tx.getAllForUpdate(keyspace, keys);
                      for (byte[] key : keys) {
                        long before = number(tx.view(keyspace), key);
                        tx.put(keyspace, key, n(Math.max(before, 0) + 1));
                      }
                      tx.commit();
                    } catch (DeadlockException e) {
                      throw new AssertionError(e);
                    }
                  }
                }));
      }
      for (Beside each : all) {
        each.join();
      }
      long sum = 0;
      for (int k = 0; k < 8; k++) {
        sum += number(keyspace, n(k));
      }
      assertEquals(1600, sum);
    }
  }

  @Test
  void an_interrupt_while_waiting_is_kept_for_later() throws Exception {
    try (Store store = open();
        Transaction one = store.begin(PATIENT)) {
      Keyspace keyspace = store.keyspace("k");
      assertNull(one.getForUpdate(keyspace, b("a")));
      AtomicBoolean interrupted = new AtomicBoolean();
      Beside beside =
          new Beside(
              () -> {
                try (Transaction two = store.begin(PATIENT)) {
                  var _ = two.getForUpdate(keyspace, b("a"));
                  interrupted.set(Thread.interrupted());
                }
              });
      beside.awaitParked();
      beside.thread.interrupt();
      Thread.sleep(20);
      beside.awaitParked();
      one.rollback();
      beside.join();
      assertTrue(interrupted.get());
    }
  }

  @ParameterizedTest
  @EnumSource(EngineKind.class)
  void sixteen_threads_count_right_on_ten_keys(EngineKind engine) throws Exception {
    int each = 60;
    try (Store store = open()) {
      Keyspace keyspace = TransactionFixture.keyspace(store, engine);
      List<Beside> all = new ArrayList<>();
      for (int t = 0; t < 16; t++) {
        int own = t;
        all.add(
            new Beside(
                () -> {
                  for (int i = 0; i < each; i++) {
                    byte[] key = n((own * 7L + i) % 10);
                    Isolation level = LEVELS.get((own + i) % LEVELS.size());
                    boolean locks = own % 2 == 0 || level.effective() == Isolation.READ_COMMITTED;
                    var _ =
                        store.transact(
                            TransactionOptions.of(level).withAttempts(100_000),
                            tx -> {
                              byte[] before =
                                  locks ? tx.getForUpdate(keyspace, key) : tx.get(keyspace, key);
                              long count =
                                  before == null
                                      ? 0
                                      : dev.varve.base.Bytes.getLongBigEndian(before, 0);
                              return tx.put(keyspace, key, n(count + 1));
                            });
                    if (i % 5 == 0) {
                      keyspace.increment(key, 1);
                    }
                  }
                }));
      }
      for (Beside one : all) {
        one.join();
      }
      long sum = 0;
      for (int k = 0; k < 10; k++) {
        sum += number(keyspace, n(k));
      }
      assertEquals(16L * (each + each / 5), sum);
    }
  }
}
