package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.Background;
import dev.varve.base.Clock;
import dev.varve.base.InlineBackground;
import dev.varve.fs.CrashImage;
import dev.varve.fs.FaultFileSystem;
import dev.varve.fs.FileOperation;
import dev.varve.fs.FileSystem;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.BulkLoad;
import dev.varve.kv.ByteSize;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// Once a process an engine removes what a crash left behind. Whoever does so first must not take a
/// manifest for an orphan that another thread is just putting in place.
final class LsmCleaningTest {
  private static final int LOADS = 400;
  private static final int LOOKS_MAX = 20;
  private static final long NAP_NANOS = 1_000_000;

  private final MemoryFileSystem fs = StoreFixture.memory();

  private static Store open(FileSystem where) {
    return StoreFixture.openInline(
        where,
        StoreOptions.defaults()
            .withMemory(ByteSize.ofMebibytes(8))
            .withDurability(Durability.NONE)
            .withSegment(ByteSize.ofMebibytes(1)),
        new InlineBackground());
  }

  private static byte[] key(int i) {
    return ("key " + i).getBytes(StandardCharsets.US_ASCII);
  }

  private static void load(Keyspace keyspace, int i) {
    try (BulkLoad load = keyspace.bulkLoad()) {
      load.put(key(i), new byte[10]);
      load.commit();
    }
  }

  /**
   * Has another thread flush when this one is about to look for orphans, and holds that one where
   * its manifest has got a name but is not the newest yet.
   */
  private static final class Flushing {
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final CountDownLatch looked = new CountDownLatch(1);
    private @Nullable Store store;
    private @Nullable Thread thread;
    private volatile boolean renamed;

    void before(FileOperation operation) {
      if (Thread.currentThread() == thread) {
        beforeFlushing(operation);
      } else if (operation.kind() == FileOperation.Kind.LIST) {
        begin();
      } else if (operation.kind() == FileOperation.Kind.CREATE) {
        looked.countDown();
      }
    }

    private void beforeFlushing(FileOperation operation) {
      if (renamed && operation.kind() == FileOperation.Kind.SYNC_DIRECTORY) {
        try {
          looked.await();
        } catch (InterruptedException e) {
          failure.set(e);
        }
      }
      renamed |=
          operation.kind() == FileOperation.Kind.RENAME
              && operation.path().toString().contains(".manifest");
    }

    /** Waits until the flush is held, or waits for what this thread holds. */
    private void begin() {
      Store open = store;
      if (open == null) {
        return;
      }
      store = null;
      Thread flushing =
          Thread.ofPlatform()
              .uncaughtExceptionHandler((t, e) -> failure.set(e))
              .unstarted(open::flush);
      thread = flushing;
      flushing.start();
      for (int looks = 0; looks < LOOKS_MAX && flushing.isAlive(); looks++) {
        looks = flushing.getState() == Thread.State.RUNNABLE ? 0 : looks;
        LockSupport.parkNanos(NAP_NANOS);
      }
    }

    void end() throws InterruptedException {
      looked.countDown();
      assertNotNull(thread);
      thread.join();
      assertNull(failure.get());
      assertTrue(renamed, "no manifest was put in place");
    }
  }

  @Test
  void a_manifest_that_is_being_put_in_place_is_no_orphan() throws Exception {
    try (Store store = open(fs)) {
      // Each load is an edit: the manifest is longer than it should be.
      KeyspaceOptions small =
          KeyspaceOptions.of(EngineKind.LSM).withMemtable(ByteSize.ofKibibytes(64));
      Keyspace keyspace = store.keyspace("k", small);
      load(keyspace, 0);
      store.flush();
      for (int i = 1; i < LOADS; i++) {
        load(keyspace, i);
      }
    }
    Flushing flushing = new Flushing();
    try (Store store = open(new FaultFileSystem(fs, flushing::before))) {
      flushing.store = store;
      load(store.keyspace("k"), LOADS);
      flushing.end();
      try (Store recovered = open(fs.kill())) {
        assertEquals(LOADS + 1, recovered.keyspace("k").count());
      }
    }
  }

  /** Drops the keyspace, on another thread, when its manifest is about to be synced. */
  private static final class Dropping {
    private @Nullable Store store;
    private @Nullable Thread thread;

    void before(FileOperation operation) {
      Store open = store;
      if (open != null
          && operation.kind() == FileOperation.Kind.SYNC
          && operation.path().toString().contains(".manifest")) {
        store = null;
        Thread dropping = Thread.ofPlatform().start(() -> open.dropKeyspace("k"));
        thread = dropping;
        for (int looks = 0; looks < LOOKS_MAX && dropping.isAlive(); looks++) {
          looks = dropping.getState() == Thread.State.RUNNABLE ? 0 : looks;
          LockSupport.parkNanos(NAP_NANOS);
        }
      }
    }
  }

  @Test
  void what_only_the_log_names_is_no_orphan_of_a_keyspace_that_is_dropped() throws Exception {
    try (Store store = open(fs)) {
      load(store.keyspace("k", KeyspaceOptions.of(EngineKind.LSM)), 0);
      store.flush();
    }
    MemoryFileSystem left;
    // Loaded by a process that dies before its background gets to it.
    try (Store store = openIdle(fs)) {
      load(store.keyspace("k"), 1);
      store.sync();
      left = fs.kill();
    }
    Dropping dropping = new Dropping();
    try (Store store = open(new FaultFileSystem(left, dropping::before))) {
      dropping.store = store;
      store.flush();
      assertNotNull(dropping.thread);
      dropping.thread.join();
      try (Store recovered = open(left.crash(new CrashImage(1, CrashImage.Mode.SYNCED_ONLY)))) {
        recovered.findKeyspace("k").ifPresent(keyspace -> assertEquals(2, keyspace.count()));
      }
    }
  }

  /** Nothing runs in the background. */
  private static Store openIdle(MemoryFileSystem where) {
    Background idle =
        new Background() {
          @Override
          public void submit(Runnable work) {}

          @Override
          public void submitAfter(Duration delay, Runnable work) {}

          @Override
          public void close() {}
        };
    return StoreFixture.open(
        where,
        StoreOptions.defaults()
            .withMemory(ByteSize.ofMebibytes(8))
            .withDurability(Durability.NONE)
            .withSegment(ByteSize.ofMebibytes(1)),
        idle,
        Clock.SYSTEM);
  }
}
