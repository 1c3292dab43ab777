package dev.varve.engine.btree.heap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.base.Bytes;
import dev.varve.base.Clock;
import dev.varve.base.ReaderEpochs;
import dev.varve.cache.MemoryBudget;
import dev.varve.fs.OsFileSystem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Readers, pins and checks beside batches, on files.
final class HeapThreadsTest {
  private static final int OBJECTS = 300;
  private static final int BATCHES = 80;

  @TempDir @Nullable Path directory;

  private final AtomicReferenceArray<StoredObject> known = new AtomicReferenceArray<>(OBJECTS);
  private final AtomicBoolean stopped = new AtomicBoolean();
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private final AtomicLong reads = new AtomicLong();
  private final AtomicLong pinned = new AtomicLong();
  private final MemoryBudget budget = new MemoryBudget(Long.MAX_VALUE);

  private HeapEnvironment environment() {
    if (directory == null) {
      throw new AssertionError();
    }
    return new HeapEnvironment(
        OsFileSystem.INSTANCE,
        directory,
        HeapRun.STORE,
        HeapRun.KEYSPACE,
        Clock.SYSTEM,
        new ReaderEpochs(4),
        budget);
  }

  private static byte[] payload(int name, long version, int bytes) {
    byte[] payload = new byte[bytes];
    new SplittableRandom(name * 1_000_003L + version).nextBytes(payload);
    Bytes.putLong(payload, 0, name);
    Bytes.putLong(payload, 8, version);
    return payload;
  }

  private static void require(byte[] payload, int name) {
    long version = Bytes.getLong(payload, 8);
    byte[] expected = payload(name, version, payload.length);
    assertEquals(ByteBuffer.wrap(expected), ByteBuffer.wrap(payload), "object " + name);
  }

  private Thread start(Work work) {
    Thread thread =
        new Thread(
            () -> {
              try {
                while (!stopped.get()) {
                  work.run();
                }
              } catch (Throwable e) {
                failure.compareAndSet(null, e);
                stopped.set(true);
              }
            });
    thread.start();
    return thread;
  }

  private interface Work {
    void run() throws IOException;
  }

  private void readOne(Heap heap, HeapEnvironment environment, SplittableRandom random)
      throws IOException {
    int token = environment.epochs().enter();
    try {
      int name = random.nextInt(OBJECTS);
      StoredObject object = known.get(name);
      if (object != null) {
        require(heap.read(object), name);
        var _ = reads.incrementAndGet();
      }
    } finally {
      environment.epochs().exit(token);
    }
  }

  private void pinSome(Heap heap, SplittableRandom random) throws IOException {
    try (HeapPin pin = heap.pin()) {
      List<StoredObject> objects = heap.objects(ObjectKind.LEAF);
      for (int i = 0; i < 20 && !objects.isEmpty(); i++) {
        StoredObject object = objects.get(random.nextInt(objects.size()));
        require(heap.read(object), ByteBuffer.wrap(object.name()).getInt());
      }
      assertTrue(pin.cut() <= heap.cut());
      var _ = pinned.incrementAndGet();
    }
  }

  private void check(Heap heap) throws IOException {
    List<String> problems = new ArrayList<>(heap.validate());
    long read = heap.verify(problems::add);
    assertEquals(List.of(), problems);
    HeapStats stats = heap.stats();
    assertTrue(stats.fill() <= 1 && stats.liveBytes() >= stats.payloadBytes(), "" + stats);
    assertTrue(read == 0 || heap.state().length == 2 * Long.BYTES);
  }

  private void write(Heap heap, SplittableRandom random, long version) throws IOException {
    List<Integer> names = new ArrayList<>();
    List<StoredObject> stored = new ArrayList<>();
    try (HeapBatch batch = heap.begin()) {
      for (int name = random.nextInt(8); name < OBJECTS; name += 1 + random.nextInt(20)) {
        int bytes = 16 + random.nextInt(random.nextInt(10) == 0 ? 9000 : 600);
        byte[] id = ByteBuffer.allocate(4).putInt(name).array();
        StoredObject next =
            batch.store(ObjectKind.LEAF, id, payload(name, version, bytes), 0, bytes);
        StoredObject before = known.get(name);
        if (before != null) {
          batch.free(before);
        }
        int owned = name;
        next.own((from, to) -> assertTrue(known.compareAndSet(owned, from, to)));
        names.add(name);
        stored.add(next);
      }
      batch.defragment();
      batch.commit(version, new byte[0]);
    }
    for (int i = 0; i < names.size(); i++) {
      known.set(names.get(i), stored.get(i));
    }
  }

  @Test
  void readers_pins_and_checks_find_whole_objects_beside_batches()
      throws IOException, InterruptedException {
    HeapEnvironment environment = environment();
    SplittableRandom random = new SplittableRandom(Long.getLong("varve.seed", 6));
    byte[] state;
    try (Heap heap = Heap.create(environment, HeapRun.TINY)) {
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        SplittableRandom own = random.split();
        threads.add(start(() -> readOne(heap, environment, own)));
      }
      SplittableRandom own = random.split();
      threads.add(start(() -> pinSome(heap, own)));
      threads.add(start(() -> check(heap)));
      for (int version = 1; version <= BATCHES && !stopped.get(); version++) {
        write(heap, random, version);
      }
      stopped.set(true);
      for (Thread thread : threads) {
        thread.join();
      }
      if (failure.get() != null) {
        throw new AssertionError(failure.get());
      }
      assertTrue(reads.get() > 500 && pinned.get() > 5, reads + " reads, " + pinned + " pins");
      assertTrue(heap.stats().objectsMoved() > 0, "something was moved");
      assertEquals(List.of(), heap.validate());
      state = heap.state();
    }
    assertEquals(0, budget.used());
    try (Heap heap = Heap.open(environment, HeapRun.TINY, state)) {
      check(heap);
      for (StoredObject object : heap.objects(ObjectKind.LEAF)) {
        require(heap.read(object), ByteBuffer.wrap(object.name()).getInt());
      }
    }
  }
}
