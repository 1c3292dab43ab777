package dev.varve.isolation;

import static dev.varve.store.TransactionFixture.b;
import static dev.varve.store.TransactionFixture.n;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.StoreGuard;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.BulkLoad;
import dev.varve.kv.CommitResult;
import dev.varve.kv.ConflictCause;
import dev.varve.kv.Cursor;
import dev.varve.kv.EngineKind;
import dev.varve.kv.Isolation;
import dev.varve.kv.KeyRange;
import dev.varve.kv.Keyspace;
import dev.varve.kv.Store;
import dev.varve.kv.Transaction;
import dev.varve.kv.WriteBatch;
import dev.varve.store.StoreFixture;
import dev.varve.store.TransactionFixture;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Each level forbids exactly the anomalies that it names, on every engine.
@ExtendWith(StoreGuard.class)
final class ScheduleTest {
  private final MemoryFileSystem fs = new MemoryFileSystem();

  private Store open(int lanes) {
    return StoreFixture.openThreaded(fs, TransactionFixture.options().withLanes(lanes));
  }

  @ParameterizedTest
  @EnumSource(Schedule.class)
  void each_level_forbids_exactly_what_it_names(Schedule schedule) {
    for (int lanes : List.of(1, 3)) {
      try (Store store = open(lanes)) {
        for (EngineKind engine : EngineKind.values()) {
          Keyspace keyspace = TransactionFixture.keyspace(store, engine);
          for (Isolation level : Isolation.values()) {
            try (Schedule.Run run = new Schedule.Run(store, keyspace, level)) {
              assertEquals(
                  !schedule.isForbidden(level),
                  schedule.shows(run),
                  () -> schedule + " at " + level + " on " + engine);
            }
          }
        }
      }
    }
  }

  /** Runs what another one does while a serializable transaction has read; how that one ended. */
  private static CommitResult meanwhile(
      Store store, Keyspace result, Consumer<Transaction> reads, Runnable others) {
    try (Transaction transaction = store.begin(Isolation.SERIALIZABLE)) {
      reads.accept(transaction);
      others.run();
      return transaction.put(result, b("result"), n(1)).tryCommit();
    }
  }

  private static void seek(Transaction transaction, Keyspace keyspace, String from, int steps) {
    try (Cursor cursor = transaction.view(keyspace).cursor()) {
      cursor.seek(b(from));
      for (int i = 0; i < steps && cursor.isValid(); i++) {
        cursor.next();
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = EngineKind.class,
      names = {"RBTREE", "BTREE", "LSM"})
  void ranges_are_read_as_far_as_they_were_walked_and_no_further(EngineKind engine) {
    try (Store store = open(1)) {
      Keyspace keyspace = TransactionFixture.keyspace(store, engine);
      for (String key : List.of("b", "d", "f", "h")) {
        keyspace.put(b(key), n(1));
      }
      record Case(String what, Consumer<Transaction> reads, String written, boolean conflicts) {}
      KeyRange empty = KeyRange.of(b("d1"), b("f"));
      List<Case> cases =
          List.of(
              new Case("empty, within", t -> t.view(keyspace).count(empty), "e", true),
              new Case("empty, low end", t -> t.view(keyspace).count(empty), "d1", true),
              new Case("empty, high end", t -> t.view(keyspace).count(empty), "f", false),
              new Case("empty, before", t -> t.view(keyspace).count(empty), "d0", false),
              new Case("first", t -> t.view(keyspace).first(), "a", true),
              new Case("first, itself", t -> t.view(keyspace).first(), "b", true),
              new Case("first, behind", t -> t.view(keyspace).first(), "c", false),
              new Case("last", t -> t.view(keyspace).last(), "z", true),
              new Case("last, before", t -> t.view(keyspace).last(), "g", false),
              new Case("below", t -> t.view(keyspace).below(b("f")), "e", true),
              new Case("below, itself", t -> t.view(keyspace).below(b("f")), "f", false),
              new Case("above", t -> t.view(keyspace).above(b("f")), "g", true),
              new Case("seek", t -> seek(t, keyspace, "c", 0), "d", true),
              new Case("seek, before", t -> seek(t, keyspace, "c", 0), "b9", false),
              new Case("seek, behind", t -> seek(t, keyspace, "c", 0), "e", false),
              new Case("seek and step", t -> seek(t, keyspace, "c", 1), "e", true),
              new Case("seek to the end", t -> seek(t, keyspace, "c", 9), "zz", true),
              new Case("all", t -> t.view(keyspace).isEmpty(), "a", true));
      for (Case each : cases) {
        CommitResult result =
            meanwhile(store, keyspace, each.reads, () -> keyspace.put(b(each.written), n(2)));
        assertEquals(!each.conflicts, result.isCommitted(), each.what);
        keyspace.delete(b("result"));
        for (String key : List.of("a", "c", "d0", "d1", "e", "g", "b9", "z", "zz")) {
          keyspace.delete(b(key));
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(EngineKind.class)
  void whoever_writes_is_noticed(EngineKind engine) {
    try (Store store = open(2)) {
      Keyspace keyspace = TransactionFixture.keyspace(store, engine);
      Keyspace other = store.keyspace("another");
      byte[] key = b("k");
      List<Runnable> writes = new ArrayList<>();
      writes.add(() -> keyspace.put(key, n(1)));
      writes.add(() -> keyspace.delete(key));
      writes.add(() -> keyspace.increment(key, 1));
      writes.add(() -> keyspace.remove(key));
      writes.add(() -> keyspace.replace(key, n(7)));
      writes.add(() -> keyspace.compareAndSet(key, keyspace.get(key), n(9)));
      writes.add(() -> store.write(new WriteBatch().put(other, key, n(1)).delete(keyspace, key)));
      writes.add(() -> keyspace.deleteRange(KeyRange.all()));
      writes.add(
          () -> {
            try (BulkLoad load = keyspace.bulkLoad()) {
              load.put(key, n(3));
              load.commit();
            }
          });
      writes.add(() -> store.transact(Isolation.READ_COMMITTED, t -> t.put(keyspace, key, n(4))));
      if (engine.isOrdered()) {
        writes.add(() -> keyspace.popFirst());
        writes.add(() -> keyspace.deleteRange(KeyRange.of(b("j"), b("l"))));
      }
      for (int i = 0; i < writes.size(); i++) {
        keyspace.put(key, n(i));
        int which = i;
        CommitResult read = meanwhile(store, other, t -> t.get(keyspace, key), writes.get(which));
        assertEquals(ConflictCause.READ, cause(read), () -> "read, write " + which);
        keyspace.put(key, n(i));
        try (Transaction transaction = store.begin(Isolation.SNAPSHOT)) {
          transaction.put(keyspace, key, n(100));
          writes.get(which).run();
          assertEquals(
              ConflictCause.WRITTEN, cause(transaction.tryCommit()), () -> "write " + which);
        }
      }
      // Another key, and the same key elsewhere, are nobody's business.
      assertTrue(
          meanwhile(store, other, t -> t.get(keyspace, key), () -> keyspace.put(b("k2"), n(1)))
              .isCommitted());
      assertTrue(
          meanwhile(store, other, t -> t.get(keyspace, key), () -> other.put(key, n(1)))
              .isCommitted());
    }
  }

  private static ConflictCause cause(CommitResult result) {
    return ((CommitResult.Conflict) result).cause();
  }

  @ParameterizedTest
  @EnumSource(EngineKind.class)
  void a_transaction_spans_engines(EngineKind engine) {
    try (Store store = open(1)) {
      Keyspace one = TransactionFixture.keyspace(store, engine);
      Keyspace two = TransactionFixture.keyspace(store, EngineKind.LSM);
      try (Transaction t1 = store.begin(Isolation.SERIALIZABLE);
          Transaction t2 = store.begin(Isolation.SERIALIZABLE)) {
        assertTrue(t1.get(one, b("x")) == null && t2.get(two, b("y")) == null);
        t1.put(two, b("y"), n(1)).commit();
        assertFalse(t2.put(one, b("x"), n(1)).tryCommit().isCommitted());
      }
    }
  }
}
