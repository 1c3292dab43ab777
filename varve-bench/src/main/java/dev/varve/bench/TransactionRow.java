package dev.varve.bench;

import dev.varve.Varve;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.Isolation;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.Snapshot;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import dev.varve.kv.Transaction;
import dev.varve.kv.TransactionOptions;
import dev.varve.kv.WriteBatch;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// Transactions beside the same reads and writes without, at [Durability#NONE].
///
/// Hypothesis: a transaction costs its begin, its end and a sorted map of what it writes; a put
/// pays for the transactions of others only while some are open, by an element of a chain.
final class TransactionRow implements Row {
  private static final String PUTS = "puts, no transaction open";
  private static final String WATCHED = "puts, a transaction open";
  private static final String PLAIN = "4 gets, batch of 2";
  private static final String SNAPSHOT = "SNAPSHOT";
  private static final String HOT = "16 threads on 10 keys";
  private static final String WORK = "4 reads 2 writes";
  private static final String REFUSED = "refused of 100 commits";
  private static final int VALUE_BYTES = 100;
  private static final long ENTRIES = 100_000;
  private static final long TRANSACTIONS = 400_000;
  private static final int TURNS = 6;
  private static final int THREADS = 16;
  private static final int HOT_KEYS = 10;

  @Override
  public String name() {
    return "transaction";
  }

  @Override
  public String about() {
    return "transactions of 4 reads and 2 writes of 16 + 100 B, NONE; puts beside them; hot keys";
  }

  @Override
  public List<String> processes() {
    return List.of("hash", "rbtree");
  }

  @Override
  public Optional<String> yardstick() {
    return Optional.of(subject(EngineKind.HASH, PLAIN));
  }

  private static String subject(EngineKind engine, String what) {
    return engine + ", " + what;
  }

  @Override
  public List<Target> targets() {
    List<Target> targets = new ArrayList<>();
    for (EngineKind engine : List.of(EngineKind.HASH, EngineKind.RBTREE)) {
      String puts = subject(engine, PUTS);
      targets.add(
          Target.of(
              subject(engine, SNAPSHOT),
              WORK + Stopwatch.ON_PROCESSOR,
              4_000,
              "at least 250,000 transactions a second"));
      targets.add(
          Target.ratio(
              subject(engine, WATCHED),
              "put" + Stopwatch.ON_PROCESSOR,
              puts,
              1.2,
              "at most 20 % above a put alone"));
      targets.add(
          Target.of(
              subject(engine, "snapshot"),
              "open and close" + Stopwatch.ON_PROCESSOR,
              1_000,
              "at most 1 µs"));
      targets.add(Target.of(subject(engine, HOT), REFUSED, 40, "at least 60 % are committed"));
    }
    return targets;
  }

  @Override
  public void run(String process, Run run) throws Exception {
    EngineKind engine = EngineKind.valueOf(process.toUpperCase(Locale.ROOT));
    Path directory = run.fresh("store");
    try (Store store =
        Varve.open(directory, StoreOptions.defaults().withDurability(Durability.NONE))) {
      Measurement measurement =
          new Measurement(run, engine, store, store.keyspace("bench", KeyspaceOptions.of(engine)));
      measurement.fill();
      measurement.all(false);
      for (int turn = 0; turn < run.count(TURNS); turn++) {
        measurement.all(true);
      }
      measurement.hotKeys();
    } finally {
      Run.remove(directory);
    }
  }

  /** What is done to one store. */
  private static final class Measurement {
    private final Run run;
    private final EngineKind engine;
    private final Store store;
    private final Keyspace keyspace;
    private final long entries;
    private final long count;
    private final Keys keys;
    private final byte[] value = new byte[VALUE_BYTES];
    private boolean recorded;
    private long seen;

    Measurement(Run run, EngineKind engine, Store store, Keyspace keyspace) {
      this.run = run;
      this.engine = engine;
      this.store = store;
      this.keyspace = keyspace;
      this.entries = run.entries(ENTRIES);
      this.count = run.count(TRANSACTIONS / TURNS);
      this.keys = new Keys(run.seed(), run.round());
    }

    /** What is timed. */
    private interface Work {
      void once();
    }

    private void time(String subject, String metric, Work work) {
      Stopwatch stopwatch = new Stopwatch();
      for (long i = 0; i < count; i++) {
        work.once();
      }
      if (recorded) {
        stopwatch.stop(run, subject(engine, subject), metric, count);
      }
    }

    private byte[] key() {
      return keys.of(keys.next(entries));
    }

    void fill() {
      for (long i = 0; i < entries; i++) {
        keyspace.put(keys.of(i), value);
      }
    }

    void all(boolean isRecorded) {
      recorded = isRecorded;
      // So many commits that nothing is recorded for transactions any more.
      for (int i = 0; i < 10_000; i++) {
        put();
      }
      time(PUTS, "put", this::put);
      try (Transaction open = store.begin(Isolation.SNAPSHOT)) {
        time(WATCHED, "put", this::put);
        open.rollback();
      }
      time("put in a transaction", "put", this::putInOne);
      time(PLAIN, WORK, this::plain);
      for (Isolation level :
          List.of(Isolation.READ_COMMITTED, Isolation.SNAPSHOT, Isolation.SERIALIZABLE)) {
        TransactionOptions options = TransactionOptions.of(level);
        time(level.toString(), WORK, () -> transaction(options));
      }
      TransactionOptions readOnly =
          TransactionOptions.of(Isolation.SERIALIZABLE).withReadOnly(true);
      time("read only", "4 reads", () -> read(readOnly));
      time("gets", "4 reads", this::gets);
      time("snapshot", "open and close", this::snapshot);
      if (seen == 0) {
        throw new IllegalStateException("nothing was read");
      }
    }

    private void put() {
      keyspace.put(key(), value);
    }

    private void putInOne() {
      try (Transaction transaction = store.begin(Isolation.SNAPSHOT)) {
        transaction.put(keyspace, key(), value).commit();
      }
    }

    private void gets() {
      for (int i = 0; i < 4; i++) {
        note(keyspace.get(key()));
      }
    }

    private void note(byte @Nullable [] found) {
      if (found == null) {
        throw new IllegalStateException("a get did not find what was put");
      }
      seen += found.length;
    }

    private void plain() {
      gets();
      WriteBatch batch = new WriteBatch();
      batch.put(keyspace, key(), value).put(keyspace, key(), value);
      store.write(batch);
    }

    private void transaction(TransactionOptions options) {
      try (Transaction transaction = store.begin(options)) {
        for (int i = 0; i < 4; i++) {
          note(transaction.get(keyspace, key()));
        }
        transaction.put(keyspace, key(), value).put(keyspace, key(), value).commit();
      }
    }

    private void read(TransactionOptions options) {
      try (Transaction transaction = store.begin(options)) {
        for (int i = 0; i < 4; i++) {
          note(transaction.get(keyspace, key()));
        }
      }
    }

    private void snapshot() {
      try (Snapshot snapshot = store.snapshot()) {
        seen += snapshot.sequenceNumber() & 1;
      }
    }

    /** Threads that count on a few keys; each commit is tried until it is made. */
    void hotKeys() throws InterruptedException {
      recorded = true;
      hotKeys(HOT, false);
      hotKeys(HOT + ", locked", true);
    }

    private void hotKeys(String subject, boolean locks) throws InterruptedException {
      for (int i = 0; i < HOT_KEYS; i++) {
        keyspace.put(hotKey(i), ByteBuffer.allocate(8).array());
      }
      long each = Math.max(10, run.count(10_000));
      AtomicLong attempts = new AtomicLong();
      AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
      List<Thread> threads = new ArrayList<>();
      Stopwatch stopwatch = new Stopwatch();
      for (int t = 0; t < THREADS; t++) {
        Keys order = new Keys(run.seed(), 100L + t);
        threads.add(
            Thread.ofPlatform()
                .start(
                    () -> {
                      try {
                        for (long i = 0; i < each; i++) {
                          count(hotKey((int) order.next(HOT_KEYS)), locks, attempts);
                        }
                      } catch (RuntimeException e) {
                        failure.compareAndSet(null, e);
                      }
                    }));
      }
      for (Thread thread : threads) {
        thread.join();
      }
      stopwatch.stopAll(run, subject(engine, subject), "commit", each * THREADS);
      if (failure.get() != null) {
        throw new IllegalStateException("a thread failed", failure.get());
      }
      long sum = 0;
      for (int i = 0; i < HOT_KEYS; i++) {
        byte @Nullable [] found = keyspace.get(hotKey(i));
        sum += found == null ? 0 : ByteBuffer.wrap(found).getLong();
      }
      if (sum != each * THREADS) {
        throw new IllegalStateException("counted " + sum + " of " + each * THREADS);
      }
      double refused = 100.0 * (attempts.get() - each * THREADS) / attempts.get();
      run.record(subject(engine, subject), REFUSED, Unit.COUNT, refused);
    }

    private static byte[] hotKey(int number) {
      return new byte[] {'h', 'o', 't', (byte) number};
    }

    private void count(byte[] key, boolean locks, AtomicLong attempts) {
      var _ =
          store.transact(
              TransactionOptions.of(Isolation.SNAPSHOT).withAttempts(1_000_000),
              transaction -> {
                attempts.incrementAndGet();
                byte @Nullable [] before =
                    locks
                        ? transaction.getForUpdate(keyspace, key)
                        : transaction.get(keyspace, key);
                long next = (before == null ? 0 : ByteBuffer.wrap(before).getLong()) + 1;
                transaction.put(keyspace, key, ByteBuffer.allocate(8).putLong(next).array());
                return next;
              });
    }
  }
}
