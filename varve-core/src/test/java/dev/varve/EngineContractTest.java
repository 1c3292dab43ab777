package dev.varve;

import dev.varve.fs.MemoryFileSystem;
import dev.varve.kv.ByteSize;
import dev.varve.kv.CounterContract;
import dev.varve.kv.EngineKind;
import dev.varve.kv.KeyspaceContract;
import dev.varve.kv.ReadContract;
import dev.varve.kv.Store;
import dev.varve.kv.StoreOptions;
import dev.varve.store.StoreFixture;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// The contracts of keyspaces, for each engine, on files and in memory.
final class EngineContractTest {
  /** Where a store is, and how it is set up there. */
  enum Place {
    FILES,
    /** Short segments, three lanes and frequent flushes. */
    MEMORY;

    Store open(Path directory, MemoryFileSystem memory) {
      return switch (this) {
        case FILES -> Varve.open(directory.resolve("store"));
        case MEMORY ->
            StoreFixture.openThreaded(
                memory,
                StoreOptions.defaults()
                    .withLanes(3)
                    .withSegment(ByteSize.ofKibibytes(16))
                    .withCheckpointAfter(ByteSize.ofKibibytes(16)));
      };
    }
  }

  static Stream<Arguments> subjects() {
    return Arrays.stream(EngineKind.values())
        .flatMap(engine -> Arrays.stream(Place.values()).map(place -> Arguments.of(engine, place)));
  }

  @Nested
  @ParameterizedClass
  @MethodSource("dev.varve.EngineContractTest#subjects")
  final class Keyspaces extends KeyspaceContract {
    private final MemoryFileSystem memory = new MemoryFileSystem();
    @TempDir private Path directory;

    @Parameter(0)
    private EngineKind engine;

    @Parameter(1)
    private Place place;

    @Override
    protected EngineKind engine() {
      return engine;
    }

    @Override
    protected Store open() {
      return place.open(directory, memory);
    }
  }

  @Nested
  @ParameterizedClass
  @MethodSource("dev.varve.EngineContractTest#subjects")
  final class Counters extends CounterContract {
    private final MemoryFileSystem memory = new MemoryFileSystem();
    @TempDir private Path directory;

    @Parameter(0)
    private EngineKind engine;

    @Parameter(1)
    private Place place;

    @Override
    protected EngineKind engine() {
      return engine;
    }

    @Override
    protected Store open() {
      return place.open(directory, memory);
    }
  }

  @Nested
  @ParameterizedClass
  @MethodSource("dev.varve.EngineContractTest#subjects")
  final class Reads extends ReadContract {
    private final MemoryFileSystem memory = new MemoryFileSystem();
    @TempDir private Path directory;

    @Parameter(0)
    private EngineKind engine;

    @Parameter(1)
    private Place place;

    @Override
    protected EngineKind engine() {
      return engine;
    }

    @Override
    protected Store open() {
      return place.open(directory, memory);
    }
  }
}
