package dev.varve.isolation;

import static dev.varve.store.TransactionFixture.n;
import static dev.varve.store.TransactionFixture.number;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.StoreGuard;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.EngineKind;
import dev.varve.kv.Isolation;
import dev.varve.kv.Keyspace;
import dev.varve.kv.Snapshot;
import dev.varve.kv.Store;
import dev.varve.kv.Transaction;
import dev.varve.store.StoreFixture;
import dev.varve.store.TransactionFixture;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Random transactions on many threads, judged by what they saw. `-Dvarve.transactions=N` has each
/// thread run more of them, `-Dvarve.seed=N` others.
@ExtendWith(StoreGuard.class)
final class RandomTransactionsTest {
  private static final int THREADS = 6;
  private static final int TRANSACTIONS = Integer.getInteger("varve.transactions", 250);
  private static final long SEED = Long.getLong("varve.seed", 14);

  /** As often a bug is given the chance to show. */
  private static final int RUNS_MAX = 40;

  private final MemoryFileSystem fs = MemoryFileSystem.withoutCrashes();

  private Store open(int lanes) {
    return StoreFixture.openThreaded(fs, TransactionFixture.options().withLanes(lanes));
  }

  @ParameterizedTest
  @EnumSource(EngineKind.class)
  void lists_show_no_cycle_that_their_level_forbids(EngineKind engine) throws Exception {
    for (Isolation level :
        List.of(Isolation.READ_COMMITTED, Isolation.SNAPSHOT, Isolation.SERIALIZABLE)) {
      for (int lanes : List.of(1, 3)) {
        try (Store store = open(lanes)) {
          List<Keyspace> keyspaces =
              List.of(
                  TransactionFixture.keyspace(store, engine), store.keyspace("others " + engine));
          for (Keyspace keyspace : keyspaces) {
            keyspace.deleteRange(dev.varve.kv.KeyRange.all());
          }
          ListAppend lists = new ListAppend(store, keyspaces, level, ListAppend.Bug.NONE);
          assertEquals(
              List.of(),
              lists.run(THREADS, TRANSACTIONS, SEED),
              () -> level + " on " + engine + ", " + lanes + " lanes, seed " + SEED);
          assertTrue(lists.committed() > 0.3, () -> level + ": " + lists.committed());
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(value = ListAppend.Bug.class, mode = EnumSource.Mode.EXCLUDE, names = "NONE")
  void the_check_finds_planted_bugs(ListAppend.Bug bug) throws Exception {
    List<String> found = new ArrayList<>();
    Isolation level =
        bug == ListAppend.Bug.READS_THE_NEWEST ? Isolation.SNAPSHOT : Isolation.SERIALIZABLE;
    for (int i = 0; i < RUNS_MAX && found.isEmpty(); i++) {
      try (Store store = open(1)) {
        Keyspace keyspace = store.keyspace("run " + i);
        found.addAll(
            new ListAppend(store, List.of(keyspace), level, bug).run(THREADS, 150, SEED + i));
      }
    }
    assertFalse(found.isEmpty(), () -> bug + " was not found");
  }

  @ParameterizedTest
  @EnumSource(EngineKind.class)
  void money_is_neither_made_nor_lost(EngineKind engine) throws Exception {
    int accounts = 10;
    try (Store store = open(2)) {
      Keyspace bank = TransactionFixture.keyspace(store, engine);
      for (int i = 0; i < accounts; i++) {
        bank.put(n(i), n(100));
      }
      AtomicBoolean stop = new AtomicBoolean();
      AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
      List<Thread> all = new ArrayList<>();
      for (int t = 0; t < THREADS; t++) {
        SplittableRandom random = new SplittableRandom(SEED + t);
        boolean reads = t == 0;
        all.add(
            Thread.ofPlatform()
                .start(
                    () -> {
                      try {
                        for (int i = 0; reads ? !stop.get() : i < TRANSACTIONS; i++) {
                          if (reads) {
                            assertEquals(1000, total(store, bank, accounts, i));
                          } else {
                            transfer(store, bank, accounts, random);
                          }
                        }
                      } catch (Throwable e) {
                        failure.compareAndSet(null, e);
                      }
                    }));
      }
      for (Thread thread : all.subList(1, all.size())) {
        thread.join();
      }
      stop.set(true);
      all.getFirst().join();
      if (failure.get() != null) {
        throw new AssertionError("seed " + SEED, failure.get());
      }
      assertEquals(1000, total(store, bank, accounts, 0));
    }
  }

  private static long total(Store store, Keyspace bank, int accounts, int turn) {
    long total = 0;
    if (turn % 2 == 0) {
      try (Snapshot snapshot = store.snapshot()) {
        for (int i = 0; i < accounts; i++) {
          total += number(bank.at(snapshot), n(i));
        }
      }
      return total;
    }
    try (Transaction transaction = store.begin(Isolation.SNAPSHOT)) {
      for (int i = 0; i < accounts; i++) {
        total += number(transaction.view(bank), n(i));
      }
    }
    return total;
  }

  private static void transfer(Store store, Keyspace bank, int accounts, SplittableRandom random) {
    int from = random.nextInt(accounts);
    int to = (from + random.nextInt(1, accounts)) % accounts;
    int amount = random.nextInt(20);
    Isolation level = random.nextBoolean() ? Isolation.SNAPSHOT : Isolation.SERIALIZABLE;
    boolean locks = random.nextInt(3) == 0;
    var _ =
        store.transact(
            level,
            t -> {
              if (locks) {
                var _ = t.getAllForUpdate(bank, List.of(n(from), n(to)));
              }
              long has = number(t.view(bank), n(from));
              if (has < amount) {
                return null;
              }
              return t.put(bank, n(from), n(has - amount))
                  .put(bank, n(to), n(number(t.view(bank), n(to)) + amount));
            });
  }
}
