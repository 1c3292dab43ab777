package dev.varve.store;

import static dev.varve.store.TransactionFixture.b;
import static dev.varve.store.TransactionFixture.s;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.StoreGuard;
import dev.varve.base.Clock;
import dev.varve.base.Expect;
import dev.varve.base.InlineBackground;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.ByteSize;
import dev.varve.kv.Cursor;
import dev.varve.kv.EngineKind;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceView;
import dev.varve.kv.Snapshot;
import dev.varve.kv.SnapshotTooOldException;
import dev.varve.kv.Store;
import dev.varve.kv.StoreClosedException;
import dev.varve.kv.StoreOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What a snapshot that is open for long may cost, and that it is stable until then.
@ExtendWith(StoreGuard.class)
final class SnapshotLimitsTest {
  private final MemoryFileSystem fs = new MemoryFileSystem();
  private final AtomicLong nanos = new AtomicLong(1);

  private Store open(StoreOptions options) {
    return StoreFixture.open(
        fs,
        options,
        new InlineBackground(),
        new Clock() {
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
  void past_its_bytes_a_snapshot_says_so_and_keeps_nothing(EngineKind engine) {
    StoreOptions options = TransactionFixture.options().withSnapshotBytes(ByteSize.ofKibibytes(64));
    try (Store store = open(options)) {
      Keyspace keyspace = TransactionFixture.keyspace(store, engine);
      keyspace.put(b("a"), b("first"));
      try (Snapshot snapshot = store.snapshot();
          Cursor cursor = keyspace.at(snapshot).cursor()) {
        KeyspaceView view = keyspace.at(snapshot);
        assertTrue(cursor.seekToFirst());
        byte[] value = new byte[1024];
        for (int i = 0; i < 50; i++) {
          keyspace.put(b("a"), value);
        }
        store.flush();
        store.compact(keyspace);
        assertEquals("first", s(view.get(b("a"))));
        for (int i = 0; i < 20; i++) {
          keyspace.put(b("a"), value);
        }
        Expect.failure(
            SnapshotTooOldException.class, () -> view.get(b("a")), "snapshot-bytes", "new one");
        assertThrows(SnapshotTooOldException.class, () -> view.getAll(List.of(b("a"))));
        assertThrows(SnapshotTooOldException.class, view::cursor);
        assertThrows(SnapshotTooOldException.class, view::count);
        assertThrows(SnapshotTooOldException.class, cursor::seekToFirst);
        assertEquals(1, store.stats().snapshots(), "the cursor's");
      }
      assertEquals(0, store.stats().snapshots());
      try (Snapshot snapshot = store.snapshot()) {
        assertEquals(1024, keyspace.at(snapshot).get(b("a")).length);
      }
    }
  }

  @Test
  void past_its_age_a_snapshot_is_given_up_by_the_next_commit() {
    StoreOptions options = TransactionFixture.options().withSnapshotAge(Duration.ofMinutes(5));
    try (Store store = open(options)) {
      Keyspace keyspace = store.keyspace("k");
      keyspace.put(b("a"), b("first"));
      List<Snapshot> all = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        all.add(store.snapshot());
        nanos.addAndGet(Duration.ofMinutes(2).toNanos());
      }
      assertEquals("first", s(keyspace.at(all.get(0)).get(b("a"))));
      keyspace.put(b("a"), b("second"));
      assertThrows(SnapshotTooOldException.class, () -> keyspace.at(all.get(0)).get(b("a")));
      assertEquals("first", s(keyspace.at(all.get(1)).get(b("a"))));
      assertEquals("first", s(keyspace.at(all.get(2)).get(b("a"))));
      assertEquals(2, store.stats().snapshots());
      all.get(1).close();
      assertThrows(StoreClosedException.class, () -> keyspace.at(all.get(1)).get(b("a")));
      all.forEach(Snapshot::close);
      assertEquals(0, store.stats().snapshots());
    }
  }

  @Test
  void without_limits_a_snapshot_stays() {
    try (Store store = open(TransactionFixture.options())) {
      Keyspace keyspace = store.keyspace("k");
      keyspace.put(b("a"), b("first"));
      try (Snapshot snapshot = store.snapshot()) {
        nanos.addAndGet(Duration.ofDays(400).toNanos());
        for (int i = 0; i < 500; i++) {
          keyspace.put(b("a"), new byte[1000]);
        }
        assertEquals("first", s(keyspace.at(snapshot).get(b("a"))));
      }
    }
  }
}
