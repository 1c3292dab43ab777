package dev.varve.model;

import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// Operations with other keys and values.
///
/// @param keys what becomes of a key, or of the end of a range
/// @param values what becomes of a value
record RenamedBytes(UnaryOperator<byte[]> keys, UnaryOperator<byte[]> values) {
  Operation of(Operation operation) {
    return switch (operation) {
      case Step step -> of(step);
      case Operation.Write write -> of(write);
      case Operation.Distinct distinct -> new Operation.Distinct(of(distinct.batch()));
      case Operation.AbandonedLoad load -> new Operation.AbandonedLoad(of(load.load()));
      case Operation.Read read -> of(read);
      case Operation.OpenCursor(int cursor, Operation.View view, Span span) ->
          new Operation.OpenCursor(cursor, view, of(span));
      case Operation.Seek(int cursor, byte[] key, boolean forPrevious) ->
          new Operation.Seek(cursor, key(key), forPrevious);
      case Operation.Compact(String keyspace, Span span) ->
          new Operation.Compact(keyspace, of(span));
      case Operation.Handle _,
          Operation.Move _,
          Operation.Verify _,
          Operation.Everything _,
          Operation.Kill _,
          Operation.Cut _ ->
          operation;
    };
  }

  private byte[] key(byte[] key) {
    return keys.apply(key);
  }

  private byte[] value(byte[] value) {
    return values.apply(value);
  }

  private byte @Nullable [] keyOrNull(byte @Nullable [] key) {
    return key == null ? null : key(key);
  }

  private byte @Nullable [] valueOrNull(byte @Nullable [] value) {
    return value == null ? null : value(value);
  }

  private Span of(Span span) {
    return switch (span.form()) {
      case ALL -> span;
      case PREFIX, AT_LEAST, GREATER_THAN -> Span.of(span.form(), key(span.first()));
      case LESS_THAN, AT_MOST -> Span.of(span.form(), key(span.second()));
      case HALF_OPEN, CLOSED -> new Span(span.form(), key(span.first()), key(span.second()));
    };
  }

  private Step of(Step step) {
    return switch (step) {
      case Step.Change change -> of(change);
      case Step.Batch batch -> of(batch);
      case Step.Load load -> of(load);
      case Step.PutIfAbsent put ->
          new Step.PutIfAbsent(put.keyspace(), key(put.key()), value(put.value()));
      case Step.Swap swap ->
          new Step.Swap(
              swap.keyspace(),
              key(swap.key()),
              valueOrNull(swap.expected()),
              valueOrNull(swap.updated()));
      case Step.Create _,
          Step.Drop _,
          Step.Sync _,
          Step.Flush _,
          Step.TakeSnapshot _,
          Step.CheckSnapshot _,
          Step.Idle _,
          Step.Reopen _ ->
          step;
    };
  }

  private Step.Change of(Step.Change change) {
    return switch (change) {
      case Step.Put put -> of(put);
      case Step.Delete delete ->
          new Step.Delete(delete.keyspace(), key(delete.key()), delete.level());
      case Step.DeleteRange range ->
          new Step.DeleteRange(range.keyspace(), keyOrNull(range.from()), keyOrNull(range.to()));
    };
  }

  private Step.Put of(Step.Put put) {
    return new Step.Put(put.keyspace(), key(put.key()), value(put.value()), put.level());
  }

  private Step.Batch of(Step.Batch batch) {
    List<Step.Change> changes = batch.changes().stream().map(this::of).toList();
    return new Step.Batch(changes, batch.level());
  }

  private Step.Load of(Step.Load load) {
    return new Step.Load(load.keyspace(), load.puts().stream().map(this::of).toList());
  }

  private Operation of(Operation.Write write) {
    return switch (write) {
      case Operation.Replace(String keyspace, byte[] key, byte[] value) ->
          new Operation.Replace(keyspace, key(key), value(value));
      case Operation.Remove(String keyspace, byte[] key) ->
          new Operation.Remove(keyspace, key(key));
      case Operation.Update(String keyspace, byte[] key, byte[] more) ->
          new Operation.Update(keyspace, key(key), value(more));
      case Operation.Increment(String keyspace, byte[] key, long delta) ->
          new Operation.Increment(keyspace, key(key), delta);
      case Operation.Pop _ -> write;
    };
  }

  private Operation of(Operation.Read read) {
    return switch (read) {
      case Operation.Get(Operation.View view, byte[] key) -> new Operation.Get(view, key(key));
      case Operation.Contains(Operation.View view, byte[] key) ->
          new Operation.Contains(view, key(key));
      case Operation.GetAll(Operation.View view, List<byte[]> all) ->
          new Operation.GetAll(view, all.stream().map(this::key).toList());
      case Operation.End(Operation.View view, Span span, boolean first) ->
          new Operation.End(view, of(span), first);
      case Operation.Neighbour(Operation.View view, byte[] key, boolean below) ->
          new Operation.Neighbour(view, key(key), below);
      case Operation.Count(Operation.View view, Span span) -> new Operation.Count(view, of(span));
      case Operation.Empty _ -> read;
      case Operation.Entries(Operation.View view, Span span, int limit) ->
          new Operation.Entries(view, of(span), limit);
    };
  }
}
