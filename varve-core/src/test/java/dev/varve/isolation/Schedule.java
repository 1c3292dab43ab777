package dev.varve.isolation;

import static dev.varve.store.TransactionFixture.b;
import static dev.varve.store.TransactionFixture.n;

import dev.varve.kv.Cursor;
import dev.varve.kv.Isolation;
import dev.varve.kv.Keyspace;
import dev.varve.kv.Store;
import dev.varve.kv.Transaction;
import dev.varve.store.TransactionFixture;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Interleavings of transactions on a keyspace with the entries `1 = 10` and `2 = 20`, each made to
/// show an anomaly.
///
/// @source ept/hermitage; the long fork and the anomaly of the read-only transaction (Fekete,
///   O'Neil, O'Neil, SIGMOD Record 33, 2004) beside its ten
enum Schedule {
  /// Write cycles.
  G0(null) {
    @Override
    boolean shows(Run run) {
      Transaction t1 = run.begin();
      Transaction t2 = run.begin();
      run.set(t1, "1", 11);
      run.set(t2, "1", 12);
      run.set(t1, "2", 21);
      boolean first = t1.tryCommit().isCommitted();
      run.set(t2, "2", 22);
      boolean second = t2.tryCommit().isCommitted();
      long one = run.now("1");
      long two = run.now("2");
      return !first || (second ? one != 12 || two != 22 : one != 11 || two != 21);
    }
  },
  /// Aborted reads.
  G1A(null) {
    @Override
    boolean shows(Run run) {
      Transaction t1 = run.begin();
      Transaction t2 = run.begin();
      run.set(t1, "1", 101);
      boolean seen = run.get(t2, "1") == 101 || run.all(t2).containsValue(101L);
      t1.rollback();
      return some(seen, run.get(t2, "1") == 101);
    }
  },
  /// Intermediate reads.
  G1B(null) {
    @Override
    boolean shows(Run run) {
      Transaction t1 = run.begin();
      Transaction t2 = run.begin();
      run.set(t1, "1", 101);
      boolean seen = run.get(t2, "1") == 101;
      run.set(t1, "1", 11);
      t1.commit();
      return some(seen, run.get(t2, "1") == 101, run.all(t2).containsValue(101L));
    }
  },
  /// Circular information flow.
  G1C(null) {
    @Override
    boolean shows(Run run) {
      Transaction t1 = run.begin();
      Transaction t2 = run.begin();
      run.set(t1, "1", 11);
      run.set(t2, "2", 22);
      return some(run.get(t1, "2") == 22, run.get(t2, "1") == 11);
    }
  },
  /// An observed transaction vanishes.
  OTV(null) {
    @Override
    boolean shows(Run run) {
      Transaction t1 = run.begin();
      Transaction t2 = run.begin();
      Transaction t3 = run.begin();
      run.set(t1, "1", 11);
      run.set(t1, "2", 19);
      run.set(t2, "1", 12);
      t1.commit();
      long one = run.get(t3, "1");
      run.set(t2, "2", 18);
      long two = run.get(t3, "2");
      boolean fractured = (one == 11) != (two == 19);
      boolean _ = t2.tryCommit().isCommitted();
      long twoAgain = run.get(t3, "2");
      long oneAgain = run.get(t3, "1");
      return some(fractured, (twoAgain == 18) != (oneAgain == 12));
    }
  },
  /// A predicate read sees what another one has put meanwhile.
  PMP(Isolation.SNAPSHOT) {
    @Override
    boolean shows(Run run) {
      Transaction t1 = run.begin();
      Transaction t2 = run.begin();
      boolean before = run.all(t1).containsValue(30L);
      run.set(t2, "3", 30);
      t2.commit();
      return some(before, run.all(t1).containsValue(30L));
    }
  },
  /// A predicate decides a write, and another one changed what it says meanwhile.
  PMP_WRITE(Isolation.SNAPSHOT) {
    @Override
    boolean shows(Run run) {
      Transaction t1 = run.begin();
      Transaction t2 = run.begin();
      run.set(t1, "1", 20);
      run.set(t1, "2", 30);
      // Everything that is 20 goes.
      run.all(t2).forEach((key, value) -> run.deleteIf(t2, key, value == 20));
      t1.commit();
      // It had to be 1, which is 20 now, or nothing.
      return t2.tryCommit().isCommitted();
    }
  },
  /// A lost update.
  P4(Isolation.SNAPSHOT) {
    @Override
    boolean shows(Run run) {
      Transaction t1 = run.begin();
      Transaction t2 = run.begin();
      run.set(t1, "1", run.get(t1, "1") + 1);
      run.set(t2, "1", run.get(t2, "1") + 1);
      return every(t1.tryCommit().isCommitted(), t2.tryCommit().isCommitted());
    }
  },
  /// Read skew.
  G_SINGLE(Isolation.SNAPSHOT) {
    @Override
    boolean shows(Run run) {
      Transaction t1 = run.begin();
      Transaction t2 = run.begin();
      long one = run.get(t1, "1");
      run.set(t2, "1", 12);
      run.set(t2, "2", 18);
      t2.commit();
      return (one == 10) != (run.get(t1, "2") == 20);
    }
  },
  /// Read skew of predicates.
  G_SINGLE_PREDICATE(Isolation.SNAPSHOT) {
    @Override
    boolean shows(Run run) {
      Transaction t1 = run.begin();
      Transaction t2 = run.begin();
      long sum = run.sum(t1);
      run.set(t2, "1", 12);
      t2.commit();
      return run.sum(t1) != sum;
    }
  },
  /// Read skew through a write.
  G_SINGLE_WRITE(Isolation.SNAPSHOT) {
    @Override
    boolean shows(Run run) {
      Transaction t1 = run.begin();
      Transaction t2 = run.begin();
      long one = run.get(t1, "1");
      run.set(t2, "1", 12);
      run.set(t2, "2", 18);
      t2.commit();
      run.delete(t1, "2");
      return every(one == 10, t1.tryCommit().isCommitted());
    }
  },
  /// Write skew.
  G2_ITEM(Isolation.SERIALIZABLE) {
    @Override
    boolean shows(Run run) {
      Transaction t1 = run.begin();
      Transaction t2 = run.begin();
      long first = run.get(t1, "1") + run.get(t1, "2");
      long second = run.get(t2, "1") + run.get(t2, "2");
      run.set(t1, "1", first);
      run.set(t2, "2", second);
      return every(t1.tryCommit().isCommitted(), t2.tryCommit().isCommitted());
    }
  },
  /// Write skew of predicates.
  G2(Isolation.SERIALIZABLE) {
    @Override
    boolean shows(Run run) {
      Transaction t1 = run.begin();
      Transaction t2 = run.begin();
      boolean none = every(!run.all(t1).containsValue(30L), !run.all(t2).containsValue(42L));
      run.set(t1, "3", 30);
      run.set(t2, "4", 42);
      return every(none, t1.tryCommit().isCommitted(), t2.tryCommit().isCommitted());
    }
  },
  /// Write skew through keys that are absent.
  G2_ABSENT(Isolation.SERIALIZABLE) {
    @Override
    boolean shows(Run run) {
      Transaction t1 = run.begin();
      Transaction t2 = run.begin();
      boolean none = every(run.get(t1, "4") < 0, run.get(t2, "3") < 0);
      run.set(t1, "3", 1);
      run.set(t2, "4", 1);
      return every(none, t1.tryCommit().isCommitted(), t2.tryCommit().isCommitted());
    }
  },
  /// A transaction that only reads sees an order that there cannot be.
  READ_ONLY(Isolation.SERIALIZABLE) {
    @Override
    boolean shows(Run run) {
      Transaction t1 = run.begin();
      long sum = run.sum(t1);
      Transaction t2 = run.begin();
      run.set(t2, "2", run.get(t2, "2") + 5);
      t2.commit();
      Transaction t3 = run.begin();
      boolean seesSecond = every(run.get(t3, "1") == 10, run.get(t3, "2") == 25);
      t3.commit();
      run.set(t1, "1", sum - 41);
      return every(seesSecond, t1.tryCommit().isCommitted());
    }
  },
  /// Two readers see two writers in two orders.
  LONG_FORK(Isolation.SNAPSHOT) {
    @Override
    boolean shows(Run run) {
      Transaction t1 = run.begin();
      Transaction t2 = run.begin();
      run.set(t1, "1", 11);
      run.set(t2, "2", 22);
      Transaction t4 = run.begin();
      boolean oneIsOld = run.get(t4, "1") == 10;
      t1.commit();
      Transaction t3 = run.begin();
      boolean oneIsNew = run.get(t3, "1") == 11;
      boolean twoIsOld = run.get(t3, "2") == 20;
      t2.commit();
      boolean twoIsNew = run.get(t4, "2") == 22;
      return every(oneIsNew, twoIsOld, oneIsOld, twoIsNew);
    }
  };

  /// From which level on it must not show; null for every one.
  final @org.jspecify.annotations.Nullable Isolation forbiddenFrom;

  Schedule(@org.jspecify.annotations.Nullable Isolation forbiddenFrom) {
    this.forbiddenFrom = forbiddenFrom;
  }

  /** Whether all hold; each is looked at, since to look is to do. */
  private static boolean every(boolean... all) {
    for (boolean each : all) {
      if (!each) {
        return false;
      }
    }
    return true;
  }

  /** Whether one holds; each is looked at, since to look is to do. */
  private static boolean some(boolean... all) {
    for (boolean each : all) {
      if (each) {
        return true;
      }
    }
    return false;
  }

  /// Runs it; whether the anomaly shows.
  abstract boolean shows(Run run);

  /// Whether it must not show at a level.
  boolean isForbidden(Isolation level) {
    return forbiddenFrom == null || level.effective().compareTo(forbiddenFrom) >= 0;
  }

  /// The transactions of a run, at one level, on one keyspace.
  static final class Run implements AutoCloseable {
    private final Store store;
    private final Keyspace keyspace;
    private final Isolation level;
    private final List<Transaction> transactions = new ArrayList<>();

    Run(Store store, Keyspace keyspace, Isolation level) {
      this.store = store;
      this.keyspace = keyspace;
      this.level = level;
      for (String key : List.of("1", "2", "3", "4")) {
        keyspace.delete(b(key));
      }
      keyspace.put(b("1"), n(10));
      keyspace.put(b("2"), n(20));
    }

    Transaction begin() {
      Transaction transaction = store.begin(level);
      transactions.add(transaction);
      return transaction;
    }

    void set(Transaction transaction, String key, long value) {
      Transaction _ = transaction.put(keyspace, b(key), n(value));
    }

    void delete(Transaction transaction, String key) {
      Transaction _ = transaction.delete(keyspace, b(key));
    }

    void deleteIf(Transaction transaction, String key, boolean condition) {
      if (condition) {
        delete(transaction, key);
      }
    }

    long get(Transaction transaction, String key) {
      return TransactionFixture.number(transaction.view(keyspace), b(key));
    }

    long now(String key) {
      return TransactionFixture.number(keyspace, b(key));
    }

    Map<String, Long> all(Transaction transaction) {
      Map<String, Long> all = new TreeMap<>();
      try (Cursor cursor = transaction.view(keyspace).cursor()) {
        for (cursor.seekToFirst(); cursor.isValid(); cursor.next()) {
          all.put(
              String.valueOf(TransactionFixture.s(cursor.key())),
              dev.varve.base.Bytes.getLongBigEndian(cursor.value(), 0));
        }
      }
      return all;
    }

    long sum(Transaction transaction) {
      return all(transaction).values().stream().mapToLong(each -> each).sum();
    }

    @Override
    public void close() {
      transactions.forEach(Transaction::close);
    }
  }
}
