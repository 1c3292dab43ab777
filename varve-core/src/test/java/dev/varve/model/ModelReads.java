package dev.varve.model;

import dev.varve.kv.Limits;
import java.util.List;
import java.util.SortedMap;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/// What a model answers to questions.
///
/// @threads one at a time
final class ModelReads {
  private final ModelStore store;
  private final ModelHandles handles;

  ModelReads(ModelStore store, ModelHandles handles) {
    this.store = store;
    this.handles = handles;
  }

  static boolean isKey(byte[] key) {
    return key.length >= 1 && key.length <= Limits.KEY_BYTES_MAX;
  }

  /** What is wrong with a view, or null. */
  private @Nullable String problem(Operation.View view) {
    @Nullable ModelKeyspace keyspace = store.find(view.keyspace());
    if (keyspace == null) {
      return Answers.noKeyspace(view.keyspace());
    }
    if (view.snapshot() == Operation.View.NOW) {
      return null;
    }
    ModelHandles.@Nullable Moment held = handles.snapshot(view.snapshot());
    if (held == null) {
      return Answers.noSnapshot(view.snapshot());
    }
    return !held.isOurs() || held.number() < keyspace.createdAt() ? Answers.USAGE : null;
  }

  private ModelHandles.Moment moment(Operation.View view) {
    ModelHandles.@Nullable Moment held = handles.snapshot(view.snapshot());
    return held == null ? handles.moment(store.newest()) : held;
  }

  String answer(Operation.Read read) {
    @Nullable String problem = problem(read.view());
    @Nullable ModelKeyspace keyspace = store.find(read.view().keyspace());
    if (problem != null || keyspace == null) {
      return String.valueOf(problem);
    }
    long at = moment(read.view()).number();
    return switch (read) {
      case Operation.Get(Operation.View _, byte[] key) ->
          isKey(key) ? Answers.bytes(keyspace.get(key, at)) : Answers.LIMIT;
      case Operation.Contains(Operation.View _, byte[] key) ->
          isKey(key) ? "" + (keyspace.get(key, at) != null) : Answers.LIMIT;
      case Operation.GetAll(Operation.View _, List<byte[]> keys) -> getAll(keyspace, keys, at);
      case Operation.End(Operation.View _, Span span, boolean first) ->
          keyspace.isOrdered()
              ? entry(
                  keyspace,
                  first
                      ? keyspace.keyFrom(null, false, span, at)
                      : keyspace.keyTo(null, false, span, at),
                  at)
              : Answers.USAGE;
      case Operation.Neighbour(Operation.View _, byte[] key, boolean below) ->
          neighbour(keyspace, key, below, at);
      case Operation.Count(Operation.View _, Span span) ->
          takes(keyspace, span) ? "" + keyspace.entries(span, at).size() : Answers.USAGE;
      case Operation.Empty _ -> "" + keyspace.entries(Span.ALL, at).isEmpty();
      case Operation.Entries(Operation.View _, Span span, int limit) ->
          takes(keyspace, span)
              ? Answers.entries(keyspace.entries(span, at), limit, keyspace.isOrdered())
              : Answers.USAGE;
    };
  }

  /** Whether the engine takes a span. */
  private static boolean takes(ModelKeyspace keyspace, Span span) {
    return keyspace.isOrdered() || span.isAll();
  }

  private static String getAll(ModelKeyspace keyspace, List<byte[]> keys, long at) {
    if (!keys.stream().allMatch(ModelReads::isKey)) {
      return Answers.LIMIT;
    }
    StringJoiner values = new StringJoiner(" ", "[", "]");
    keys.forEach(key -> values.add(Answers.bytes(keyspace.get(key, at))));
    return values.toString();
  }

  private static String neighbour(ModelKeyspace keyspace, byte[] key, boolean below, long at) {
    if (!isKey(key)) {
      return Answers.LIMIT;
    }
    if (!keyspace.isOrdered()) {
      return Answers.USAGE;
    }
    return entry(
        keyspace,
        below ? keyspace.keyTo(key, true, Span.ALL, at) : keyspace.keyFrom(key, true, Span.ALL, at),
        at);
  }

  private static String entry(ModelKeyspace keyspace, byte @Nullable [] key, long at) {
    byte @Nullable [] value = key == null ? null : keyspace.get(key, at);
    return key == null || value == null ? Answers.bytes(null) : Answers.entry(key, value);
  }

  String answer(Operation.Handle handle) {
    return switch (handle) {
      case Operation.OpenSnapshot(int snapshot) -> openSnapshot(snapshot);
      case Operation.CloseSnapshot(int snapshot) ->
          handles.closeSnapshot(snapshot) ? Answers.DONE : Answers.noSnapshot(snapshot);
      case Operation.OpenCursor(int cursor, Operation.View view, Span span) ->
          openCursor(cursor, view, span);
      case Operation.CloseCursor(int cursor) ->
          handles.closeCursor(cursor) ? Answers.DONE : Answers.noCursor(cursor);
    };
  }

  String openSnapshot(int snapshot) {
    handles.openSnapshot(snapshot, store.newest());
    return Answers.DONE;
  }

  private String openCursor(int cursor, Operation.View view, Span span) {
    boolean _ = handles.closeCursor(cursor);
    @Nullable String problem = problem(view);
    @Nullable ModelKeyspace keyspace = store.find(view.keyspace());
    if (problem != null || keyspace == null) {
      return String.valueOf(problem);
    }
    if (!takes(keyspace, span)) {
      return Answers.USAGE;
    }
    handles.openCursor(cursor, new ModelCursor(keyspace, span, moment(view)));
    return Answers.DONE;
  }

  String answer(Operation.Move move) {
    @Nullable ModelCursor cursor = handles.cursor(move.cursor());
    return cursor == null ? Answers.noCursor(move.cursor()) : cursor.answer(move);
  }

  /// What the snapshot of a number shows of the keyspaces that there still are.
  String held(int snapshot) {
    ModelHandles.@Nullable Moment held = handles.snapshot(snapshot);
    if (held == null) {
      return Answers.noSnapshot(snapshot);
    }
    SortedMap<String, SortedMap<byte[], byte[]>> seen = store.everything(held.number());
    seen.keySet()
        .removeIf(name -> !held.isOurs() || store.find(name) != store.find(name, held.number()));
    return Answers.everything(seen);
  }
}
