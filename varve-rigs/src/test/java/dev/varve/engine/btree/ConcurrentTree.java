package dev.varve.engine.btree;

import dev.varve.base.Background;
import dev.varve.base.Bytes;
import dev.varve.base.Clock;
import dev.varve.base.InlineBackground;
import dev.varve.base.RandomSource;
import dev.varve.base.ReaderEpochs;
import dev.varve.cache.BlockCache;
import dev.varve.cache.MemoryBudget;
import dev.varve.engine.Engine;
import dev.varve.engine.EngineContext;
import dev.varve.engine.EngineCursor;
import dev.varve.engine.EngineServices;
import dev.varve.engine.Visibility;
import dev.varve.engine.btree.heap.HeapSalvage;
import dev.varve.format.StoreId;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.EngineKind;
import dev.varve.kv.KeyRange;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.MutationReader;
import dev.varve.kv.MutationWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;

/// An engine BTREE with the least store around it: commits one after the other, of one mutation
/// each; keys and values are numbers. Nodes have three children, so that a few keys make a tree.
///
/// @threads safe
final class ConcurrentTree implements Visibility, EngineServices {
  private static final Path DIRECTORY = Path.of("/memory/store");
  private static final StoreId STORE = new StoreId(1, 2);
  private static final int PAUSE_SPINS = 5_000;

  private final MemoryFileSystem fs = MemoryFileSystem.withoutCrashes();
  private final MemoryBudget budget = new MemoryBudget(1L << 40);
  private final InlineBackground background = new InlineBackground();
  private final Engine engine;

  /** Whoever has it commits, or keeps others from it. */
  private final ReentrantLock commits = new ReentrantLock();

  /** One looks at files at a time, while nobody else writes them. */
  private final ReentrantLock files = new ReentrantLock();

  private final List<Long> pins = Collections.synchronizedList(new ArrayList<>());
  private volatile long visible;

  ConcurrentTree() {
    try {
      fs.createDirectories(DIRECTORY);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    EngineContext context =
        new EngineContext(
            1,
            "test",
            KeyspaceOptions.of(EngineKind.BTREE),
            fs,
            DIRECTORY,
            STORE,
            this,
            new ReaderEpochs(2),
            budget,
            background,
            new BlockCache(new MemoryBudget(Long.MAX_VALUE), 1 << 20),
            this,
            RandomSource.seeded(7),
            Clock.SYSTEM);
    engine = BtreeEngine.of(context, settings -> BtreeFixture.small(settings, 3));
  }

  private static byte[] bytes(int number) {
    byte[] bytes = new byte[4];
    Bytes.putInt(bytes, 0, Integer.reverseBytes(number));
    return bytes;
  }

  private static int number(byte[] bytes) {
    return Integer.reverseBytes(Bytes.getInt(bytes, 0));
  }

  private void commit(MutationWriter writer) {
    MutationReader reader = new MutationReader();
    commits.lock();
    try {
      long sequence = visible + 1;
      reader.reset(writer.array(), MutationWriter.HEADROOM_BYTES, writer.end());
      while (reader.next()) {
        engine.apply(sequence, reader);
      }
      engine.finish(sequence);
      visible = sequence;
    } finally {
      commits.unlock();
    }
  }

  void put(int key, int value) {
    MutationWriter writer = new MutationWriter(64);
    writer.put(1, bytes(key), bytes(value));
    commit(writer);
  }

  void delete(int key) {
    MutationWriter writer = new MutationWriter(64);
    writer.delete(1, bytes(key));
    commit(writer);
  }

  /// Deletes the keys from `from` on and before `to`.
  void deleteRange(int from, int to) {
    MutationWriter writer = new MutationWriter(64);
    writer.deleteRange(1, KeyRange.of(bytes(from), bytes(to)));
    commit(writer);
  }

  /// The value of a key, or -1.
  int get(int key) {
    byte[] value = engine.get(bytes(key), Engine.LATEST);
    return value == null ? -1 : number(value);
  }

  /// The least key that is not less than this one, or -1.
  int ceiling(int key) {
    long pin = pin();
    try (EngineCursor cursor = engine.cursor(KeyRange.all(), pin)) {
      return cursor.seek(bytes(key)) ? number(cursor.key()) : -1;
    } finally {
      pins.remove(pin);
    }
  }

  private long pin() {
    commits.lock();
    try {
      pins.add(visible);
      return visible;
    } finally {
      commits.unlock();
    }
  }

  /// Takes from memory what is not dirty.
  void evict() {
    boolean _ = budget.fits(budget.bytesMax() - 1);
  }

  /** Leaves others time to get in between. */
  private static boolean pause() {
    for (int i = 0; i < PAUSE_SPINS; i++) {
      Thread.onSpinWait();
    }
    return true;
  }

  /// Ends an epoch and writes it; answers what the files have of a key then, or -1.
  int flushed(int key) {
    files.lock();
    try {
      byte[] state = engine.flush(visible, progress -> pause());
      if (state.length == 0) {
        // There is no file yet, as there was no entry.
        return -1;
      }
      TreeMap<byte[], byte[]> found = new TreeMap<>(Arrays::compareUnsigned);
      List<String> losses = new ArrayList<>();
      BtreeSalvage.Result result =
          BtreeSalvage.run(
              new HeapSalvage.Source(fs, DIRECTORY, STORE, 1), state, found::put, losses::add);
      if (!result.whole()) {
        throw new AssertionError(losses.toString());
      }
      byte[] value = found.get(bytes(key));
      return value == null ? -1 : number(value);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      files.unlock();
    }
  }

  /// Throws where something is wrong, while nobody does anything.
  void check() {
    List<String> problems = engine.validate();
    if (!problems.isEmpty()) {
      throw new AssertionError(problems.toString());
    }
  }

  @Override
  public long visibleThrough() {
    return visible;
  }

  @Override
  public long oldestPinned() {
    synchronized (pins) {
      return pins.stream().mapToLong(pin -> pin).min().orElse(Long.MAX_VALUE);
    }
  }

  @Override
  public long newestPinned() {
    synchronized (pins) {
      return pins.stream().mapToLong(pin -> pin).max().orElse(-1);
    }
  }

  @Override
  public long[] readable() {
    synchronized (pins) {
      List<Long> all = new ArrayList<>(pins);
      all.add(visible);
      return all.stream().mapToLong(pin -> pin).sorted().distinct().toArray();
    }
  }

  @Override
  public boolean isStarted() {
    return true;
  }

  @Override
  public void submit(Runnable work) {}

  @Override
  public void submitAfter(Duration delay, Runnable work) {}

  @Override
  public Background longWork() {
    return background;
  }

  @Override
  public boolean betweenCommits(Runnable work) {
    commits.lock();
    try {
      work.run();
    } finally {
      commits.unlock();
    }
    return pause();
  }

  @Override
  public void syncLog(long through) {}

  @Override
  public void beginLogSync(long through) {}

  @Override
  public void flushed() {}

  @Override
  public void fail(Throwable cause) {
    throw new AssertionError(cause);
  }
}
