package dev.varve.store;

import dev.varve.base.Background;
import dev.varve.base.BackgroundThreads;
import dev.varve.base.Clock;
import dev.varve.base.RandomSource;
import dev.varve.engine.EngineRegistry;
import dev.varve.fs.FileSystem;
import java.util.function.Consumer;
import java.util.function.Function;

/// What a store needs of the world.
///
/// @param fileSystem where its files are
/// @param clock the time
/// @param random for identities and hash keys
/// @param background makes what runs its background work, given where that reports failures
/// @param engines makes its engines
/// @param ephemeral whether the store is gone with the process, so that nothing need be written for
///   a reopen
public record StoreEnvironment(
    FileSystem fileSystem,
    Clock clock,
    RandomSource random,
    Function<Consumer<Throwable>, Background> background,
    EngineRegistry engines,
    boolean ephemeral) {

  /**
   * Of each kind of background work: a segment is made while others are synced, a store is flushed
   * while an engine writes what is full, two compactions run.
   */
  private static final int BACKGROUND_THREADS = 2;

  /// The real world, but for its files.
  public static StoreEnvironment system(
      FileSystem fileSystem, EngineRegistry engines, boolean ephemeral) {
    return new StoreEnvironment(
        fileSystem,
        Clock.SYSTEM,
        RandomSource.secure(),
        onFailure -> new BackgroundThreads("varve-background", BACKGROUND_THREADS, onFailure),
        engines,
        ephemeral);
  }
}
