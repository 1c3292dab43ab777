package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.Bytes;
import dev.varve.fs.CrashImage;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.ByteSize;
import dev.varve.kv.Durability;
import dev.varve.kv.EngineKind;
import dev.varve.kv.Keyspace;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.Snapshot;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import dev.varve.kv.StoreStats;
import dev.varve.kv.WriteBatch;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/// Many threads commit batches to an LSM keyspace at once, and share syncs.
final class GroupCommitTest {
  private static final int THREADS = 32;
  private static final int BATCHES = 40;
  private static final int VALUE_BYTES = 120;

  private final MemoryFileSystem fs = new MemoryFileSystem();
  private final AtomicReference<Throwable> wrong = new AtomicReference<>();

  private static StoreOptions options() {
    return StoreOptions.defaults()
        .withMemory(ByteSize.ofMebibytes(8))
        .withSegment(ByteSize.ofMebibytes(1))
        .withDurability(Durability.GROUP);
  }

  private static byte[] key(int thread, int i) {
    byte[] key = new byte[8];
    Bytes.putInt(key, 0, thread);
    Bytes.putInt(key, 4, i);
    return key;
  }

  /** A value that says which batch of its thread it is of. */
  private static byte[] value(int i) {
    byte[] value = new byte[VALUE_BYTES];
    Bytes.putInt(value, 0, i);
    return value;
  }

  private static int batchOf(byte[] value) {
    return Bytes.getInt(value, 0);
  }

  private Thread writer(Store store, Keyspace keyspace, int thread, CountDownLatch start) {
    return new Thread(
        () -> {
          try {
            start.await();
            for (int i = 1; i <= BATCHES; i++) {
              store.write(
                  new WriteBatch()
                      .put(keyspace, key(thread, i), value(i))
                      .put(keyspace, key(thread, 0), value(i))
                      .put(keyspace, key(thread, -1), value(i)));
            }
          } catch (Throwable e) {
            wrong.compareAndSet(null, e);
          }
        },
        "writer " + thread);
  }

  /** Looks whether batches are whole, and in the order of their thread. */
  private Thread reader(Store store, Keyspace keyspace, CountDownLatch done) {
    return new Thread(
        () -> {
          int[] last = new int[THREADS];
          try {
            while (done.getCount() > 0) {
              try (Snapshot snapshot = store.snapshot()) {
                for (int thread = 0; thread < THREADS; thread++) {
                  last[thread] = check(keyspace, snapshot, thread, last[thread]);
                }
              }
            }
          } catch (Throwable e) {
            wrong.compareAndSet(null, e);
          }
        },
        "reader");
  }

  private static int check(Keyspace keyspace, Snapshot snapshot, int thread, int before) {
    byte[] first = keyspace.at(snapshot).get(key(thread, 0));
    assertArrayEquals(first, keyspace.at(snapshot).get(key(thread, -1)), "half a batch");
    if (first == null) {
      assertEquals(0, before);
      return 0;
    }
    int now = batchOf(first);
    assertTrue(now >= before, () -> now + " after " + before);
    assertTrue(keyspace.at(snapshot).contains(key(thread, now)));
    assertNull(keyspace.at(snapshot).get(key(thread, now + 1)));
    return now;
  }

  @Test
  void nothing_is_lost_and_each_thread_sees_its_order() throws Exception {
    CountDownLatch start = new CountDownLatch(1);
    CountDownLatch done = new CountDownLatch(1);
    try (Store store = StoreFixture.openThreaded(fs, options())) {
      Keyspace keyspace =
          store.keyspace(
              "all", KeyspaceOptions.of(EngineKind.LSM).withMemtable(ByteSize.ofKibibytes(64)));
      List<Thread> writers = new ArrayList<>();
      for (int thread = 0; thread < THREADS; thread++) {
        writers.add(writer(store, keyspace, thread, start));
      }
      Thread reader = reader(store, keyspace, done);
      writers.forEach(Thread::start);
      reader.start();
      start.countDown();
      for (Thread thread : writers) {
        thread.join();
      }
      done.countDown();
      reader.join();
      assertNull(wrong.get(), () -> String.valueOf(wrong.get()));
      StoreStats stats = store.stats();
      assertEquals(1 + THREADS * BATCHES, stats.commits());
      assertEquals(stats.visibleThrough(), stats.durableThrough());
      checkAll(keyspace);
      // The power goes now: what was acknowledged is there.
      MemoryFileSystem after = fs.crash(new CrashImage(1, CrashImage.Mode.SYNCED_ONLY));
      try (Store again = StoreFixture.openThreaded(after, options())) {
        checkAll(again.keyspace("all"));
      }
    }
  }

  private static void checkAll(Keyspace keyspace) {
    for (int thread = 0; thread < THREADS; thread++) {
      for (int i = 1; i <= BATCHES; i++) {
        assertArrayEquals(value(i), keyspace.get(key(thread, i)));
      }
      assertArrayEquals(value(BATCHES), keyspace.get(key(thread, 0)));
      assertArrayEquals(value(BATCHES), keyspace.get(key(thread, -1)));
    }
  }
}
