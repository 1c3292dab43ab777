package dev.varve.model;

import dev.varve.kv.Durability;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The line of text for an operation; [OperationParser] reads it.
///
/// ```
/// put a k1 v1 [LEVEL] · delete a k1 [LEVEL] · delete-range a k1..k5 · replace a k v · remove a k
/// batch [LEVEL] : put a k v , delete b k , delete-range a ..k · distinct-batch … as batch
/// load a k1=v1 k2=v2 · abandon-load a k1=v1 · put-if-absent a k v · swap a k EXPECTED UPDATED
/// update a k MORE · increment a k -5 · pop-first a · pop-last a · create a · drop a
/// get a k · get a@1 k · contains a k · get-all a k1 k2 · first a SPAN · last a SPAN · below a k
/// above a k · count a SPAN · empty a · entries a SPAN 10
/// snapshot 1 · close-snapshot 1 · cursor 1 a SPAN · close-cursor 1 · seek-first 1 · seek-last 1
/// seek 1 k · seek-before 1 k · next 1 [5] · previous 1 [5] · look 1
/// hold · check · sync · flush · idle · compact a SPAN · verify · verify-deep · everything
/// reopen · kill · cut MODE SEED
/// ```
///
/// A SPAN is `..` for every key, `^k` for a prefix, `k..`, `>k`, `..k`, `..=k`, `k..l` or `k..=l`;
/// `-` stands for an absent value, `a@1` for keyspace `a` at snapshot 1; [BytesText] has the rest.
public final class OperationText {
  /// Stands for an absent value.
  static final String ABSENT = "-";

  private OperationText() {}

  /// The line for an operation.
  public static String of(Operation operation) {
    return switch (operation) {
      case Step step -> step(step);
      case Operation.Write write -> write(write);
      case Operation.Read read -> read(read);
      case Operation.Handle handle -> handle(handle);
      case Operation.Move move -> move(move);
      case Operation.Distinct distinct -> "distinct-" + batch(distinct.batch());
      case Operation.AbandonedLoad load -> "abandon-" + load(load.load());
      case Operation.Compact c -> words("compact", name(c.keyspace()), span(c.span()));
      case Operation.Verify verify -> verify.deep() ? "verify-deep" : "verify";
      case Operation.Everything _ -> "everything";
      case Operation.Kill _ -> "kill";
      case Operation.Cut cut -> words("cut", lower(cut.mode()), "" + cut.seed());
    };
  }

  private static String step(Step step) {
    return switch (step) {
      case Step.Change change -> change(change);
      case Step.Batch batch -> batch(batch);
      case Step.Load load -> load(load);
      case Step.PutIfAbsent(String keyspace, byte[] key, byte[] value) ->
          words("put-if-absent", name(keyspace), BytesText.text(key), BytesText.text(value));
      case Step.Swap(String keyspace, byte[] key, byte[] expected, byte[] updated) ->
          words("swap", name(keyspace), BytesText.text(key), orAbsent(expected), orAbsent(updated));
      case Step.Create create -> words("create", name(create.keyspace()));
      case Step.Drop drop -> words("drop", name(drop.keyspace()));
      case Step.Sync _ -> "sync";
      case Step.Flush _ -> "flush";
      case Step.TakeSnapshot _ -> "hold";
      case Step.CheckSnapshot _ -> "check";
      case Step.Idle _ -> "idle";
      case Step.Reopen _ -> "reopen";
    };
  }

  private static String change(Step.Change change) {
    return switch (change) {
      case Step.Put(String keyspace, byte[] key, byte[] value, Durability level) ->
          words("put", name(keyspace), BytesText.text(key), BytesText.text(value)) + level(level);
      case Step.Delete(String keyspace, byte[] key, Durability level) ->
          words("delete", name(keyspace), BytesText.text(key)) + level(level);
      case Step.DeleteRange(String keyspace, byte[] from, byte[] to) ->
          words("delete-range", name(keyspace), orNothing(from) + ".." + orNothing(to));
    };
  }

  private static String batch(Step.Batch batch) {
    return batch.changes().stream()
        .map(OperationText::change)
        .collect(Collectors.joining(" , ", "batch" + level(batch.level()) + " : ", ""));
  }

  private static String load(Step.Load load) {
    return load.puts().stream()
        .map(put -> " " + BytesText.text(put.key()) + "=" + BytesText.text(put.value()))
        .collect(Collectors.joining("", words("load", name(load.keyspace())), ""));
  }

  private static String write(Operation.Write write) {
    String keyspace = name(write.keyspace());
    return switch (write) {
      case Operation.Replace(String _, byte[] key, byte[] value) ->
          words("replace", keyspace, BytesText.text(key), BytesText.text(value));
      case Operation.Remove(String _, byte[] key) -> words("remove", keyspace, BytesText.text(key));
      case Operation.Update(String _, byte[] key, byte[] more) ->
          words("update", keyspace, BytesText.text(key), BytesText.text(more));
      case Operation.Increment(String _, byte[] key, long delta) ->
          words("increment", keyspace, BytesText.text(key), "" + delta);
      case Operation.Pop pop -> words(pop.first() ? "pop-first" : "pop-last", keyspace);
    };
  }

  private static String read(Operation.Read read) {
    String view = view(read.view());
    return switch (read) {
      case Operation.Get(Operation.View _, byte[] key) -> words("get", view, BytesText.text(key));
      case Operation.Contains(Operation.View _, byte[] key) ->
          words("contains", view, BytesText.text(key));
      case Operation.GetAll(Operation.View _, List<byte[]> keys) ->
          keys.stream()
              .map(BytesText::text)
              .collect(Collectors.joining(" ", words("get-all", view) + " ", ""))
              .stripTrailing();
      case Operation.End(Operation.View _, Span span, boolean first) ->
          words(first ? "first" : "last", view, span(span));
      case Operation.Neighbour(Operation.View _, byte[] key, boolean below) ->
          words(below ? "below" : "above", view, BytesText.text(key));
      case Operation.Count(Operation.View _, Span span) -> words("count", view, span(span));
      case Operation.Empty _ -> words("empty", view);
      case Operation.Entries(Operation.View _, Span span, int limit) ->
          words("entries", view, span(span), "" + limit);
    };
  }

  private static String handle(Operation.Handle handle) {
    return switch (handle) {
      case Operation.OpenSnapshot open -> words("snapshot", "" + open.snapshot());
      case Operation.CloseSnapshot close -> words("close-snapshot", "" + close.snapshot());
      case Operation.OpenCursor(int cursor, Operation.View view, Span span) ->
          words("cursor", "" + cursor, view(view), span(span));
      case Operation.CloseCursor close -> words("close-cursor", "" + close.cursor());
    };
  }

  private static String move(Operation.Move move) {
    String cursor = "" + move.cursor();
    return switch (move) {
      case Operation.SeekToEnd seek -> words(seek.first() ? "seek-first" : "seek-last", cursor);
      case Operation.Seek(int _, byte[] key, boolean forPrevious) ->
          words(forPrevious ? "seek-before" : "seek", cursor, BytesText.text(key));
      case Operation.Advance(int _, int count, boolean forward) ->
          words(forward ? "next" : "previous", cursor) + (count == 1 ? "" : " " + count);
      case Operation.Look _ -> words("look", cursor);
    };
  }

  private static String words(String... words) {
    return String.join(" ", words);
  }

  private static String lower(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  private static String level(@Nullable Durability level) {
    return level == null ? "" : " " + lower(level);
  }

  private static String name(String name) {
    return BytesText.text(name.getBytes(StandardCharsets.UTF_8));
  }

  private static String view(Operation.View view) {
    String keyspace = name(view.keyspace());
    return view.snapshot() == Operation.View.NOW ? keyspace : keyspace + "@" + view.snapshot();
  }

  /// The word for a value or for its absence.
  static String orAbsent(byte @Nullable [] value) {
    return value == null ? ABSENT : BytesText.text(value);
  }

  private static String orNothing(byte @Nullable [] end) {
    return end == null ? "" : BytesText.text(end);
  }

  private static String span(Span span) {
    String first = BytesText.text(span.first());
    String second = BytesText.text(span.second());
    return switch (span.form()) {
      case ALL -> "..";
      case PREFIX -> "^" + first;
      case AT_LEAST -> first + "..";
      case GREATER_THAN -> ">" + first;
      case LESS_THAN -> ".." + second;
      case AT_MOST -> "..=" + second;
      case HALF_OPEN -> first + ".." + second;
      case CLOSED -> first + "..=" + second;
    };
  }
}
