package dev.varve.engine.lsm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.varve.base.Background;
import dev.varve.base.Clock;
import dev.varve.base.InlineBackground;
import dev.varve.base.RandomSource;
import dev.varve.base.ReaderEpochs;
import dev.varve.cache.BlockCache;
import dev.varve.cache.MemoryBudget;
import dev.varve.engine.EngineContext;
import dev.varve.engine.EngineServices;
import dev.varve.engine.Visibility;
import dev.varve.engine.lsm.compaction.CompactionFailure;
import dev.varve.format.StoreId;
import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.EngineKind;
import dev.varve.kv.KeyspaceOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class LsmCompactionTest {
  private final List<Throwable> failures = new ArrayList<>();
  private final MemoryBudget budget = new MemoryBudget(64 << 20);

  /** A store that is told of what fails it. */
  private final class Services implements EngineServices {
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
      return new InlineBackground();
    }

    @Override
    public boolean betweenCommits(Runnable work) {
      work.run();
      return true;
    }

    @Override
    public void syncLog(long through) {}

    @Override
    public void beginLogSync(long through) {}

    @Override
    public void flushed() {}

    @Override
    public void fail(Throwable cause) {
      failures.add(cause);
    }
  }

  /** Nothing is visible. */
  private record Nothing() implements Visibility {
    @Override
    public long visibleThrough() {
      return 0;
    }

    @Override
    public long oldestPinned() {
      return Long.MAX_VALUE;
    }

    @Override
    public long newestPinned() {
      return -1;
    }

    @Override
    public long[] readable() {
      return new long[] {0};
    }
  }

  private LsmCompaction compaction() {
    EngineContext context =
        new EngineContext(
            1,
            "test",
            KeyspaceOptions.of(EngineKind.LSM),
            new MemoryFileSystem(),
            Path.of("/memory"),
            new StoreId(1, 2),
            new Nothing(),
            new ReaderEpochs(2),
            budget,
            new InlineBackground(),
            new BlockCache(budget, 1 << 20),
            new Services(),
            RandomSource.seeded(7),
            Clock.SYSTEM);
    LsmSettings settings = LsmSettings.of(context.options(), budget.bytesMax());
    LsmState state = new LsmState(budget, context.epochs(), context.services());
    return new LsmCompaction(context, settings, state, new LsmFiles(context, settings, state));
  }

  @Test
  void a_failure_that_is_final_fails_the_store_and_another_does_not() {
    LsmCompaction compaction = compaction();
    IOException passing = new IOException("a block cannot be read");
    compaction.failed(new CompactionFailure(List.of(1L), 1, passing, false));
    assertEquals(List.of(), failures);
    assertSame(passing, compaction.failure());
    Throwable last = new IllegalStateException("the version is unknown");
    compaction.failed(new CompactionFailure(List.of(1L), 1, last, true));
    assertEquals(List.of(last), failures);
  }
}
