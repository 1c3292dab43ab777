package dev.varve.rigs;

import dev.varve.base.Background;
import dev.varve.engine.Engine;
import dev.varve.engine.EngineContext;
import dev.varve.engine.EngineCursor;
import dev.varve.engine.EngineServices;
import dev.varve.engine.Visibility;
import dev.varve.kv.CorruptionException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// Bugs of an LSM that a rig must find. They are in what the engine is given, or around it.
enum LsmBug implements PlantedBug {
  NONE,
  /// Sstables and manifests hold commits that the log could lose.
  LOG_NOT_SYNCED_BEFORE_FLUSH,
  /// Flushes and compactions drop revisions that an open snapshot reads.
  SNAPSHOTS_FORGOTTEN,
  /// A block that is damaged is taken for the end, or for an absent key.
  DAMAGE_TAKEN_FOR_THE_END;

  @Override
  public EngineContext given(EngineContext context) {
    return switch (this) {
      case NONE, DAMAGE_TAKEN_FOR_THE_END -> context;
      case LOG_NOT_SYNCED_BEFORE_FLUSH ->
          with(context, context.visibility(), new Unsynced(context.services()));
      case SNAPSHOTS_FORGOTTEN ->
          with(context, new Forgetful(context.visibility()), context.services());
    };
  }

  private static EngineContext with(
      EngineContext context, Visibility visibility, EngineServices services) {
    return new EngineContext(
        context.keyspace(),
        context.name(),
        context.options(),
        context.fileSystem(),
        context.directory(),
        context.store(),
        visibility,
        context.epochs(),
        context.budget(),
        context.background(),
        context.cache(),
        services,
        context.random(),
        context.clock());
  }

  @Override
  public Engine around(Engine engine, EngineContext context) {
    return this == DAMAGE_TAKEN_FOR_THE_END ? blind(Engine.class, engine) : engine;
  }

  /** Answers "nothing there" where damage is found. */
  private static <T> T blind(Class<T> type, T real) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> blindly(real, method, arguments)));
  }

  private static @Nullable Object blindly(Object real, Method method, Object @Nullable [] arguments)
      throws Throwable {
    try {
      @Nullable Object answer = method.invoke(real, arguments);
      return answer instanceof EngineCursor cursor ? blind(EngineCursor.class, cursor) : answer;
    } catch (InvocationTargetException e) {
      if (!(e.getCause() instanceof CorruptionException)) {
        throw e.getCause();
      }
      return switch (method.getName()) {
        case "get" -> null;
        case "seekToFirst", "seekToLast", "seek", "seekForPrevious", "next", "previous" -> false;
        default -> throw e.getCause();
      };
    }
  }

  /** Sees no pins. */
  private record Forgetful(Visibility real) implements Visibility {
    @Override
    public long visibleThrough() {
      return real.visibleThrough();
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
      return new long[] {real.visibleThrough()};
    }
  }

  /** Syncs no log. */
  private record Unsynced(EngineServices real) implements EngineServices {
    @Override
    public boolean isStarted() {
      return real.isStarted();
    }

    @Override
    public void submit(Runnable work) {
      real.submit(work);
    }

    @Override
    public void submitAfter(Duration delay, Runnable work) {
      real.submitAfter(delay, work);
    }

    @Override
    public Background longWork() {
      return real.longWork();
    }

    @Override
    public boolean betweenCommits(Runnable work) {
      return real.betweenCommits(work);
    }

    @Override
    public void syncLog(long through) {}

    @Override
    public void beginLogSync(long through) {}

    @Override
    public void flushed() {
      real.flushed();
    }

    @Override
    public void fail(Throwable cause) {
      real.fail(cause);
    }
  }
}
