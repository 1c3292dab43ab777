package dev.varve.store;

import static dev.varve.store.TransactionFixture.b;
import static dev.varve.store.TransactionFixture.s;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.StoreGuard;
import dev.varve.Varve;
import dev.varve.base.Expect;
import dev.varve.base.InlineBackground;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.ByteSize;
import dev.varve.kv.CommitResult;
import dev.varve.kv.ConflictCause;
import dev.varve.kv.ConflictException;
import dev.varve.kv.Cursor;
import dev.varve.kv.EngineKind;
import dev.varve.kv.Isolation;
import dev.varve.kv.KeyRange;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.LimitException;
import dev.varve.kv.Savepoint;
import dev.varve.kv.Store;
import dev.varve.kv.StoreClosedException;
import dev.varve.kv.Transaction;
import dev.varve.kv.TransactionOptions;
import dev.varve.kv.UsageException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What a transaction does by itself, and how it ends.
@ExtendWith(StoreGuard.class)
final class TransactionTest {
  private final MemoryFileSystem fs = new MemoryFileSystem();
  private final AtomicLong nanos = new AtomicLong(1);

  private Store open() {
    return StoreFixture.openThreaded(fs, TransactionFixture.options());
  }

  private Store openWithClock() {
    return StoreFixture.open(
        fs,
        TransactionFixture.options(),
        new InlineBackground(),
        new dev.varve.base.Clock() {
          @Override
          public long nanos() {
            return nanos.get();
          }

          @Override
          public long wallMillis() {
            return 0;
          }
        });
  }

  @ParameterizedTest
  @EnumSource(EngineKind.class)
  void a_transaction_reads_what_it_wrote_and_nobody_else_does(EngineKind engine) {
    try (Store store = open()) {
      Keyspace keyspace = TransactionFixture.keyspace(store, engine);
      keyspace.put(b("a"), b("old"));
      keyspace.put(b("b"), b("old"));
      for (Isolation level : Isolation.values()) {
        try (Transaction tx = store.begin(level)) {
          tx.put(keyspace, b("a"), b("new")).delete(keyspace, b("b")).put(keyspace, b("c"), b(""));
          assertEquals("new", s(tx.get(keyspace, b("a"))));
          assertNull(tx.get(keyspace, b("b")));
          assertEquals("", s(tx.get(keyspace, b("c"))));
          assertFalse(tx.view(keyspace).contains(b("b")));
          assertTrue(tx.view(keyspace).contains(b("c")));
          assertEquals(2, tx.view(keyspace).count());
          assertEquals(
              List.of("new", "-", ""),
              tx.view(keyspace).getAll(List.of(b("a"), b("b"), b("c"))).stream()
                  .map(value -> value == null ? "-" : String.valueOf(s(value)))
                  .toList());
          assertEquals("old", s(keyspace.get(b("a"))));
          assertEquals(2, keyspace.count());
        }
        assertEquals("old", s(keyspace.get(b("a"))));
        assertNull(keyspace.get(b("c")));
      }
      long before = store.stats().visibleThrough();
      try (Transaction tx = store.begin(Isolation.SNAPSHOT)) {
        tx.put(keyspace, b("a"), b("1")).deleteRange(keyspace, KeyRange.all());
        tx.put(keyspace, b("z"), b("2"));
        assertNull(tx.get(keyspace, b("a")));
        assertEquals(new CommitResult.Committed(before + 1), tx.tryCommit());
      }
      assertNull(keyspace.get(b("a")));
      assertEquals("2", s(keyspace.get(b("z"))));
    }
  }

  @Test
  void what_goes_in_and_out_is_copied() {
    try (Store store = open();
        Transaction tx = store.begin(Isolation.SNAPSHOT)) {
      Keyspace keyspace = store.keyspace("k");
      byte[] key = b("key");
      byte[] value = b("value");
      tx.put(keyspace, key, value);
      key[0] = 'x';
      value[0] = 'x';
      byte[] found = tx.get(keyspace, b("key"));
      assertArrayEquals(b("value"), found);
      found[0] = 'y';
      assertArrayEquals(b("value"), tx.get(keyspace, b("key")));
    }
  }

  @Test
  void savepoints_nest() {
    try (Store store = open();
        Transaction tx = store.begin(Isolation.SERIALIZABLE)) {
      Keyspace keyspace = store.keyspace("k");
      tx.put(keyspace, b("a"), b("1"));
      Savepoint outer = tx.savepoint();
      tx.put(keyspace, b("a"), b("2")).put(keyspace, b("b"), b("2"));
      Savepoint inner = tx.savepoint();
      tx.deleteRange(keyspace, KeyRange.all()).put(keyspace, b("c"), b("3"));
      assertNull(tx.get(keyspace, b("a")));
      tx.rollbackTo(inner);
      assertEquals("2", s(tx.get(keyspace, b("a"))));
      assertEquals("2", s(tx.get(keyspace, b("b"))));
      assertNull(tx.get(keyspace, b("c")));
      tx.delete(keyspace, b("a"));
      tx.rollbackTo(inner);
      assertEquals("2", s(tx.get(keyspace, b("a"))));
      tx.rollbackTo(outer);
      assertEquals("1", s(tx.get(keyspace, b("a"))));
      assertNull(tx.get(keyspace, b("b")));
      Expect.failure(UsageException.class, () -> tx.rollbackTo(inner), "savepoint is gone");
      Savepoint again = tx.savepoint();
      tx.put(keyspace, b("d"), b("4"));
      tx.release(outer);
      assertThrows(UsageException.class, () -> tx.rollbackTo(again));
      tx.commit();
      assertEquals("1", s(keyspace.get(b("a"))));
      assertEquals("4", s(keyspace.get(b("d"))));
    }
  }

  @Test
  void a_cursor_sees_what_is_written_ahead_of_it() {
    try (Store store = open();
        Transaction tx = store.begin(Isolation.SNAPSHOT)) {
      Keyspace keyspace = store.keyspace("k", KeyspaceOptions.of(EngineKind.RBTREE));
      keyspace.put(b("a"), b("1"));
      keyspace.put(b("c"), b("1"));
      tx.rollback();
      try (Transaction other = store.begin(Isolation.SNAPSHOT);
          Cursor cursor = other.view(keyspace).cursor()) {
        assertTrue(cursor.seekToFirst());
        other.put(keyspace, b("b"), b("2"));
        assertTrue(cursor.next());
        assertEquals("b", s(cursor.key()));
        other.delete(keyspace, b("c")).put(keyspace, b("d"), b("2"));
        assertTrue(cursor.next());
        assertEquals("d", s(cursor.key()));
        assertTrue(cursor.previous());
        assertEquals("b", s(cursor.key()));
        other.delete(keyspace, b("a"));
        assertFalse(cursor.previous());
        other.rollback();
        assertThrows(StoreClosedException.class, cursor::seekToFirst);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = EngineKind.class,
      names = {"RBTREE", "BTREE", "LSM"})
  void what_a_savepoint_brings_back_a_cursor_sees_ahead_of_it(EngineKind engine) {
    try (Store store = open()) {
      Keyspace keyspace = TransactionFixture.keyspace(store, engine);
      for (String key : List.of("a", "b", "c")) {
        keyspace.put(b(key), b("1"));
      }
      try (Transaction tx = store.begin(Isolation.SNAPSHOT)) {
        tx.put(keyspace, b("a1"), b("mine"));
        Savepoint before = tx.savepoint();
        tx.delete(keyspace, b("b"));
        try (Cursor cursor = tx.view(keyspace).cursor()) {
          assertTrue(cursor.seek(b("a1")));
          tx.rollbackTo(before);
          assertTrue(cursor.next());
          assertEquals("b", s(cursor.key()));
        }
      }
    }
  }

  @Test
  void one_that_only_reads_writes_nothing_and_is_never_refused() {
    try (Store store = open()) {
      Keyspace keyspace = store.keyspace("k");
      keyspace.put(b("a"), b("1"));
      TransactionOptions options = TransactionOptions.of(Isolation.SERIALIZABLE).withReadOnly(true);
      try (Transaction tx = store.begin(options)) {
        assertEquals("1", s(tx.get(keyspace, b("a"))));
        keyspace.put(b("a"), b("2"));
        assertEquals("1", s(tx.get(keyspace, b("a"))));
        assertEquals(1, tx.view(keyspace).count());
        assertThrows(UsageException.class, () -> tx.put(keyspace, b("a"), b("3")));
        assertThrows(UsageException.class, () -> tx.getForUpdate(keyspace, b("a")));
        assertEquals(new CommitResult.Committed(0), tx.tryCommit());
      }
    }
  }

  @Test
  void one_that_ran_too_long_is_rolled_back_and_gives_back_what_it_held() {
    try (Store store = openWithClock()) {
      Keyspace keyspace = store.keyspace("k");
      TransactionOptions options =
          TransactionOptions.of(Isolation.SNAPSHOT).withTimeout(Duration.ofSeconds(5));
      try (Transaction tx = store.begin(options);
          Transaction other = store.begin(options.withTimeout(Duration.ofHours(1)))) {
        tx.getForUpdate(keyspace, b("a"));
        tx.put(keyspace, b("a"), b("1"));
        assertEquals(2, store.stats().snapshots());
        nanos.addAndGet(Duration.ofSeconds(6).toNanos());
        // Whoever is kept waiting ends it.
        assertNull(other.getForUpdate(keyspace, b("a")));
        assertEquals(1, store.stats().snapshots());
        Expect.failure(LimitException.class, () -> tx.get(keyspace, b("a")), "5000 ms");
        assertThrows(LimitException.class, () -> tx.put(keyspace, b("a"), b("2")));
        assertInstanceOf(CommitResult.TimedOut.class, tx.tryCommit());
      }
      try (Transaction tx = store.begin(options)) {
        tx.put(keyspace, b("a"), b("1"));
        nanos.addAndGet(Duration.ofSeconds(6).toNanos());
        assertThrows(LimitException.class, tx::commit);
      }
      assertNull(keyspace.get(b("a")));
      try (Transaction idle = store.begin(options)) {
        assertNull(idle.get(keyspace, b("a")));
        nanos.addAndGet(Duration.ofSeconds(6).toNanos());
        for (int i = 0; i < 1000; i++) {
          keyspace.put(b("b"), b("1"));
        }
        assertEquals(0, store.stats().snapshots(), "commits ended it");
      }
    }
  }

  @Test
  void one_that_gets_too_large_says_so_and_can_go_on() {
    try (Store store = open();
        Transaction tx =
            store.begin(
                TransactionOptions.of(Isolation.SERIALIZABLE)
                    .withBytesMax(ByteSize.ofKibibytes(4)))) {
      Keyspace keyspace = store.keyspace("k");
      tx.put(keyspace, b("a"), new byte[3000]);
      Expect.failure(LimitException.class, () -> tx.put(keyspace, b("b"), new byte[3000]), "4KiB");
      for (int i = 0; i < 100; i++) {
        // In the place of what was there it takes no more.
        tx.put(keyspace, b("a"), new byte[500]);
      }
      assertThrows(
          LimitException.class,
          () -> {
            for (int i = 0; i < 1000; i++) {
              tx.get(keyspace, b("read " + i));
            }
          });
      tx.rollback();
    }
  }

  @Test
  void what_it_keeps_is_part_of_the_memory_of_the_store() {
    try (Store store = open()) {
      Keyspace keyspace = store.keyspace("k", KeyspaceOptions.of(EngineKind.HASH));
      long before = store.stats().memoryBytes();
      try (Transaction tx = store.begin(Isolation.SNAPSHOT)) {
        for (int i = 0; i < 100; i++) {
          tx.put(keyspace, TransactionFixture.n(i), new byte[10_000]);
        }
        assertTrue(store.stats().memoryBytes() - before > 900_000);
      }
      assertEquals(before, store.stats().memoryBytes());
    }
  }

  @Test
  void once_it_has_ended_it_can_do_nothing_more() {
    try (Store store = open()) {
      Keyspace keyspace = store.keyspace("k");
      Transaction tx = store.begin(Isolation.SNAPSHOT);
      tx.put(keyspace, b("a"), b("1")).commit();
      assertEquals(0, store.stats().snapshots());
      Expect.failure(StoreClosedException.class, tx::commit, "was committed");
      assertThrows(StoreClosedException.class, () -> tx.get(keyspace, b("a")));
      tx.rollback();
      tx.close();
      assertEquals("1", s(keyspace.get(b("a"))));
      try (Store another = Varve.inMemory();
          Transaction other = another.begin(Isolation.SNAPSHOT)) {
        assertThrows(UsageException.class, () -> other.get(keyspace, b("a")));
      }
    }
  }

  @Test
  void a_keyspace_that_is_dropped_meanwhile_takes_the_transaction_with_it() {
    try (Store store = open();
        Transaction tx = store.begin(Isolation.READ_COMMITTED)) {
      Keyspace gone = store.keyspace("gone");
      Keyspace stays = store.keyspace("stays");
      tx.put(gone, b("a"), b("1")).put(stays, b("a"), b("1"));
      store.dropKeyspace("gone");
      assertThrows(StoreClosedException.class, tx::commit);
      assertNull(stays.get(b("a")));
    }
  }

  @Test
  void conflicts_name_their_cause() {
    try (Store store = open();
        Transaction tx = store.begin(Isolation.SERIALIZABLE)) {
      Keyspace keyspace = store.keyspace("k");
      assertNull(tx.get(keyspace, b("a")));
      keyspace.put(b("a"), b("1"));
      tx.put(keyspace, b("b"), b("1"));
      Expect.failure(ConflictException.class, tx::commit, "'k'", "has read", "Run it again");
    }
  }

  @Test
  void more_than_is_kept_to_compare_with_is_a_conflict_and_memory_is_given_back() {
    try (Store store =
        StoreFixture.openThreaded(
            fs, TransactionFixture.options().withMemory(ByteSize.ofMebibytes(4)))) {
      Keyspace keyspace = store.keyspace("k");
      Keyspace read = store.keyspace("r");
      try (Transaction old = store.begin(Isolation.SNAPSHOT)) {
        old.put(keyspace, b("mine"), b("1"));
        for (int i = 0; i < 6000; i++) {
          keyspace.put(b("other"), b("1"));
        }
        assertNull(old.get(read, b("x")), "it can read all the same");
        CommitResult result = old.tryCommit();
        assertEquals(new CommitResult.Conflict(ConflictCause.HISTORY, "", 0), result);
      }
      try (Transaction young = store.begin(Isolation.SNAPSHOT)) {
        young.put(keyspace, b("mine"), b("2"));
        for (int i = 0; i < 500; i++) {
          keyspace.put(b("other"), b("1"));
        }
        young.commit();
      }
      RecentCommitsLook look = new RecentCommitsLook(store);
      assertTrue(look.isRecording());
      for (int i = 0; i < 6000; i++) {
        keyspace.put(b("other"), b("1"));
      }
      assertFalse(look.isRecording(), "nobody wants to know any more");
      try (Transaction young = store.begin(Isolation.SNAPSHOT)) {
        young.put(keyspace, b("other"), b("2"));
        keyspace.put(b("other"), b("1"));
        assertFalse(young.tryCommit().isCommitted());
      }
    }
  }

  @Test
  void transact_runs_again_what_was_refused() {
    try (Store store = open()) {
      Keyspace keyspace = store.keyspace("k");
      AtomicInteger runs = new AtomicInteger();
      String answer =
          store.transact(
              Isolation.SNAPSHOT,
              tx -> {
                tx.put(keyspace, b("a"), b("mine"));
                if (runs.incrementAndGet() < 4) {
                  keyspace.put(b("a"), b("another's"));
                }
                return "run " + runs.get();
              });
      assertEquals("run 4", answer);
      assertEquals("mine", s(keyspace.get(b("a"))));
      assertThrows(
          ConflictException.class,
          () ->
              store.transact(
                  TransactionOptions.of(Isolation.SNAPSHOT).withAttempts(3),
                  tx -> {
                    tx.put(keyspace, b("a"), b("mine"));
                    runs.incrementAndGet();
                    keyspace.put(b("a"), b("another's"));
                    return null;
                  }));
      assertEquals(7, runs.get());
      IllegalStateException own = new IllegalStateException("of the function's own");
      assertEquals(
          own,
          assertThrows(
              IllegalStateException.class,
              () ->
                  store.transact(
                      Isolation.SNAPSHOT,
                      tx -> {
                        tx.put(keyspace, b("a"), b("nothing"));
                        throw own;
                      })));
      assertEquals("another's", s(keyspace.get(b("a"))));
      assertNull(
          store.transact(
              Isolation.SNAPSHOT,
              tx -> {
                tx.put(keyspace, b("a"), b("nothing")).rollback();
                return null;
              }));
      assertEquals("another's", s(keyspace.get(b("a"))));
      assertEquals(0, store.stats().snapshots());
    }
  }

  @Test
  void one_that_is_forgotten_is_reported_and_gives_back_its_locks() throws Exception {
    try (Store store = open()) {
      Keyspace keyspace = store.keyspace("k");
      List<String> said = new CopyOnWriteArrayList<>();
      store.onLeak(said::add);
      forget(store, keyspace);
      for (int i = 0; i < 500 && said.isEmpty(); i++) {
        System.gc();
        Thread.sleep(10);
      }
      assertTrue(said.getFirst().startsWith("a transaction was forgotten"), said::toString);
      for (int i = 0; i < 500 && store.stats().snapshots() > 0; i++) {
        Thread.sleep(10);
      }
      try (Transaction tx = store.begin(Isolation.SNAPSHOT)) {
        assertNull(tx.getForUpdate(keyspace, b("a")));
      }
    }
  }

  private static void forget(Store store, Keyspace keyspace) {
    Transaction tx = store.begin(Isolation.SNAPSHOT);
    assertNull(tx.getForUpdate(keyspace, b("a")));
  }

  /** What is recorded for transactions. */
  private record RecentCommitsLook(Store store) {
    boolean isRecording() {
      return ((OpenStore) store).core().recentCommits().isRecording();
    }
  }
}
