package dev.varve.engine;

import dev.varve.base.Clock;
import dev.varve.base.InlineBackground;
import dev.varve.base.RandomSource;
import dev.varve.base.ReaderEpochs;
import dev.varve.cache.BlockCache;
import dev.varve.cache.MemoryBudget;
import dev.varve.format.StoreId;
import dev.varve.fs.FileSystem;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.EngineKind;
import dev.varve.kv.KeyRange;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.MutationReader;
import dev.varve.kv.MutationWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.LongStream;

/// An engine without a store: commits are made and pins set by hand.
public final class EngineFixture implements Visibility {
  public static final Path DIRECTORY = Path.of("/memory/store");

  public final MemoryBudget budget;
  public final EngineContext context;
  public final Engine engine;
  private final TreeMap<Long, Integer> pins = new TreeMap<>();
  private final MutationWriter writer = new MutationWriter(64);
  private final MutationReader reader = new MutationReader();
  private int looksLeft;
  private boolean before;
  private Runnable afterLooks = () -> {};
  private Runnable afterCommit = () -> {};
  private volatile long visible;
  private volatile long oldest = Long.MAX_VALUE;
  private volatile long newest = -1;

  public EngineFixture(EngineKind kind, Function<EngineContext, Engine> factory) {
    this(kind, factory, new MemoryFileSystem());
  }

  public EngineFixture(
      EngineKind kind, Function<EngineContext, Engine> factory, FileSystem fileSystem) {
    this(kind, factory, fileSystem, new MemoryBudget(Long.MAX_VALUE));
  }

  public EngineFixture(
      EngineKind kind,
      Function<EngineContext, Engine> factory,
      FileSystem fileSystem,
      MemoryBudget budget) {
    this(kind, factory, fileSystem, budget, new InlineServices());
  }

  private EngineFixture(
      EngineKind kind,
      Function<EngineContext, Engine> factory,
      FileSystem fileSystem,
      MemoryBudget budget,
      EngineServices services) {
    this.budget = budget;
    try {
      fileSystem.createDirectories(DIRECTORY);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    context =
        new EngineContext(
            1,
            "test",
            KeyspaceOptions.of(kind),
            fileSystem,
            DIRECTORY,
            new StoreId(1, 2),
            this,
            new ReaderEpochs(2),
            budget,
            new InlineBackground(),
            new BlockCache(new MemoryBudget(Long.MAX_VALUE), 1 << 20),
            services,
            RandomSource.seeded(7),
            Clock.SYSTEM);
    engine = factory.apply(context);
  }

  /// An engine whose work in the background is done between commits.
  public static EngineFixture stepping(
      EngineKind kind,
      Function<EngineContext, Engine> factory,
      FileSystem fileSystem,
      MemoryBudget budget) {
    SteppingServices services = new SteppingServices();
    EngineFixture fixture = new EngineFixture(kind, factory, fileSystem, budget, services);
    fixture.afterCommit = services::run;
    return fixture;
  }

  public EngineFixture put(byte[] key, byte[] value) {
    writer.put(1, key, value);
    return this;
  }

  public EngineFixture delete(byte[] key) {
    writer.delete(1, key);
    return this;
  }

  public EngineFixture deleteRange(KeyRange range) {
    writer.deleteRange(1, range);
    return this;
  }

  /// Applies what was written so far, without making it visible; answers its number.
  public long apply() {
    long sequence = visible + 1;
    reader.reset(writer.array(), MutationWriter.HEADROOM_BYTES, writer.end());
    while (reader.next()) {
      engine.apply(sequence, reader);
    }
    engine.finish(sequence);
    writer.clear();
    return sequence;
  }

  /// Makes what was applied visible.
  public void publish(long sequence) {
    visible = sequence;
  }

  /// Makes one commit of what was written so far.
  public long commit() {
    long sequence = apply();
    publish(sequence);
    afterCommit.run();
    return sequence;
  }

  public synchronized long pin() {
    newest = Long.MAX_VALUE;
    long pin = visible;
    pins.merge(pin, 1, Integer::sum);
    note();
    return pin;
  }

  public synchronized void unpin(long pin) {
    pins.merge(pin, -1, (a, b) -> a + b == 0 ? null : a + b);
    note();
  }

  private void note() {
    oldest = pins.isEmpty() ? Long.MAX_VALUE : pins.firstKey();
    newest = pins.isEmpty() ? -1 : pins.lastKey();
  }

  /// Has `work` run, once, on the thread that looks at what is visible for the `looks`-th time from
  /// now, behind its look.
  public void afterLooks(int looks, Runnable work) {
    looksLeft = looks;
    afterLooks = work;
  }

  /// As [#afterLooks], just before the look.
  public void beforeLooks(int looks, Runnable work) {
    afterLooks(looks, work);
    before = true;
  }

  @Override
  public long visibleThrough() {
    if (before && looksLeft == 1) {
      before = false;
      looksLeft = 0;
      afterLooks.run();
    }
    long seen = visible;
    if (looksLeft > 0 && --looksLeft == 0) {
      afterLooks.run();
    }
    return seen;
  }

  @Override
  public long oldestPinned() {
    return oldest;
  }

  @Override
  public long newestPinned() {
    return newest;
  }

  @Override
  public synchronized long[] readable() {
    return LongStream.concat(pins.keySet().stream().mapToLong(p -> p), LongStream.of(visible))
        .distinct()
        .toArray();
  }
}
