package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.fs.CrashImage;
import dev.varve.fs.Fault;
import dev.varve.fs.FaultFileSystem;
import dev.varve.fs.FaultRule;
import dev.varve.fs.FileOperation.Kind;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.ByteSize;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.KeyRange;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.LimitException;
import dev.varve.kv.Store;
import dev.varve.kv.StoreClosedException;
import dev.varve.kv.StoreFailedException;
import dev.varve.kv.StoreOptions;
import dev.varve.kv.VarveException;
import dev.varve.kv.WriteBatch;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Single faults and unlucky moments that must not cost what was acknowledged, nor hang anybody.
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class StoreHazardTest {
  private final MemoryFileSystem memory = new MemoryFileSystem();

  private static byte[] b(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static StoreOptions options() {
    return StoreOptions.defaults()
        .withMemory(ByteSize.ofMebibytes(64))
        .withSegment(ByteSize.ofKibibytes(64));
  }

  /** Has the `n`-th write to a segment of the log be refused. */
  private FaultFileSystem refusing(int n, Fault.Errno error) {
    AtomicInteger writes = new AtomicInteger();
    AtomicReference<FaultFileSystem> fs = new AtomicReference<>();
    fs.set(
        new FaultFileSystem(
            memory,
            op -> {
              if (op.kind() == Kind.WRITE
                  && op.path().toString().endsWith(".seg")
                  && writes.incrementAndGet() == n) {
                fs.get()
                    .with(
                        FaultRule.when(FaultRule.index(op.index())).then(new Fault.Refused(error)));
              }
            }));
    return fs.get();
  }

  @ParameterizedTest
  @EnumSource(names = {"EIO", "ENOSPC"})
  void one_refused_write_of_the_log_loses_nothing_acknowledged_and_hangs_nobody(Fault.Errno error) {
    for (int n = 1; n <= 24; n++) {
      new StoreHazardTest().writeWithFault(n, error);
    }
  }

  private void writeWithFault(int n, Fault.Errno error) {
    List<String> acknowledged = new ArrayList<>();
    Store store = StoreFixture.openThreaded(refusing(n, error), options());
    for (int i = 0; i < 12; i++) {
      try {
        Keyspace keyspace = store.keyspace("k");
        keyspace.put(b("key" + i), new byte[20_000], Durability.SYNC);
        acknowledged.add("key" + i);
      } catch (VarveException refused) {
        assertNotNull(refused.getMessage());
      }
    }
    try {
      store.close();
    } catch (StoreFailedException failed) {
      assertNotNull(failed.getCause());
    }
    for (CrashImage.Mode mode : List.of(CrashImage.Mode.SYNCED_ONLY, CrashImage.Mode.ALL)) {
      MemoryFileSystem after = memory.crash(new CrashImage(n, mode));
      try (Store again = StoreFixture.openThreaded(after, options())) {
        Keyspace keyspace = again.keyspace("k");
        for (String key : acknowledged) {
          assertNotNull(keyspace.get(b(key)), key + " after write " + n + " met " + error);
        }
      }
    }
  }

  @Test
  void a_range_with_an_end_longer_than_any_key_is_refused_before_anything_is_written() {
    byte[] end = new byte[70_000];
    Arrays.fill(end, (byte) 0xFF);
    try (Store store = StoreFixture.openThreaded(memory, options())) {
      Keyspace keyspace = store.keyspace("k", KeyspaceOptions.of(EngineKind.RBTREE));
      keyspace.put(b("a"), b("1"));
      assertThrows(LimitException.class, () -> keyspace.deleteRange(KeyRange.of(b("a"), end)));
      assertThrows(
          LimitException.class,
          () -> new WriteBatch().deleteRange(keyspace, KeyRange.atLeast(end)));
      keyspace.put(b("b"), b("2"));
      assertEquals(2, keyspace.count());
    }
    try (Store store = StoreFixture.openThreaded(memory, options())) {
      assertEquals(2, store.keyspace("k").count());
    }
  }

  @Test
  void writing_to_a_closed_store_makes_no_files() throws Exception {
    try (Store store = StoreFixture.openThreaded(memory, options())) {
      store.keyspace("k").put(b("a"), b("1"));
    }
    Store store = StoreFixture.openThreaded(memory, options());
    Keyspace keyspace = store.keyspace("k");
    store.close();
    List<String> files = memory.list(StoreFixture.DIRECTORY);
    assertThrows(StoreClosedException.class, () -> keyspace.put(b("b"), b("2")));
    assertThrows(StoreClosedException.class, () -> store.write(new WriteBatch()));
    assertEquals(files, memory.list(StoreFixture.DIRECTORY));
    assertEquals(List.of(), memory.openFiles());
  }

  @Test
  void a_close_that_fails_gives_the_lock_back() {
    FaultFileSystem fs = new FaultFileSystem(memory);
    Store store = StoreFixture.openThreaded(fs, options());
    store.keyspace("k").put(b("a"), b("1"));
    fs.with(FaultRule.when(FaultRule.path("CATALOG.*")).then(new Fault.Refused(Fault.Errno.EIO)));
    assertThrows(StoreFailedException.class, store::close);
    fs.heal();
    try (Store again = StoreFixture.openThreaded(fs, options())) {
      assertArrayEquals(b("1"), again.keyspace("k").get(b("a")));
    }
  }

  @Test
  void a_close_waits_for_the_flush_that_is_under_way() throws Exception {
    CountDownLatch flushing = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    FaultFileSystem fs =
        new FaultFileSystem(
            memory,
            op -> {
              if (op.kind() == Kind.CREATE && op.path().toString().contains(".snap")) {
                flushing.countDown();
                awaitQuietly(go);
              }
            });
    Store store = StoreFixture.openThreaded(fs, options());
    store.keyspace("k").put(b("a"), b("1"));
    CompletableFuture<Void> flush =
        CompletableFuture.runAsync(store::flush, Thread::startVirtualThread);
    awaitQuietly(flushing);
    CompletableFuture<Void> close =
        CompletableFuture.runAsync(store::close, Thread::startVirtualThread);
    while (true) {
      try {
        store.sync();
      } catch (StoreClosedException closing) {
        break;
      }
    }
    assertFalse(close.isDone(), "files are still written");
    go.countDown();
    flush.get(30, TimeUnit.SECONDS);
    close.get(30, TimeUnit.SECONDS);
    try (Store again = StoreFixture.openThreaded(memory, options())) {
      assertArrayEquals(b("1"), again.keyspace("k").get(b("a")));
    }
  }

  @Test
  void flushes_that_take_long_do_not_keep_periodic_syncs_waiting() {
    CountDownLatch go = new CountDownLatch(1);
    FaultFileSystem fs =
        new FaultFileSystem(
            memory,
            op -> {
              if (op.kind() == Kind.CREATE && op.path().toString().contains(".snap")) {
                awaitQuietly(go);
              }
            });
    StoreOptions options =
        options()
            .withDurability(Durability.PERIODIC)
            .withPeriodicInterval(Duration.ofMillis(10))
            .withCheckpointAfter(ByteSize.ofKibibytes(64));
    try (Store store = StoreFixture.openThreaded(fs, options)) {
      Keyspace keyspace = store.keyspace("k");
      for (int i = 0; i < 200; i++) {
        keyspace.put(b("same"), new byte[10_000]);
      }
      keyspace.put(b("last"), b("1"));
      long sequence = store.stats().visibleThrough();
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
      while (store.stats().durableThrough() < sequence && System.nanoTime() < end) {
        Thread.onSpinWait();
      }
      assertTrue(store.stats().durableThrough() >= sequence, "" + store.stats());
      go.countDown();
    } finally {
      go.countDown();
    }
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      assertTrue(latch.await(30, TimeUnit.SECONDS));
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
