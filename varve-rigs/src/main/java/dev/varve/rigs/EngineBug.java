package dev.varve.rigs;

import dev.varve.engine.Engine;
import dev.varve.engine.EngineContext;
import dev.varve.engine.EngineCursor;
import dev.varve.kv.KeyRange;
import dev.varve.kv.MutationReader;
import dev.varve.kv.MutationWriter;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Bugs that any engine could have, around one that has none: each for the metamorphic rig to find.
enum EngineBug implements PlantedBug {
  /// A read of a key that was just overwritten answers what was there before.
  STALE_READ {
    @Override
    public Engine around(Engine real, EngineContext context) {
      Overwritten last = new Overwritten();
      return with(
          real,
          Map.of(
              "apply",
              arguments -> {
                last.note(real, (MutationReader) arguments[1]);
                return pass(real, arguments);
              },
              "get",
              arguments -> {
                byte[] key = (byte[]) arguments[0];
                long sequence = (Long) arguments[1];
                byte @Nullable [] stale =
                    sequence == Engine.LATEST && Arrays.equals(key, last.key) ? last.value : null;
                return stale == null ? real.get(key, sequence) : stale;
              }));
    }
  },
  /// A range that is deleted takes the key at its end along.
  RANGE_END_INCLUSIVE {
    @Override
    public Engine around(Engine real, EngineContext context) {
      return with(
          real,
          Map.of(
              "apply",
              arguments -> {
                MutationReader mutation = (MutationReader) arguments[1];
                if (mutation.kind() != MutationReader.Kind.DELETE_RANGE) {
                  return pass(real, arguments);
                }
                real.apply((Long) arguments[0], longer(mutation));
                return null;
              }));
    }
  },
  /// A snapshot answers a get with what was written after it.
  SNAPSHOT_SEES_LATER_WRITES {
    @Override
    public Engine around(Engine real, EngineContext context) {
      return with(real, Map.of("get", arguments -> real.get((byte[]) arguments[0], Engine.LATEST)));
    }
  },
  /// A cursor is of the moment when it is first moved.
  CURSOR_BEGINS_LATE {
    @Override
    public Engine around(Engine real, EngineContext context) {
      return with(
          real, Map.of("cursor", arguments -> late(real, (KeyRange) arguments[0], context)));
    }
  },
  /// A cursor that turns back leaves an entry out.
  CURSOR_SKIPS_AFTER_TURN {
    @Override
    public Engine around(Engine real, EngineContext context) {
      return with(real, Map.of("cursor", arguments -> skipping(opened(real, arguments))));
    }
  },
  /// To seek backwards for a key that is there leads to the one before.
  SEEK_FOR_PREVIOUS_IS_STRICT {
    @Override
    public Engine around(Engine real, EngineContext context) {
      return with(real, Map.of("cursor", arguments -> strict(opened(real, arguments))));
    }
  },
  /// Whoever takes the first entry away leaves it in the count.
  COUNT_OFF_AFTER_POP {
    @Override
    public Engine around(Engine real, EngineContext context) {
      long[] popped = new long[1];
      return with(
          real,
          Map.of(
              "apply",
              arguments -> {
                long now = context.visibility().visibleThrough();
                popped[0] += deletesFirst(real, now, (MutationReader) arguments[1]) ? 1 : 0;
                return pass(real, arguments);
              },
              "count",
              arguments -> real.count() + popped[0]));
    }
  },
  /// What recovery replays has no deletes.
  DELETE_LOST_OVER_REOPEN {
    @Override
    public Engine around(Engine real, EngineContext context) {
      return with(
          real,
          Map.of(
              "apply",
              arguments -> {
                MutationReader mutation = (MutationReader) arguments[1];
                boolean lost =
                    mutation.kind() == MutationReader.Kind.DELETE
                        && !context.services().isStarted();
                return lost ? null : pass(real, arguments);
              }));
    }
  },
  /// Of several mutations of a key in one commit the first counts.
  FIRST_OF_A_COMMIT_WINS {
    @Override
    public Engine around(Engine real, EngineContext context) {
      Seen seen = new Seen();
      return with(
          real,
          Map.of(
              "apply",
              arguments ->
                  seen.before((Long) arguments[0], (MutationReader) arguments[1])
                      ? null
                      : pass(real, arguments)));
    }
  };

  /** A call that is not simply passed on. */
  interface Call {
    @Nullable Object answer(Object[] arguments);
  }

  /** Something of which some calls are answered by others. */
  static <T> T with(Class<T> type, Supplier<T> real, Map<String, Call> others) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> {
              Call other = others.get(method.getName());
              if (other != null) {
                return other.answer(arguments == null ? new Object[0] : arguments);
              }
              try {
                return method.invoke(real.get(), arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            }));
  }

  static Engine with(Engine real, Map<String, Call> others) {
    return with(Engine.class, () -> real, others);
  }

  private static @Nullable Object pass(Engine real, Object[] apply) {
    real.apply((Long) apply[0], (MutationReader) apply[1]);
    return null;
  }

  private static EngineCursor opened(Engine real, Object[] cursor) {
    return real.cursor((KeyRange) cursor[0], (Long) cursor[1]);
  }

  /** A key that was put last, and what it was before; nothing where it was absent. */
  private static final class Overwritten {
    private byte @Nullable [] key;
    private byte @Nullable [] value;

    void note(Engine engine, MutationReader mutation) {
      key = null;
      if (mutation.kind() == MutationReader.Kind.PUT) {
        key = mutation.key();
        value = engine.get(mutation.key(), Engine.LATEST);
      }
    }
  }

  /** The keys that a commit had so far. */
  private static final class Seen {
    private final TreeSet<byte[]> keys = new TreeSet<>(Arrays::compareUnsigned);
    private long commit = -1;

    boolean before(long sequence, MutationReader mutation) {
      if (sequence != commit) {
        commit = sequence;
        keys.clear();
      }
      return switch (mutation.kind()) {
        case PUT, DELETE -> !keys.add(mutation.key());
        case DELETE_RANGE, CREATE_KEYSPACE, DROP_KEYSPACE, INGEST -> false;
      };
    }
  }

  private static MutationReader longer(MutationReader mutation) {
    KeyRange range = mutation.range();
    byte @Nullable [] from = range.from();
    byte @Nullable [] to = range.to();
    KeyRange longer =
        to == null ? range : from == null ? KeyRange.atMost(to) : KeyRange.closed(from, to);
    return deleteRange(mutation.keyspace(), longer);
  }

  /** A mutation that deletes a range. */
  static MutationReader deleteRange(int keyspace, KeyRange range) {
    MutationWriter writer = new MutationWriter(0);
    writer.deleteRange(keyspace, range);
    MutationReader reader = new MutationReader();
    boolean _ = reader.reset(writer.array(), MutationWriter.HEADROOM_BYTES, writer.end()).next();
    return reader;
  }

  private static boolean deletesFirst(Engine engine, long now, MutationReader mutation) {
    if (mutation.kind() != MutationReader.Kind.DELETE) {
      return false;
    }
    try (EngineCursor cursor = engine.cursor(KeyRange.all(), now)) {
      return cursor.seekToFirst() && Arrays.equals(cursor.key(), mutation.key());
    }
  }

  /** Opened by the first call, whatever it is. */
  private static EngineCursor late(Engine engine, KeyRange range, EngineContext context) {
    EngineCursor[] opened = new EngineCursor[1];
    return with(
        EngineCursor.class,
        () -> {
          EngineCursor cursor = opened[0];
          if (cursor == null) {
            cursor = engine.cursor(range, context.visibility().visibleThrough());
            opened[0] = cursor;
          }
          return cursor;
        },
        Map.of());
  }

  private static EngineCursor skipping(EngineCursor real) {
    boolean[] back = new boolean[1];
    return with(
        EngineCursor.class,
        () -> real,
        Map.of(
            "previous",
            arguments -> {
              back[0] = true;
              return real.previous();
            },
            "next",
            arguments -> {
              boolean turns = back[0];
              back[0] = false;
              return real.next() && (!turns || real.next());
            }));
  }

  private static EngineCursor strict(EngineCursor real) {
    return with(
        EngineCursor.class,
        () -> real,
        Map.of(
            "seekForPrevious",
            arguments -> {
              byte[] key = (byte[]) arguments[0];
              boolean found = real.seekForPrevious(key);
              return (found && Arrays.equals(real.key(), key)) ? real.previous() : found;
            }));
  }
}
