package dev.varve.store;

import static dev.varve.store.TransactionFixture.b;
import static dev.varve.store.TransactionFixture.n;
import static dev.varve.store.TransactionFixture.number;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.StoreGuard;
import dev.varve.base.InlineBackground;
import dev.varve.fs.CrashImage;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.ByteSize;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.Isolation;
import dev.varve.kv.Keyspace;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import dev.varve.kv.Transaction;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A power cut at any moment leaves each transaction whole or absent, in every engine, and nothing
/// of one that was rolled back.
@ExtendWith(StoreGuard.class)
final class TransactionCrashTest {
  private static final int CUTS = 40;
  private static final int KEYS = 50;

  private final MemoryFileSystem fs = new MemoryFileSystem();

  private static List<Keyspace> keyspaces(Store store) {
    List<Keyspace> all = new ArrayList<>();
    for (EngineKind engine : EngineKind.values()) {
      all.add(TransactionFixture.keyspace(store, engine));
    }
    return all;
  }

  private static void transact(Store store, List<Keyspace> all, long turn) {
    try (Transaction undone = store.begin(Isolation.SERIALIZABLE);
        Transaction done = store.begin(Isolation.SERIALIZABLE)) {
      for (Keyspace keyspace : all) {
        undone.put(keyspace, b("ghost"), n(turn)).put(keyspace, b("count"), n(-5));
        assertEquals(turn - 1, number(done.view(keyspace), b("count")));
        done.put(keyspace, b("count"), n(turn)).put(keyspace, n(turn % KEYS), new byte[200]);
      }
      undone.rollback();
      done.commit();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void a_cut_at_any_moment_leaves_transactions_whole_or_absent(int lanes) throws Exception {
    StoreOptions options =
        TransactionFixture.options()
            .withDurability(Durability.GROUP)
            .withLanes(lanes)
            .withSegment(ByteSize.ofKibibytes(8))
            .withCheckpointAfter(ByteSize.ofKibibytes(16));
    AtomicLong acknowledged = new AtomicLong();
    AtomicBoolean stop = new AtomicBoolean();
    AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    try (Store store = StoreFixture.openThreaded(fs, options)) {
      List<Keyspace> all = keyspaces(store);
      for (Keyspace keyspace : all) {
        keyspace.put(b("count"), n(0));
      }
      Thread writer =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      for (long turn = 1; !stop.get(); turn++) {
                        transact(store, all, turn);
                        acknowledged.set(turn);
                      }
                    } catch (Throwable e) {
                      failure.set(e);
                    }
                  });
      try {
        for (int cut = 0; cut < CUTS; cut++) {
          CrashImage.Mode mode =
              List.of(CrashImage.Mode.values()).get(cut % CrashImage.Mode.values().length);
          long before = acknowledged.get();
          requireWhole(fs.crash(new CrashImage(cut, mode)), options, before);
        }
      } finally {
        stop.set(true);
        writer.join();
      }
    }
    if (failure.get() != null) {
      throw new AssertionError("the writer failed", failure.get());
    }
    assertTrue(acknowledged.get() > 0);
  }

  private static void requireWhole(MemoryFileSystem cut, StoreOptions options, long before) {
    try (Store store = StoreFixture.openInline(cut, options, new InlineBackground())) {
      List<Keyspace> all = keyspaces(store);
      long count = number(all.getFirst(), b("count"));
      assertTrue(count >= before, () -> count + " of " + before + " acknowledged");
      for (Keyspace keyspace : all) {
        assertEquals(count, number(keyspace, b("count")), keyspace::name);
        assertNull(keyspace.get(b("ghost")), keyspace::name);
        assertEquals(Math.min(count, KEYS) + 1, keyspace.count(), keyspace::name);
      }
      transact(store, all, count + 1);
    }
  }
}
