package dev.varve;

import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.ByteSize;
import dev.varve.kv.EngineKind;
import dev.varve.kv.KeyspaceContract;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import dev.varve.store.StoreFixture;
import java.nio.file.Path;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

/// The contract of keyspaces, for each engine, on files and in memory.
final class EngineContractTest {
  @Nested
  final class ArrayOnFiles extends OnFiles {
    @Override
    protected EngineKind engine() {
      return EngineKind.ARRAY;
    }
  }

  @Nested
  final class RedBlackTreeOnFiles extends OnFiles {
    @Override
    protected EngineKind engine() {
      return EngineKind.RBTREE;
    }
  }

  @Nested
  final class HashOnFiles extends OnFiles {
    @Override
    protected EngineKind engine() {
      return EngineKind.HASH;
    }
  }

  @Nested
  final class ArrayInMemory extends InMemory {
    @Override
    protected EngineKind engine() {
      return EngineKind.ARRAY;
    }
  }

  @Nested
  final class RedBlackTreeInMemory extends InMemory {
    @Override
    protected EngineKind engine() {
      return EngineKind.RBTREE;
    }
  }

  @Nested
  final class HashInMemory extends InMemory {
    @Override
    protected EngineKind engine() {
      return EngineKind.HASH;
    }
  }

  abstract static class OnFiles extends KeyspaceContract {
    @TempDir private Path directory;

    @Override
    protected Store open() {
      return Varve.open(directory.resolve("store"));
    }
  }

  /** Short segments, three lanes and frequent flushes. */
  abstract static class InMemory extends KeyspaceContract {
    private final MemoryFileSystem fs = new MemoryFileSystem();

    @Override
    protected Store open() {
      return StoreFixture.openThreaded(
          fs,
          StoreOptions.defaults()
              .withLanes(3)
              .withSegment(ByteSize.ofKibibytes(16))
              .withCheckpointAfter(ByteSize.ofKibibytes(16)));
    }
  }
}
