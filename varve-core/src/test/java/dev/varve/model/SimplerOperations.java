package dev.varve.model;

import java.util.ArrayList;
import java.util.List;

/// What may do in the place of an operation and is simpler, the simplest first.
final class SimplerOperations {
  private SimplerOperations() {}

  static List<Operation> than(Operation operation) {
    return switch (operation) {
      case Step.Put put when put.level() != null ->
          List.of(new Step.Put(put.keyspace(), put.key(), put.value(), null));
      case Step.Delete delete when delete.level() != null ->
          List.of(new Step.Delete(delete.keyspace(), delete.key(), null));
      case Step.DeleteRange range when range.from() != null && range.to() != null ->
          List.of(
              new Step.DeleteRange(range.keyspace(), null, null),
              new Step.DeleteRange(range.keyspace(), range.from(), null),
              new Step.DeleteRange(range.keyspace(), null, range.to()));
      case Step.DeleteRange range when range.from() != null || range.to() != null ->
          List.of(new Step.DeleteRange(range.keyspace(), null, null));
      case Step.Batch batch -> than(batch);
      case Operation.Distinct distinct -> {
        List<Operation> simpler = new ArrayList<>(List.of(distinct.batch()));
        for (Operation batch : than(distinct.batch())) {
          if (batch instanceof Step.Batch fewer) {
            simpler.add(new Operation.Distinct(fewer));
          }
        }
        yield simpler;
      }
      case Step.Load load -> fewer(load.puts(), puts -> new Step.Load(load.keyspace(), puts));
      case Operation.AbandonedLoad(Step.Load load) ->
          fewer(
              load.puts(),
              puts -> new Operation.AbandonedLoad(new Step.Load(load.keyspace(), puts)));
      case Operation.GetAll(Operation.View view, List<byte[]> keys) ->
          fewer(keys, left -> new Operation.GetAll(view, left));
      case Operation.Advance(int cursor, int count, boolean forward) when count > 1 ->
          List.of(
              new Operation.Advance(cursor, 1, forward),
              new Operation.Advance(cursor, count / 2, forward),
              new Operation.Advance(cursor, count - 1, forward));
      case Operation.OpenCursor(int cursor, Operation.View view, Span span) ->
          all(span, simpler -> new Operation.OpenCursor(cursor, view, simpler));
      case Operation.Count(Operation.View view, Span span) ->
          all(span, simpler -> new Operation.Count(view, simpler));
      case Operation.Entries(Operation.View view, Span span, int limit) ->
          all(span, simpler -> new Operation.Entries(view, simpler, limit));
      case Operation.End(Operation.View view, Span span, boolean first) ->
          all(span, simpler -> new Operation.End(view, simpler, first));
      case Operation.Compact(String keyspace, Span span) ->
          all(span, simpler -> new Operation.Compact(keyspace, simpler));
      default -> List.of();
    };
  }

  private static List<Operation> than(Step.Batch batch) {
    List<Operation> simpler = new ArrayList<>();
    if (batch.level() != null) {
      simpler.add(new Step.Batch(batch.changes(), null));
    }
    if (batch.changes().size() == 1) {
      simpler.add(batch.changes().getFirst());
    }
    simpler.addAll(fewer(batch.changes(), changes -> new Step.Batch(changes, batch.level())));
    return simpler;
  }

  /** An operation of some parts. */
  private interface Made<T> {
    Operation of(T part);
  }

  /** With half of the parts, and with all but one. */
  private static <T> List<Operation> fewer(List<T> parts, Made<List<T>> made) {
    int count = parts.size();
    List<Operation> simpler = new ArrayList<>();
    if (count > 3) {
      simpler.add(made.of(List.copyOf(parts.subList(0, count / 2))));
      simpler.add(made.of(List.copyOf(parts.subList(count / 2, count))));
    }
    for (int i = 0; i < count && count > 1; i++) {
      List<T> left = new ArrayList<>(parts);
      left.remove(i);
      simpler.add(made.of(left));
    }
    return simpler;
  }

  private static List<Operation> all(Span span, Made<Span> made) {
    return span.form() == Span.Form.ALL ? List.of() : List.of(made.of(Span.ALL));
  }
}
