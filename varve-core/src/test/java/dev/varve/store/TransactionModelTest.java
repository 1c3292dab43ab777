package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.varve.StoreGuard;
import dev.varve.base.Bytes;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.Cursor;
import dev.varve.kv.EngineKind;
import dev.varve.kv.Entry;
import dev.varve.kv.Isolation;
import dev.varve.kv.KeyRange;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceView;
import dev.varve.kv.Savepoint;
import dev.varve.kv.Store;
import dev.varve.kv.Transaction;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Random reads, writes, cursors and savepoints of a transaction, beside a sorted map.
@ExtendWith(StoreGuard.class)
final class TransactionModelTest {
  private static final long SEED = Long.getLong("varve.seed", 6);
  private static final int RUNS = 200;
  private static final int STEPS = 120;

  private static final List<Isolation> LEVELS = List.of(Isolation.values());

  private final MemoryFileSystem fs = MemoryFileSystem.withoutCrashes();

  /** A transaction and what it must show. */
  private static final class Run {
    private final SplittableRandom random;
    private final Transaction transaction;
    private final Keyspace keyspace;
    private final KeyspaceView view;
    private NavigableMap<byte[], byte[]> model;
    private final List<Savepoint> savepoints = new ArrayList<>();
    private final List<NavigableMap<byte[], byte[]>> saved = new ArrayList<>();
    private @Nullable Cursor cursor;
    private KeyRange range = KeyRange.all();

    /** Where the cursor stands; null for nowhere. */
    private byte @Nullable [] at;

    Run(
        SplittableRandom random,
        Transaction transaction,
        Keyspace keyspace,
        NavigableMap<byte[], byte[]> model) {
      this.random = random;
      this.transaction = transaction;
      this.keyspace = keyspace;
      this.view = transaction.view(keyspace);
      this.model = model;
    }

    private byte[] key() {
      byte[] key = new byte[random.nextInt(1, 3)];
      for (int i = 0; i < key.length; i++) {
        key[i] = (byte) (random.nextInt(6) * 51);
      }
      return key;
    }

    private KeyRange range() {
      return switch (random.nextInt(4)) {
        case 0 -> KeyRange.all();
        case 1 -> KeyRange.atLeast(key());
        case 2 -> KeyRange.lessThan(key());
        default -> KeyRange.of(key(), key());
      };
    }

    private NavigableMap<byte[], byte[]> within(KeyRange of) {
      NavigableMap<byte[], byte[]> part = new TreeMap<>(Bytes::compare);
      model.forEach(
          (key, value) -> {
            if (of.contains(key)) {
              part.put(key, value);
            }
          });
      return part;
    }

    void step() {
      switch (random.nextInt(14)) {
        case 0, 1, 2 -> {
          byte[] key = key();
          byte[] value = new byte[random.nextInt(4)];
          transaction.put(keyspace, key, value);
          model.put(key, value);
        }
        case 3 -> {
          byte[] key = key();
          transaction.delete(keyspace, key);
          model.remove(key);
        }
        case 4 -> {
          if (random.nextInt(3) == 0) {
            KeyRange gone = range();
            transaction.deleteRange(keyspace, gone);
            within(gone).keySet().forEach(model::remove);
          }
        }
        case 5 -> {
          byte[] key = key();
          assertArrayEquals(model.get(key), view.get(key));
          assertEquals(model.containsKey(key), view.contains(key));
        }
        case 6, 7 -> save();
        case 8 -> {
          KeyRange of = range();
          NavigableMap<byte[], byte[]> part = within(of);
          assertEquals(part.size(), view.count(of));
          same(part.firstEntry(), view.first(of));
          same(part.lastEntry(), view.last(of));
        }
        default -> move();
      }
    }

    private void save() {
      if (random.nextInt(3) == 0) {
        savepoints.add(transaction.savepoint());
        saved.add(new TreeMap<>(model));
      } else if (!savepoints.isEmpty()) {
        int which = random.nextInt(savepoints.size());
        if (random.nextBoolean()) {
          transaction.rollbackTo(savepoints.get(which));
          model = new TreeMap<>(saved.get(which));
          which++;
        } else {
          transaction.release(savepoints.get(which));
        }
        savepoints.subList(which, savepoints.size()).clear();
        saved.subList(which, saved.size()).clear();
      }
    }

    private static void same(Map.@Nullable Entry<byte[], byte[]> expected, @Nullable Entry found) {
      assertEquals(expected == null, found == null);
      if (expected != null && found != null) {
        assertArrayEquals(expected.getKey(), found.key());
        assertArrayEquals(expected.getValue(), found.value());
      }
    }

    private void move() {
      Cursor own = cursor;
      if (own == null || random.nextInt(20) == 0) {
        close();
        range = range();
        own = view.cursor(range);
        cursor = own;
        at = null;
      }
      NavigableMap<byte[], byte[]> part = within(range);
      byte @Nullable [] from = at;
      switch (random.nextInt(from == null ? 4 : 10)) {
        case 0 -> stand(own, own.seekToFirst(), part.firstEntry());
        case 1 -> stand(own, own.seekToLast(), part.lastEntry());
        case 2 -> {
          byte[] key = key();
          stand(own, own.seek(key), part.ceilingEntry(key));
        }
        case 3 -> {
          byte[] key = key();
          stand(own, own.seekForPrevious(key), part.floorEntry(key));
        }
        case 4, 5, 6 -> stand(own, own.next(), part.higherEntry(from));
        default -> stand(own, own.previous(), part.lowerEntry(from));
      }
    }

    private void stand(Cursor own, boolean found, Map.@Nullable Entry<byte[], byte[]> expected) {
      at = expected == null ? null : expected.getKey();
      assertEquals(expected != null, found);
      if (expected != null) {
        same(expected, new Entry(own.key(), own.value()));
        assertEquals(expected.getValue().length, own.valueSize());
      }
    }

    void close() {
      if (cursor != null) {
        cursor.close();
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = EngineKind.class,
      names = {"RBTREE", "BTREE", "LSM"})
  void a_transaction_shows_what_a_map_does(EngineKind engine) {
    try (Store store = StoreFixture.openThreaded(fs, TransactionFixture.options())) {
      Keyspace keyspace = TransactionFixture.keyspace(store, engine);
      for (int i = 0; i < RUNS; i++) {
        long seed = SEED * 1000 + i;
        Isolation level = LEVELS.get(i % LEVELS.size());
        NavigableMap<byte[], byte[]> model = new TreeMap<>(Bytes::compare);
        for (Entry entry : keyspace.entries(KeyRange.all(), Integer.MAX_VALUE)) {
          model.put(entry.key(), entry.value());
        }
        try (Transaction transaction = store.begin(level)) {
          Run run = new Run(new SplittableRandom(seed), transaction, keyspace, model);
          try {
            for (int step = 0; step < STEPS; step++) {
              run.step();
            }
          } catch (AssertionError e) {
            throw new AssertionError("-Dvarve.seed=" + SEED + ", run " + i + " on " + engine, e);
          } finally {
            run.close();
          }
          transaction.commit();
          model = run.model;
        }
        List<Entry> all = keyspace.entries(KeyRange.all(), Integer.MAX_VALUE);
        assertEquals(model.size(), all.size());
        for (Entry entry : all) {
          assertArrayEquals(model.get(entry.key()), entry.value());
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = EngineKind.class,
      names = {"ARRAY", "HASH"})
  void without_order_each_entry_is_shown_once(EngineKind engine) {
    try (Store store = StoreFixture.openThreaded(fs, TransactionFixture.options())) {
      Keyspace keyspace = TransactionFixture.keyspace(store, engine);
      SplittableRandom random = new SplittableRandom(SEED);
      for (int i = 0; i < 300; i++) {
        keyspace.put(TransactionFixture.n(random.nextInt(400)), new byte[0]);
      }
      try (Transaction transaction = store.begin(Isolation.SERIALIZABLE)) {
        NavigableMap<byte[], byte[]> model = new TreeMap<>(Bytes::compare);
        for (Entry entry : keyspace.entries(KeyRange.all(), Integer.MAX_VALUE)) {
          model.put(entry.key(), entry.value());
        }
        for (int i = 0; i < 200; i++) {
          byte[] key = TransactionFixture.n(random.nextInt(600));
          if (random.nextBoolean()) {
            transaction.put(keyspace, key, new byte[1]);
            model.put(key, new byte[1]);
          } else {
            transaction.delete(keyspace, key);
            model.remove(key);
          }
        }
        NavigableMap<byte[], byte[]> shown = new TreeMap<>(Bytes::compare);
        try (Cursor cursor = transaction.view(keyspace).cursor()) {
          for (cursor.seekToFirst(); cursor.isValid(); cursor.next()) {
            assertEquals(null, shown.put(cursor.key(), cursor.value()));
            // Writes on the way make nothing appear twice.
            transaction.put(keyspace, cursor.key(), new byte[2]);
          }
        }
        assertEquals(model.size(), shown.size());
        model.forEach((key, value) -> assertArrayEquals(value, shown.get(key)));
      }
    }
  }
}
