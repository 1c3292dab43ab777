package dev.varve.model;

import dev.varve.kv.Limits;
import dev.varve.kv.SwapResult;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// What writes do to a model, and what they answer.
///
/// @threads one at a time
final class ModelWrites {
  /** What a write of one key comes to: a new value, null for absent, or no commit at all. */
  private record Decision(boolean commits, byte @Nullable [] value, String answer) {
    static Decision nothing(String answer) {
      return new Decision(false, null, answer);
    }

    static Decision set(byte @Nullable [] value, String answer) {
      return new Decision(true, value, answer);
    }
  }

  private final ModelStore store;

  ModelWrites(ModelStore store) {
    this.store = store;
  }

  private String decide(String name, byte[] key, Function<byte @Nullable [], Decision> write) {
    @Nullable ModelKeyspace keyspace = store.find(name);
    if (keyspace == null) {
      return Answers.noKeyspace(name);
    }
    if (!ModelReads.isKey(key)) {
      return Answers.LIMIT;
    }
    Decision decision = write.apply(keyspace.get(key, store.newest()));
    if (decision.commits) {
      keyspace.set(key, decision.value, store.next());
      store.commit();
    }
    return decision.answer;
  }

  /// A step that writes.
  String answer(Step.Change change) {
    return switch (change) {
      case Step.Put put ->
          decide(put.keyspace(), put.key(), current -> Decision.set(put.value(), Answers.DONE));
      case Step.Delete delete ->
          decide(delete.keyspace(), delete.key(), current -> Decision.set(null, Answers.DONE));
      case Step.DeleteRange range -> batch(List.of(range));
    };
  }

  String putIfAbsent(Step.PutIfAbsent put) {
    return decide(
        put.keyspace(),
        put.key(),
        current ->
            current == null
                ? Decision.set(put.value(), Answers.bytes(null))
                : Decision.nothing(Answers.bytes(current)));
  }

  String swap(Step.Swap swap) {
    byte @Nullable [] updated = swap.updated();
    return decide(
        swap.keyspace(),
        swap.key(),
        current -> {
          if (!Arrays.equals(current, swap.expected())) {
            return Decision.nothing(Answers.swap(new SwapResult.Refused(current, updated)));
          }
          boolean commits = current != null || updated != null;
          return new Decision(
              commits, updated, Answers.swap(new SwapResult.Swapped(current, updated)));
        });
  }

  String answer(Operation.Write write) {
    return switch (write) {
      case Operation.Replace replace ->
          decide(
              replace.keyspace(),
              replace.key(),
              current ->
                  current == null
                      ? Decision.nothing(Answers.bytes(null))
                      : Decision.set(replace.value(), Answers.bytes(current)));
      case Operation.Remove remove ->
          decide(
              remove.keyspace(),
              remove.key(),
              current ->
                  current == null
                      ? Decision.nothing(Answers.bytes(null))
                      : Decision.set(null, Answers.bytes(current)));
      case Operation.Update update ->
          decide(update.keyspace(), update.key(), current -> updated(current, update.more()));
      case Operation.Increment increment ->
          decide(
              increment.keyspace(),
              increment.key(),
              current -> incremented(current, increment.delta()));
      case Operation.Pop pop -> pop(pop);
    };
  }

  private static Decision updated(byte @Nullable [] current, byte[] more) {
    byte @Nullable [] updated = longer(current, more);
    boolean commits = current != null || updated != null;
    return new Decision(commits, updated, Answers.bytes(updated));
  }

  /// What an update makes of a value.
  static byte @Nullable [] longer(byte @Nullable [] current, byte[] more) {
    int length = current == null ? 0 : current.length;
    if (length + more.length > Operation.UPDATED_BYTES_MAX) {
      return null;
    }
    byte[] updated =
        current == null ? new byte[more.length] : Arrays.copyOf(current, length + more.length);
    System.arraycopy(more, 0, updated, length, more.length);
    return updated;
  }

  private static Decision incremented(byte @Nullable [] current, long delta) {
    if (current != null && current.length != Long.BYTES) {
      return Decision.nothing(Answers.USAGE);
    }
    long before = current == null ? 0 : ByteBuffer.wrap(current).getLong();
    long sum = before + delta;
    if (delta < 0 ? sum > before : sum < before) {
      return Decision.nothing(Answers.LIMIT);
    }
    if (delta == 0) {
      return Decision.nothing("" + sum);
    }
    return Decision.set(ByteBuffer.allocate(Long.BYTES).putLong(sum).array(), "" + sum);
  }

  private String pop(Operation.Pop pop) {
    @Nullable ModelKeyspace keyspace = store.find(pop.keyspace());
    if (keyspace == null) {
      return Answers.noKeyspace(pop.keyspace());
    }
    if (!keyspace.isOrdered()) {
      return Answers.USAGE;
    }
    long now = store.newest();
    byte @Nullable [] key =
        pop.first()
            ? keyspace.keyFrom(null, false, Span.ALL, now)
            : keyspace.keyTo(null, false, Span.ALL, now);
    byte @Nullable [] value = key == null ? null : keyspace.get(key, now);
    if (key == null || value == null) {
      return Answers.bytes(null);
    }
    keyspace.set(key, null, store.next());
    store.commit();
    return Answers.entry(key, value);
  }

  /// All changes in one commit, or none.
  String batch(List<? extends Step.Change> changes) {
    for (Step.Change change : changes) {
      if (store.find(change.keyspace()) == null) {
        return Answers.noKeyspace(change.keyspace());
      }
    }
    for (Step.Change change : changes) {
      @Nullable String refused = refused(change);
      if (refused != null) {
        return refused;
      }
    }
    boolean commits = false;
    for (Step.Change change : changes) {
      commits |= apply(change);
    }
    if (commits) {
      store.commit();
    }
    return Answers.DONE;
  }

  /** Why a change is not taken, or null. */
  private @Nullable String refused(Step.Change change) {
    return switch (change) {
      case Step.Put put -> ModelReads.isKey(put.key()) ? null : Answers.LIMIT;
      case Step.Delete delete -> ModelReads.isKey(delete.key()) ? null : Answers.LIMIT;
      case Step.DeleteRange range -> refused(range);
    };
  }

  private @Nullable String refused(Step.DeleteRange range) {
    byte @Nullable [] from = range.from();
    byte @Nullable [] to = range.to();
    if (!store.isOrdered(range.keyspace()) && (from != null || to != null)) {
      return Answers.USAGE;
    }
    boolean tooLong =
        (from != null && from.length > Limits.KEY_BYTES_MAX)
            || (to != null && to.length > Limits.KEY_BYTES_MAX);
    return tooLong && !isEmpty(from, to) ? Answers.LIMIT : null;
  }

  private static boolean isEmpty(byte @Nullable [] from, byte @Nullable [] to) {
    return to != null
        && (to.length == 0 || (from != null && Arrays.compareUnsigned(from, to) >= 0));
  }

  /** Answers whether there is anything to commit. */
  private boolean apply(Step.Change change) {
    @Nullable ModelKeyspace keyspace = store.find(change.keyspace());
    if (keyspace == null) {
      return false;
    }
    switch (change) {
      case Step.Put put -> keyspace.set(put.key(), put.value(), store.next());
      case Step.Delete delete -> keyspace.set(delete.key(), null, store.next());
      case Step.DeleteRange(String _, byte[] from, byte[] to) -> {
        if (isEmpty(from, to)) {
          return false;
        }
        keyspace.clear(from, to, store.next());
      }
    }
    return true;
  }

  /// A load that is committed or not.
  String load(Step.Load load, boolean committed) {
    if (store.find(load.keyspace()) == null) {
      return Answers.noKeyspace(load.keyspace());
    }
    if (!load.puts().stream().allMatch(put -> ModelReads.isKey(put.key()))) {
      return Answers.LIMIT;
    }
    return committed ? batch(load.puts()) : Answers.DONE;
  }

  String create(String name) {
    int length = name.getBytes(StandardCharsets.UTF_8).length;
    if (length < 1 || length > Limits.NAME_BYTES_MAX) {
      return Answers.LIMIT;
    }
    if (store.find(name) == null) {
      store.create(name);
    }
    return Answers.DONE;
  }

  String drop(String name) {
    @Nullable ModelKeyspace keyspace = store.find(name);
    if (keyspace == null) {
      return Answers.USAGE;
    }
    store.drop(keyspace);
    return Answers.DONE;
  }
}
