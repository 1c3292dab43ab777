package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.StoreGuard;
import dev.varve.Varve;
import dev.varve.base.InlineBackground;
import dev.varve.fs.CrashImage;
import dev.varve.fs.FileSystem;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.fs.OsFileSystem;
import dev.varve.kv.ByteSize;
import dev.varve.kv.Cursor;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.ProgressListener;
import dev.varve.kv.Snapshot;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Many threads on one store, with segments so short that they roll and are used again: what each
/// was told holds afterwards, on files and after power cuts taken while they run.
///
/// `-Dvarve.seed=N` repeats the choices that the threads make; how they interleave is up to the
/// machine.
@ExtendWith(StoreGuard.class)
final class ThreadsTest {
  private static final long SEED = Long.getLong("varve.seed", 1);
  private static final List<EngineKind> ENGINES = List.of(EngineKind.values());
  private static final int THREADS = 6;
  private static final int STEPS = 250;
  private static final int COUNTERS = 3;

  private static StoreOptions options(int lanes) {
    return StoreOptions.defaults()
        .withLanes(lanes)
        .withSegment(ByteSize.ofKibibytes(4))
        .withCheckpointAfter(ByteSize.ofKibibytes(24));
  }

  private static byte[] b(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] number(long value) {
    return ByteBuffer.allocate(Long.BYTES).putLong(value).array();
  }

  private static long number(byte[] value) {
    return value == null ? 0 : ByteBuffer.wrap(value).getLong();
  }

  /** Writers, one who flushes and one who reads, on one store. */
  private static final class Run {
    private final Store store;
    private final List<Keyspace> keyspaces = new ArrayList<>();

    /** For each thread the last step that was acknowledged, and the last that was so durably. */
    final AtomicLongArray done = new AtomicLongArray(THREADS);

    final AtomicLongArray durable = new AtomicLongArray(THREADS);
    final AtomicLongArray swaps = new AtomicLongArray(COUNTERS);
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final AtomicBoolean stop = new AtomicBoolean();
    private final AtomicLong writing = new AtomicLong(THREADS);

    Run(Store store) {
      this.store = store;
      for (EngineKind engine : ENGINES) {
        keyspaces.add(store.keyspace("" + engine, KeyspaceOptions.of(engine)));
      }
    }

    List<Thread> start() {
      List<Thread> threads = new ArrayList<>();
      for (int t = 0; t < THREADS; t++) {
        int me = t;
        threads.add(thread(() -> write(me)));
      }
      threads.add(thread(this::flush));
      threads.add(thread(this::read));
      return threads;
    }

    private Thread thread(Runnable work) {
      return Thread.ofPlatform()
          .start(
              () -> {
                try {
                  work.run();
                } catch (Throwable e) {
                  failure.compareAndSet(null, e);
                  stop.set(true);
                }
              });
    }

    void finish(List<Thread> threads) throws InterruptedException {
      for (Thread thread : threads) {
        thread.join();
      }
      if (failure.get() != null) {
        throw new AssertionError("seed " + SEED, failure.get());
      }
    }

    /** A thread's steps go to its own key, one after the other, and to shared counters. */
    private void write(int me) {
      SplittableRandom random = new SplittableRandom(SEED * 31 + me);
      Keyspace own = keyspaces.get(me % ENGINES.size());
      for (long step = 1; step <= STEPS && !stop.get(); step++) {
        Durability[] levels = Durability.values();
        Durability level = levels[random.nextInt(levels.length)];
        own.put(b("own " + me), number(step), level);
        done.set(me, step);
        if (level == Durability.SYNC || level == Durability.GROUP) {
          durable.set(me, step);
        }
        if (random.nextInt(4) == 0) {
          int counter = random.nextInt(COUNTERS);
          byte[] key = b("counter " + counter);
          byte[] before = keyspaces.get(counter).get(key);
          if (keyspaces
              .get(counter)
              .compareAndSet(key, before, number(number(before) + 1))
              .isSwapped()) {
            swaps.incrementAndGet(counter);
          }
        }
      }
      if (writing.decrementAndGet() == 0) {
        stop.set(true);
      }
    }

    private void flush() {
      while (!stop.get()) {
        store.flush();
      }
    }

    /** What is read never goes back, and a snapshot stands still. */
    private void read() {
      long[] last = new long[THREADS];
      while (!stop.get()) {
        for (int t = 0; t < THREADS; t++) {
          long now = number(keyspaces.get(t % ENGINES.size()).get(b("own " + t)));
          assertTrue(now >= last[t], "thread " + t + " went back from " + last[t] + " to " + now);
          last[t] = now;
        }
        try (Snapshot snapshot = store.snapshot()) {
          var view = keyspaces.get(ENGINES.indexOf(EngineKind.RBTREE)).at(snapshot);
          assertEquals(contents(view.cursor()), contents(view.cursor()));
        }
      }
    }

    private static List<String> contents(Cursor cursor) {
      try (cursor) {
        List<String> contents = new ArrayList<>();
        for (boolean valid = cursor.seekToFirst(); valid; valid = cursor.next()) {
          contents.add(
              new String(cursor.key(), StandardCharsets.UTF_8) + "=" + number(cursor.value()));
        }
        return contents;
      }
    }
  }

  private static long own(Store store, int thread) {
    return store
        .findKeyspace("" + ENGINES.get(thread % ENGINES.size()))
        .map(keyspace -> number(keyspace.get(b("own " + thread))))
        .orElse(0L);
  }

  private static void runAndReopen(FileSystem fs, Path directory, int lanes) throws Exception {
    Run run;
    long sequence;
    try (Store store = Varve.open(fs, directory, options(lanes), ProgressListener.NONE)) {
      run = new Run(store);
      run.finish(run.start());
      sequence = store.stats().visibleThrough();
      assertNull(store.stats().lastFlushFailure());
      assertTrue(store.verify().isSound());
    }
    try (Store store = Varve.open(fs, directory, options(lanes), ProgressListener.NONE)) {
      assertTrue(store.recovery().clean());
      assertEquals(sequence, store.recovery().lastSequence());
      for (int t = 0; t < THREADS; t++) {
        assertEquals(STEPS, own(store, t), "thread " + t);
      }
      for (int counter = 0; counter < COUNTERS; counter++) {
        Keyspace keyspace = store.keyspace("" + ENGINES.get(counter));
        assertEquals(
            run.swaps.get(counter),
            number(keyspace.get(b("counter " + counter))),
            "a counter is the number of swaps that succeeded, seed " + SEED);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void what_threads_were_told_holds_after_a_reopen_in_memory(int lanes) throws Exception {
    MemoryFileSystem fs = new MemoryFileSystem();
    runAndReopen(fs, StoreFixture.DIRECTORY, lanes);
    assertEquals(List.of(), fs.openFiles());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void what_threads_were_told_holds_after_a_reopen_on_files(int lanes, @TempDir Path directory)
      throws Exception {
    runAndReopen(OsFileSystem.INSTANCE, directory.resolve("store"), lanes);
  }

  /** What had been acknowledged when the power was cut, and what the cut left. */
  private record Cut(long[] durable, long[] doneAfter, CrashImage image, MemoryFileSystem left) {}

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void a_power_cut_while_threads_run_leaves_a_prefix_with_what_was_acknowledged(int lanes)
      throws Exception {
    MemoryFileSystem fs = new MemoryFileSystem();
    SplittableRandom random = new SplittableRandom(SEED);
    List<Cut> cuts = new ArrayList<>();
    try (Store store =
        Varve.open(fs, StoreFixture.DIRECTORY, options(lanes), ProgressListener.NONE)) {
      Run run = new Run(store);
      List<Thread> threads = run.start();
      CrashImage.Mode[] modes = CrashImage.Mode.values();
      // On a busy machine the threads may be done before the first cut: it is taken all the same.
      do {
        CrashImage image = new CrashImage(random.nextLong(), modes[cuts.size() % modes.length]);
        long[] durable = copy(run.durable);
        MemoryFileSystem left = fs.crash(image);
        // A step that was under way may have been taken, but not one after it.
        cuts.add(new Cut(durable, copy(run.done), image, left));
        Thread.sleep(random.nextInt(8));
      } while (cuts.size() < 40 && !run.stop.get());
      run.finish(threads);
    }
    for (Cut cut : cuts) {
      String where = cut.image + ", seed " + SEED;
      try (Store store =
          StoreFixture.openInline(cut.left, options(lanes), new InlineBackground())) {
        for (int t = 0; t < THREADS; t++) {
          long found = own(store, t);
          assertTrue(
              found >= cut.durable[t],
              "thread " + t + " has " + found + " of " + cut.durable[t] + ", " + where);
          assertTrue(
              found <= cut.doneAfter[t] + 1,
              "thread " + t + " has " + found + " after " + cut.doneAfter[t] + ", " + where);
        }
      } catch (RuntimeException e) {
        throw new AssertionError(where, e);
      }
    }
  }

  private static long[] copy(AtomicLongArray array) {
    long[] copy = new long[array.length()];
    for (int i = 0; i < copy.length; i++) {
      copy[i] = array.get(i);
    }
    return copy;
  }

  /// One thread alternates between two keyspaces: the one order is seen across them.
  @Test
  void a_power_cut_never_leaves_a_later_commit_without_an_earlier_one() throws Exception {
    MemoryFileSystem fs = new MemoryFileSystem();
    AtomicBoolean stop = new AtomicBoolean();
    List<MemoryFileSystem> cuts = new ArrayList<>();
    try (Store store = Varve.open(fs, StoreFixture.DIRECTORY, options(3), ProgressListener.NONE)) {
      Keyspace first = store.keyspace("first");
      Keyspace second = store.keyspace("second", KeyspaceOptions.of(EngineKind.HASH));
      Thread writer =
          Thread.ofPlatform()
              .start(
                  () -> {
                    for (long i = 1; !stop.get(); i++) {
                      first.put(b("n"), number(i), Durability.NONE);
                      second.put(b("n"), number(i), Durability.NONE);
                    }
                  });
      CrashImage.Mode[] modes = CrashImage.Mode.values();
      for (int i = 0; i < 30; i++) {
        cuts.add(fs.crash(new CrashImage(SEED + i, modes[i % modes.length])));
        Thread.sleep(5);
      }
      stop.set(true);
      writer.join();
    }
    for (MemoryFileSystem cut : cuts) {
      try (Store store = StoreFixture.openInline(cut, options(3), new InlineBackground())) {
        long first = number(store.findKeyspace("first").map(k -> k.get(b("n"))).orElse(null));
        long second = number(store.findKeyspace("second").map(k -> k.get(b("n"))).orElse(null));
        assertTrue(first == second || first == second + 1, first + " and " + second);
      }
    }
  }
}
