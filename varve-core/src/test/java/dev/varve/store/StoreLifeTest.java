package dev.varve.store;

import static dev.varve.store.StoreFixture.DIRECTORY;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.StoreGuard;
import dev.varve.base.Expect;
import dev.varve.base.InlineBackground;
import dev.varve.fs.CrashImage;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.ByteSize;
import dev.varve.kv.Cursor;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.Snapshot;
import dev.varve.kv.Store;
import dev.varve.kv.StoreClosedException;
import dev.varve.kv.StoreOptions;
import dev.varve.kv.WriteBatch;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// Handles and their ends, and the work that goes on beside users.
@ExtendWith(StoreGuard.class)
final class StoreLifeTest {
  private final MemoryFileSystem fs = new MemoryFileSystem();

  private static byte[] b(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static StoreOptions small() {
    return StoreOptions.defaults()
        .withSegment(ByteSize.ofKibibytes(8))
        .withCheckpointAfter(ByteSize.ofMebibytes(64));
  }

  private Store open() {
    return StoreFixture.openThreaded(fs, small());
  }

  // Life and death of handles.

  @Test
  void a_closed_store_says_so_everywhere() {
    Store store = open();
    Keyspace keyspace = store.keyspace("k");
    keyspace.put(b("a"), b("b"));
    Snapshot snapshot = store.snapshot();
    Cursor cursor = keyspace.cursor();
    cursor.seekToFirst();
    store.close();
    store.close();
    for (org.junit.jupiter.api.function.Executable call :
        List.<org.junit.jupiter.api.function.Executable>of(
            () -> keyspace.get(b("a")),
            () -> keyspace.put(b("a"), b("b")),
            () -> keyspace.count(),
            () -> keyspace.cursor(),
            () -> keyspace.stats(),
            () -> keyspace.at(snapshot).get(b("a")),
            cursor::key,
            cursor::next,
            () -> store.keyspace("k"),
            () -> store.keyspaces(),
            () -> store.findKeyspace("k"),
            () -> store.snapshot(),
            () -> store.write(new WriteBatch().put(keyspace, b("a"), b("b"))),
            store::sync,
            store::flush,
            () -> store.verify(),
            () -> store.stats())) {
      assertThrows(StoreClosedException.class, call);
    }
    cursor.close();
    snapshot.close();
    assertEquals(List.of(), fs.openFiles());
  }

  @Test
  void closing_while_others_read_and_write_harms_neither() throws Exception {
    for (int round = 0; round < 20; round++) {
      Store store = open();
      Keyspace keyspace = store.keyspace("k" + round, KeyspaceOptions.of(EngineKind.HASH));
      AtomicReference<Throwable> failure = new AtomicReference<>();
      List<Long> written = new ArrayList<>();
      CountDownLatch begun = new CountDownLatch(4);
      List<Thread> threads = new ArrayList<>();
      for (int t = 0; t < 4; t++) {
        boolean writer = t == 0;
        threads.add(
            Thread.ofPlatform()
                .start(
                    () -> {
                      try {
                        for (long i = 0; ; i++) {
                          if (writer) {
                            keyspace.put(b("" + i), b("" + i));
                            written.add(i);
                          } else {
                            byte[] value = keyspace.get(b("" + i % 100));
                            assertTrue(value == null || value.length > 0);
                            keyspace.count();
                          }
                          if (i == 3) {
                            begun.countDown();
                          }
                        }
                      } catch (StoreClosedException expected) {
                        // The end.
                      } catch (Throwable other) {
                        failure.compareAndSet(null, other);
                        begun.countDown();
                      }
                    }));
      }
      begun.await();
      store.close();
      for (Thread thread : threads) {
        thread.join();
      }
      if (failure.get() != null) {
        throw new AssertionError(failure.get());
      }
      try (Store again = open()) {
        Keyspace back = again.keyspace("k" + round);
        for (long i : written) {
          assertTrue(back.contains(b("" + i)), "acknowledged write " + i);
        }
      }
    }
  }

  @Test
  void a_flush_is_no_open_snapshot_and_its_listener_cannot_flush() {
    List<String> heard = new ArrayList<>();
    for (EngineKind engine : EngineKind.values()) {
      try (Store store = StoreFixture.openThreaded(new MemoryFileSystem(), small())) {
        Keyspace keyspace = store.keyspace("k", KeyspaceOptions.of(engine));
        for (int i = 0; i < 2_000; i++) {
          keyspace.put(b("" + i), b("v"));
        }
        store.flush(
            progress -> {
              assertEquals(0, store.stats().snapshots(), "a job of the store is not counted");
              heard.add(assertThrows(IllegalStateException.class, store::flush).getMessage());
              return true;
            });
      }
    }
    assertFalse(heard.isEmpty());
    for (String message : heard) {
      assertTrue(message.startsWith("a ProgressListener cannot flush the store: "), message);
    }
  }

  @Test
  void a_forgotten_handle_is_reported_with_its_place_and_gives_back_what_it_held()
      throws Exception {
    List<String> leaks = java.util.Collections.synchronizedList(new ArrayList<>());
    try (Store store = open()) {
      store.onLeak(leaks::add);
      Keyspace keyspace = store.keyspace("k");
      keyspace.put(b("a"), b("b"));
      forget(store, keyspace);
      for (int i = 0; i < 200 && store.stats().snapshots() > 0; i++) {
        System.gc();
        Thread.sleep(10);
      }
      assertEquals(0, store.stats().snapshots());
      assertEquals(2, store.stats().leakedHandles());
    }
    assertEquals(2, leaks.size(), leaks.toString());
    for (String leak : leaks) {
      assertTrue(leak.contains("was forgotten without being closed"), leak);
      assertTrue(leak.contains("it was opened at "), leak);
    }
  }

  private static void forget(Store store, Keyspace keyspace) {
    // Frames of this package count as Varve's own, so the place is where reflection calls the test.
    store.snapshot();
    keyspace.cursor().seekToFirst();
  }

  @Test
  void after_many_cursors_the_second_that_is_forgotten_is_reported_with_its_place()
      throws Exception {
    List<String> leaks = java.util.Collections.synchronizedList(new ArrayList<>());
    try (Store store = open()) {
      store.onLeak(leaks::add);
      Keyspace keyspace = store.keyspace("k");
      for (int i = 0; i < 1_000; i++) {
        keyspace.cursor().close();
      }
      for (int forgotten = 1; forgotten <= 2; forgotten++) {
        forgetCursor(keyspace);
        for (int i = 0; i < 200 && leaks.size() < forgotten; i++) {
          System.gc();
          Thread.sleep(10);
        }
      }
    }
    assertEquals(2, leaks.size(), leaks.toString());
    assertTrue(leaks.getFirst().contains("where it was opened was not noted"), leaks.toString());
    assertTrue(leaks.getLast().contains("it was opened at "), leaks.toString());
  }

  private static void forgetCursor(Keyspace keyspace) {
    keyspace.cursor().seekToFirst();
  }

  @Test
  void a_forgotten_store_is_closed_and_can_be_opened_again() throws Exception {
    forgetStore();
    for (int i = 0; ; i++) {
      System.gc();
      Thread.sleep(10);
      try (Store store = open()) {
        assertTrue(store.recovery().clean());
        assertEquals(1, store.keyspace("k").count());
        break;
      } catch (dev.varve.kv.StoreLockedException stillOpen) {
        assertTrue(i < 500, "the forgotten store was never closed");
      }
    }
  }

  private void forgetStore() {
    Store store = open();
    store.onLeak(leak -> {});
    store.keyspace("k").put(b("a"), b("b"));
  }

  @Test
  void a_store_is_opened_once_and_the_second_opener_learns_who_has_it() {
    try (Store store = open()) {
      assertNotNull(store);
      dev.varve.kv.StoreLockedException e =
          Expect.failure(
              dev.varve.kv.StoreLockedException.class, this::open, "open already, by this process");
      assertEquals(ProcessHandle.current().pid(), e.holder().orElseThrow());
      assertTrue(e.since().isPresent());
    }
    open().close();
  }

  // Flush, verify, progress.

  @Test
  void flushes_run_beside_writers_and_their_moment_is_one() throws Exception {
    try (Store store = open()) {
      Keyspace a = store.keyspace("a");
      Keyspace h = store.keyspace("h", KeyspaceOptions.of(EngineKind.HASH));
      boolean[] stop = new boolean[1];
      Thread writer =
          Thread.ofPlatform()
              .start(
                  () -> {
                    for (int i = 0; !stop[0]; i++) {
                      store.write(
                          new WriteBatch()
                              .put(a, b("" + i % 500), b("" + i))
                              .put(h, b("" + i % 500), b("" + i)),
                          Durability.NONE);
                    }
                  });
      for (int i = 0; i < 20; i++) {
        store.flush();
        MemoryFileSystem after = fs.crash(new CrashImage(i, CrashImage.Mode.SYNCED_ONLY));
        try (Store image = StoreFixture.openInline(after, small(), new InlineBackground())) {
          Keyspace a2 = image.keyspace("a");
          Keyspace h2 = image.keyspace("h");
          assertEquals(a2.count(), h2.count());
          for (int k = 0; k < 500; k++) {
            assertArrayEquals(a2.get(b("" + k)), h2.get(b("" + k)));
          }
        }
      }
      stop[0] = true;
      writer.join();
      assertTrue(store.verify(true, ProgressListener.NONE).isSound());
    }
  }

  @Test
  void verification_reads_everything_and_finds_damage_under_an_open_store() throws Exception {
    try (Store store = open()) {
      Keyspace keyspace = store.keyspace("k");
      for (int i = 0; i < 300; i++) {
        keyspace.put(b("" + i), new byte[100]);
      }
      store.flush();
      for (int i = 0; i < 30; i++) {
        keyspace.put(b("more " + i), new byte[100]);
      }
      var sound = store.verify(true, ProgressListener.NONE);
      assertEquals(List.of(), sound.problems());
      assertTrue(sound.files() >= 3);
      assertEquals(330, sound.entries());
      assertTrue(sound.bytes() > 30_000);
      String snapshot =
          fs.list(DIRECTORY).stream().filter(n -> n.endsWith(".snap")).findFirst().orElseThrow();
      byte[] bytes = fs.bytes(DIRECTORY.resolve(snapshot));
      bytes[bytes.length / 2] ^= 1;
      fs.replaceBytes(DIRECTORY.resolve(snapshot), bytes);
      var damaged = store.verify(false, ProgressListener.NONE);
      assertEquals(1, damaged.problems().size());
      assertTrue(damaged.problems().getFirst().contains(snapshot));
      bytes[bytes.length / 2] ^= 1;
      fs.replaceBytes(DIRECTORY.resolve(snapshot), bytes);
    }
  }

  @Test
  void long_work_tells_how_far_it_is_and_can_be_stopped() {
    try (Store store = open()) {
      Keyspace keyspace = store.keyspace("k", KeyspaceOptions.of(EngineKind.HASH));
      WriteBatch batch = new WriteBatch();
      for (int i = 0; i < 40_000; i++) {
        batch.put(keyspace, b("" + i), new byte[10]);
      }
      store.write(batch);
      List<String> tasks = new ArrayList<>();
      store.flush(
          progress -> {
            tasks.add(progress.task() + " " + progress.unit());
            assertTrue(progress.done() <= progress.total());
            return true;
          });
      assertTrue(tasks.contains("write k entries"), tasks.toString());
      keyspace.put(b("x"), b("y"));
      assertThrows(CancellationException.class, () -> store.flush(progress -> false));
      assertThrows(CancellationException.class, () -> store.verify(true, progress -> false));
      assertFalse(store.stats().failed());
      store.flush();
      assertTrue(store.verify().isSound());
    }
    StoreEnvironment environment = StoreEnvironment.system(fs, StoreFixture.engines(), false);
    assertThrows(
        CancellationException.class,
        () -> StoreOpener.open(environment, DIRECTORY, small(), progress -> false));
    open().close();
  }

  @Test
  void the_recovery_report_says_what_was_found() {
    try (Store store = open()) {
      assertTrue(store.recovery().created());
      Keyspace keyspace = store.keyspace("k");
      for (int i = 0; i < 50; i++) {
        keyspace.put(b("" + i), b("v"));
      }
      store.flush();
      keyspace.put(b("more"), b("v"));
    }
    try (Store store = open()) {
      var report = store.recovery();
      assertFalse(report.created());
      assertTrue(report.clean());
      assertEquals(50, report.snapshotEntries());
      assertEquals(1, report.commits());
      assertEquals(52, report.lastSequence());
      assertEquals(0, report.tailBytesDropped());
      assertNull(store.stats().lastFlushFailure());
    }
  }

  // Many.

  @Test
  void a_thousand_openings_leave_nothing_behind() throws Exception {
    int threads = Thread.activeCount();
    for (int i = 0; i < 1000; i++) {
      try (Store store = open()) {
        store.keyspace("k").put(b("" + i % 10), b("v"));
        if (i % 100 == 99) {
          store.flush();
        }
      }
    }
    assertEquals(List.of(), fs.openFiles());
    assertTrue(fs.list(DIRECTORY).size() < 110, fs.list(DIRECTORY).size() + " files");
    for (int i = 0; i < 100 && Thread.activeCount() > threads + 1; i++) {
      Thread.sleep(10);
    }
    assertTrue(Thread.activeCount() <= threads + 1, "threads are left");
  }

  @Test
  void a_thousand_keyspaces_made_and_dropped_leave_nothing_behind() throws Exception {
    try (Store store = open()) {
      long before = store.stats().memoryBytes();
      for (int i = 0; i < 1000; i++) {
        Keyspace keyspace =
            store.keyspace("k" + i, KeyspaceOptions.of(EngineKind.ofCode(1 + i % 3)));
        keyspace.put(b("a"), new byte[100], Durability.NONE);
      }
      assertEquals(1000, store.keyspaces().size());
      store.flush();
      assertEquals(1000, StoreFixture.snapshotFileCount(fs));
      for (int i = 0; i < 1000; i++) {
        store.dropKeyspace("k" + i);
      }
      store.flush();
      assertEquals(0, StoreFixture.snapshotFileCount(fs));
      assertEquals(List.of(), store.keyspaces());
      assertEquals(before, store.stats().memoryBytes());
    }
    try (Store store = open()) {
      assertEquals(1001, store.keyspace("next").id());
    }
  }
}
