package dev.varve.model;

import dev.varve.fs.CrashImage;
import dev.varve.kv.Durability;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Reads the line of an operation that [OperationText] printed, or that somebody wrote.
final class OperationParser {
  private final OperationWords words;

  private OperationParser(String line) {
    this.words = new OperationWords(line);
  }

  /// The operation of a line.
  ///
  /// @throws IllegalArgumentException when the line is none; the message says why
  static Operation parse(String line) {
    try {
      OperationParser parser = new OperationParser(line);
      Operation operation = parser.operation();
      if (parser.words.hasNext()) {
        throw new IllegalArgumentException("too much: '" + parser.words.next() + "'");
      }
      return operation;
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("in '" + line + "': " + e.getMessage(), e);
    }
  }

  private Operation operation() {
    String verb = words.next();
    return switch (verb) {
      case "put", "delete", "delete-range" -> change(verb);
      case "batch" -> batch();
      case "distinct-batch" -> new Operation.Distinct(batch());
      case "load" -> load();
      case "abandon-load" -> new Operation.AbandonedLoad(load());
      case "put-if-absent" -> new Step.PutIfAbsent(name(), bytes(), bytes());
      case "swap" -> new Step.Swap(name(), bytes(), orAbsent(), orAbsent());
      case "create" -> new Step.Create(name());
      case "drop" -> new Step.Drop(name());
      case "replace" -> new Operation.Replace(name(), bytes(), bytes());
      case "remove" -> new Operation.Remove(name(), bytes());
      case "update" -> new Operation.Update(name(), bytes(), bytes());
      case "increment" -> new Operation.Increment(name(), bytes(), Long.parseLong(words.next()));
      case "pop-first" -> new Operation.Pop(name(), true);
      case "pop-last" -> new Operation.Pop(name(), false);
      default -> read(verb);
    };
  }

  private Operation read(String verb) {
    return switch (verb) {
      case "get" -> new Operation.Get(view(), bytes());
      case "contains" -> new Operation.Contains(view(), bytes());
      case "get-all" -> getAll();
      case "first" -> new Operation.End(view(), span(), true);
      case "last" -> new Operation.End(view(), span(), false);
      case "below" -> new Operation.Neighbour(view(), bytes(), true);
      case "above" -> new Operation.Neighbour(view(), bytes(), false);
      case "count" -> new Operation.Count(view(), span());
      case "empty" -> new Operation.Empty(view());
      case "entries" -> new Operation.Entries(view(), span(), number());
      case "snapshot" -> new Operation.OpenSnapshot(number());
      case "close-snapshot" -> new Operation.CloseSnapshot(number());
      case "cursor" -> new Operation.OpenCursor(number(), view(), span());
      case "close-cursor" -> new Operation.CloseCursor(number());
      case "seek-first" -> new Operation.SeekToEnd(number(), true);
      case "seek-last" -> new Operation.SeekToEnd(number(), false);
      case "seek" -> new Operation.Seek(number(), bytes(), false);
      case "seek-before" -> new Operation.Seek(number(), bytes(), true);
      case "next" -> new Operation.Advance(number(), numberOrOne(), true);
      case "previous" -> new Operation.Advance(number(), numberOrOne(), false);
      case "look" -> new Operation.Look(number());
      default -> care(verb);
    };
  }

  private Operation care(String verb) {
    return switch (verb) {
      case "sync" -> new Step.Sync();
      case "flush" -> new Step.Flush();
      case "hold" -> new Step.TakeSnapshot();
      case "check" -> new Step.CheckSnapshot();
      case "idle" -> new Step.Idle();
      case "reopen" -> new Step.Reopen();
      case "compact" -> new Operation.Compact(name(), span());
      case "verify" -> new Operation.Verify(false);
      case "verify-deep" -> new Operation.Verify(true);
      case "everything" -> new Operation.Everything();
      case "kill" -> new Operation.Kill();
      case "cut" ->
          new Operation.Cut(
              constant(CrashImage.Mode.class, words.next()), Long.parseLong(words.next()));
      default -> throw new IllegalArgumentException("no operation is called '" + verb + "'");
    };
  }

  private Step.Change change(String verb) {
    return switch (verb) {
      case "put" -> new Step.Put(name(), bytes(), bytes(), level());
      case "delete" -> new Step.Delete(name(), bytes(), level());
      case "delete-range" -> deleteRange();
      default -> throw new IllegalArgumentException("'" + verb + "' cannot be in a batch");
    };
  }

  private Step.DeleteRange deleteRange() {
    String name = name();
    Span span = span();
    return switch (span.form()) {
      case ALL -> new Step.DeleteRange(name, null, null);
      case AT_LEAST -> new Step.DeleteRange(name, span.first(), null);
      case LESS_THAN -> new Step.DeleteRange(name, null, span.second());
      case HALF_OPEN -> new Step.DeleteRange(name, span.first(), span.second());
      case PREFIX, GREATER_THAN, AT_MOST, CLOSED ->
          throw new IllegalArgumentException("a deleted range is written from..to");
    };
  }

  private Step.Batch batch() {
    @Nullable Durability level = words.isNext(":") ? null : level();
    words.expect(":");
    List<Step.Change> changes = new ArrayList<>();
    while (words.hasNext()) {
      changes.add(change(words.next()));
      if (words.hasNext()) {
        words.expect(",");
      }
    }
    return new Step.Batch(changes, level);
  }

  private Step.Load load() {
    String keyspace = name();
    List<Step.Put> puts = new ArrayList<>();
    while (words.hasNext()) {
      String word = words.next();
      int equals = OperationWords.find(word, 0, "=");
      if (equals < 0) {
        throw new IllegalArgumentException("'" + word + "' is no key=value");
      }
      puts.add(
          new Step.Put(
              keyspace,
              BytesText.parse(word.substring(0, equals)),
              BytesText.parse(word.substring(equals + 1)),
              null));
    }
    return new Step.Load(keyspace, puts);
  }

  private Operation getAll() {
    Operation.View view = view();
    List<byte[]> keys = new ArrayList<>();
    while (words.hasNext()) {
      keys.add(bytes());
    }
    return new Operation.GetAll(view, keys);
  }

  private byte[] bytes() {
    return BytesText.parse(words.next());
  }

  private byte @Nullable [] orAbsent() {
    String word = words.next();
    return word.equals(OperationText.ABSENT) ? null : BytesText.parse(word);
  }

  private String name() {
    return name(words.next());
  }

  private static String name(String word) {
    return new String(BytesText.parse(word), StandardCharsets.UTF_8);
  }

  private Operation.View view() {
    String word = words.next();
    int at = OperationWords.find(word, 0, "@");
    return at < 0
        ? Operation.View.now(name(word))
        : new Operation.View(name(word.substring(0, at)), number(word.substring(at + 1)));
  }

  private int number() {
    return number(words.next());
  }

  private static int number(String word) {
    return Integer.parseUnsignedInt(word);
  }

  private int numberOrOne() {
    return words.hasNext() ? number() : 1;
  }

  private @Nullable Durability level() {
    return words.hasNext() && !words.isNext(",") ? constant(Durability.class, words.next()) : null;
  }

  private static <E extends Enum<E>> E constant(Class<E> type, String word) {
    return Enum.valueOf(type, word.toUpperCase(Locale.ROOT));
  }

  private Span span() {
    String word = words.next();
    if (word.startsWith("^")) {
      return Span.of(Span.Form.PREFIX, BytesText.parse(word.substring(1)));
    }
    if (word.startsWith(">")) {
      return Span.of(Span.Form.GREATER_THAN, BytesText.parse(word.substring(1)));
    }
    int dots = OperationWords.find(word, 0, "..");
    if (dots < 0) {
      throw new IllegalArgumentException("'" + word + "' is no span");
    }
    String first = word.substring(0, dots);
    boolean closed = word.startsWith("=", dots + 2);
    String second = word.substring(dots + (closed ? 3 : 2));
    if (first.isEmpty() && second.isEmpty()) {
      return Span.ALL;
    }
    if (first.isEmpty()) {
      return Span.of(closed ? Span.Form.AT_MOST : Span.Form.LESS_THAN, BytesText.parse(second));
    }
    if (second.isEmpty()) {
      return Span.of(Span.Form.AT_LEAST, BytesText.parse(first));
    }
    return new Span(
        closed ? Span.Form.CLOSED : Span.Form.HALF_OPEN,
        BytesText.parse(first),
        BytesText.parse(second));
  }
}
