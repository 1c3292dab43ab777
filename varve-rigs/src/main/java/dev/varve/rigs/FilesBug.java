package dev.varve.rigs;

import dev.varve.engine.Engine;
import dev.varve.engine.EngineContext;
import dev.varve.engine.EngineCursor;
import dev.varve.engine.EngineServices;
import dev.varve.engine.Visibility;
import dev.varve.kv.CorruptionException;
import dev.varve.kv.KeyRange;
import dev.varve.kv.MutationReader;
import dev.varve.kv.ProgressListener;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Bugs of an engine with files, an LSM or a B+Tree, that a rig must find. They are in what the
/// engine is given, or around it.
enum FilesBug implements PlantedBug {
  /// Its files hold commits that the log could lose.
  LOG_NOT_SYNCED_BEFORE_FLUSH,
  /// Flushes and compactions drop revisions that an open snapshot reads.
  SNAPSHOTS_FORGOTTEN,
  /// A block, or a slot, that is damaged is taken for the end, or for an absent key.
  DAMAGE_TAKEN_FOR_THE_END,
  /// It says that its files hold what they do not: the log is given back before they do.
  FLUSHED_SAID_TOO_SOON,
  /// What is flushed is said to hold one commit more than it does, as where the first one behind a
  /// cut is taken for the last one before it.
  CUT_ONE_TOO_FAR,
  /// A range delete leaves out all but the first few keys of its range: further leaves are
  /// forgotten.
  RANGE_DELETE_FORGETS_LEAVES;

  /** So many keys of a range are in its first leaf. */
  private static final int FIRST_KEYS = 3;

  @Override
  public EngineContext given(EngineContext context) {
    return switch (this) {
      case DAMAGE_TAKEN_FOR_THE_END, FLUSHED_SAID_TOO_SOON, RANGE_DELETE_FORGETS_LEAVES -> context;
      case CUT_ONE_TOO_FAR -> {
        boolean[] within = new boolean[1];
        yield with(
            context, ahead(context.visibility(), within), between(context.services(), within));
      }
      case LOG_NOT_SYNCED_BEFORE_FLUSH ->
          with(context, context.visibility(), unsynced(context.services()));
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
    return switch (this) {
      case LOG_NOT_SYNCED_BEFORE_FLUSH, SNAPSHOTS_FORGOTTEN, CUT_ONE_TOO_FAR -> engine;
      case DAMAGE_TAKEN_FOR_THE_END -> blind(Engine.class, engine);
      case FLUSHED_SAID_TOO_SOON -> hasty(engine, context);
      case RANGE_DELETE_FORGETS_LEAVES -> forgetful(engine, context);
    };
  }

  private static Engine hasty(Engine real, EngineContext context) {
    return EngineBug.with(
        real,
        Map.of(
            "flushedThrough",
            arguments -> context.visibility().visibleThrough(),
            "flush",
            arguments -> flushNothing(real, (ProgressListener) arguments[1])));
  }

  private static byte[] flushNothing(Engine real, ProgressListener listener) {
    try {
      return real.flush(real.flushedThrough(), listener);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Engine forgetful(Engine real, EngineContext context) {
    return EngineBug.with(
        real,
        Map.of(
            "apply",
            arguments -> {
              MutationReader mutation = (MutationReader) arguments[1];
              boolean range = mutation.kind() == MutationReader.Kind.DELETE_RANGE;
              real.apply((Long) arguments[0], range ? shorter(real, mutation, context) : mutation);
              return null;
            }));
  }

  private static MutationReader shorter(
      Engine real, MutationReader mutation, EngineContext context) {
    KeyRange range = mutation.range();
    try (EngineCursor cursor = real.cursor(range, context.visibility().visibleThrough())) {
      boolean more = cursor.seekToFirst();
      for (int i = 0; i < FIRST_KEYS && more; i++) {
        more = cursor.next();
      }
      if (!more) {
        return mutation;
      }
      byte @Nullable [] from = range.from();
      byte[] to = cursor.key();
      KeyRange first = from == null ? KeyRange.lessThan(to) : KeyRange.of(from, to);
      return EngineBug.deleteRange(mutation.keyspace(), first);
    }
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

  /** Sees a commit more while nobody commits. */
  private static Visibility ahead(Visibility real, boolean[] within) {
    return EngineBug.with(
        Visibility.class,
        () -> real,
        Map.of("visibleThrough", arguments -> real.visibleThrough() + (within[0] ? 1 : 0)));
  }

  private static EngineServices between(EngineServices real, boolean[] within) {
    return EngineBug.with(
        EngineServices.class,
        () -> real,
        Map.of(
            "betweenCommits",
            arguments ->
                real.betweenCommits(
                    () -> {
                      within[0] = true;
                      ((Runnable) arguments[0]).run();
                      within[0] = false;
                    })));
  }

  private static EngineServices unsynced(EngineServices real) {
    return EngineBug.with(
        EngineServices.class,
        () -> real,
        Map.of("syncLog", arguments -> null, "beginLogSync", arguments -> null));
  }
}
