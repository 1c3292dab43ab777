package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.Background;
import dev.varve.base.Clock;
import dev.varve.base.InlineBackground;
import dev.varve.base.RandomSource;
import dev.varve.fs.CrashImage;
import dev.varve.fs.FaultFileSystem;
import dev.varve.fs.FileOperation;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.BulkLoad;
import dev.varve.kv.ByteSize;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.Store;
import dev.varve.kv.StoreClosedException;
import dev.varve.kv.StoreOptions;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// A flush that is under way when its store is closed, or when one of its keyspaces is dropped, is
/// no failure of the store, and leaves nothing half written; a check has nothing to complain of.
final class FlushRaceTest {
  private static final int ENTRIES = 50;
  private static final int LOOKS_MAX = 20;
  private static final long NAP_NANOS = 1_000_000;

  /** Where a closing waits for a flush: its own, or one in the background. */
  private static final Set<String> WAITS = Set.of("giveBackLast", "awaitIdle");

  private final MemoryFileSystem fs = StoreFixture.memory();

  private static byte[] b(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private static StoreOptions options() {
    return StoreOptions.defaults()
        .withDurability(Durability.NONE)
        .withSegment(ByteSize.ofKibibytes(8))
        .withCheckpointAfter(ByteSize.ofKibibytes(8))
        .withMemory(ByteSize.ofMebibytes(8));
  }

  /** Does something in the middle of the first operation of a kind on a file of a kind. */
  private static final class Once implements Consumer<FileOperation> {
    private final FileOperation.Kind kind;
    private final String file;
    private final Runnable deed;
    private boolean armed;

    Once(FileOperation.Kind kind, String file, Runnable deed) {
      this.kind = kind;
      this.file = file;
      this.deed = deed;
    }

    @Override
    public void accept(FileOperation operation) {
      if (armed && operation.kind() == kind && operation.path().toString().contains(file)) {
        armed = false;
        deed.run();
      }
    }
  }

  private static void fill(Keyspace keyspace) {
    for (int i = 0; i < ENTRIES; i++) {
      keyspace.put(b("key " + i), new byte[20]);
    }
  }

  /** Drops the keyspace, on another thread, before an operation on its files. */
  private static final class Dropping implements Consumer<FileOperation> {
    private @Nullable Store store;
    private @Nullable Thread thread;
    private int left;

    @Override
    public void accept(FileOperation operation) {
      Store open = store;
      if (open == null || !operation.path().toString().contains("ks-1-") || left-- > 0) {
        return;
      }
      store = null;
      Thread dropping = Thread.ofPlatform().start(() -> open.dropKeyspace("k"));
      thread = dropping;
      // Until it is done, or waits for what the flush holds.
      for (int looks = 0; looks < LOOKS_MAX && dropping.isAlive(); looks++) {
        looks = dropping.getState() == Thread.State.RUNNABLE ? 0 : looks;
        LockSupport.parkNanos(NAP_NANOS);
      }
    }
  }

  /** What goes on while a keyspace is dropped. */
  enum Work {
    FLUSH {
      @Override
      void run(Store store) {
        store.flush();
      }
    },
    VERIFICATION {
      @Override
      void run(Store store) {
        requireSound(store);
      }
    };

    abstract void run(Store store);
  }

  static Stream<Arguments> works() {
    return Arrays.stream(Work.values())
        .flatMap(work -> Arrays.stream(EngineKind.values()).map(kind -> Arguments.of(work, kind)));
  }

  @ParameterizedTest
  @MethodSource("works")
  void a_keyspace_that_is_dropped_in_the_middle_harms_nothing(Work work, EngineKind engine)
      throws Exception {
    int drops = 0;
    boolean dropped = true;
    while (dropped) {
      MemoryFileSystem own = StoreFixture.memory();
      Dropping dropping = new Dropping();
      try (Store store =
          StoreFixture.openInline(
              new FaultFileSystem(own, dropping), options(), new InlineBackground())) {
        Keyspace keyspace = store.keyspace("k", KeyspaceOptions.of(engine));
        fill(keyspace);
        store.flush();
        fill(keyspace);
        fill(store.keyspace("other", KeyspaceOptions.of(EngineKind.HASH)));
        dropping.left = drops++;
        dropping.store = store;
        work.run(store);
        dropped = dropping.store == null;
        dropping.store = null;
        if (work == Work.FLUSH) {
          requireWhole(own.crash(new CrashImage(drops, CrashImage.Mode.SYNCED_ONLY)));
        }
        if (dropping.thread != null) {
          dropping.thread.join();
        }
        store.keyspace("other").put(b("key 0"), new byte[1]);
        requireSound(store);
      }
      requireWhole(own);
    }
    assertTrue(drops > 3, "only " + drops + " operations on its files");
  }

  private static void requireSound(Store store) {
    assertEquals(List.of(), store.verify(true, ProgressListener.NONE).problems());
  }

  /** Whichever commit is the last: a keyspace that is there is there whole. */
  private static void requireWhole(MemoryFileSystem left) {
    try (Store store = StoreFixture.openInline(left, options(), new InlineBackground())) {
      store
          .findKeyspace("k")
          .ifPresent(keyspace -> assertEquals(ENTRIES, keyspace.count(), "of what was dropped"));
      assertEquals(ENTRIES, store.keyspace("other").count());
      requireSound(store);
    }
  }

  /** Runs nothing until it is told to, and is closed when nothing runs. */
  private record Held(Queue<Runnable> submitted, Consumer<Throwable> onFailure)
      implements Background {
    @Override
    public void submit(Runnable work) {
      submitted.add(work);
    }

    @Override
    public void submitAfter(Duration delay, Runnable work) {}

    void run() {
      synchronized (submitted) {
        for (Runnable next = submitted.poll(); next != null; next = submitted.poll()) {
          try {
            next.run();
          } catch (RuntimeException failure) {
            onFailure.accept(failure);
          }
        }
      }
    }

    private void awaitIdle() {
      synchronized (submitted) {
        submitted.clear();
      }
    }

    @Override
    public void close() {
      awaitIdle();
    }
  }

  /** A store that another thread closes in the middle of a flush. */
  private final class Closing {
    private final List<Held> background = new ArrayList<>();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final CountDownLatch ended = new CountDownLatch(1);
    private final Once once = new Once(FileOperation.Kind.WRITE, ".sst", this::begin);
    private final Store store;
    private final Keyspace keyspace;

    /** What is in memory, and behind it files that a bulk load wrote. */
    Closing() {
      StoreEnvironment environment =
          new StoreEnvironment(
              new FaultFileSystem(fs, once),
              Clock.SYSTEM,
              RandomSource.seeded(1),
              this::background,
              StoreFixture.engines(),
              false);
      store =
          StoreOpener.open(environment, StoreFixture.DIRECTORY, options(), ProgressListener.NONE);
      keyspace = store.keyspace("k", KeyspaceOptions.of(EngineKind.LSM));
      keyspace.put(b("in memory"), b("v"));
      try (BulkLoad load = keyspace.bulkLoad()) {
        load.put(b("loaded"), b("v"));
        load.commit();
      }
      once.armed = true;
    }

    private Background background(Consumer<Throwable> onFailure) {
      Held held = new Held(new ConcurrentLinkedQueue<>(), onFailure);
      background.add(held);
      return held;
    }

    /** The closing is as far as it goes when it waits for the flush. */
    private void begin() {
      Thread thread = Thread.ofPlatform().start(this::close);
      while (Arrays.stream(thread.getStackTrace())
          .noneMatch(frame -> WAITS.contains(frame.getMethodName()))) {
        Thread.onSpinWait();
      }
    }

    private void close() {
      try {
        store.close();
      } catch (RuntimeException e) {
        failure.set(e);
      }
      ended.countDown();
    }

    void requireClosed(int entries) throws InterruptedException {
      assertFalse(once.armed);
      ended.await();
      assertNull(failure.get());
      assertEquals(List.of(), fs.openFiles());
      try (Store again = StoreFixture.openInline(fs, options(), new InlineBackground())) {
        assertTrue(again.recovery().clean());
        assertEquals(entries, again.keyspace("k").count());
      }
    }
  }

  @Test
  void whoever_flushes_while_another_closes_is_told_that_the_store_is_closed() throws Exception {
    Closing closing = new Closing();
    assertThrows(StoreClosedException.class, closing.store::flush);
    closing.requireClosed(2);
  }

  @Test
  void a_flush_in_the_background_that_a_closing_overtakes_is_no_failure() throws Exception {
    Closing closing = new Closing();
    // What the engine had asked for by itself.
    closing.background.forEach(Held::awaitIdle);
    closing.keyspace.put(b("as much log as makes a flush due"), new byte[20_000]);
    closing.background.forEach(Held::run);
    closing.requireClosed(3);
  }
}
