package dev.varve.model;

import org.jspecify.annotations.Nullable;

/// A cursor over a [ModelKeyspace] at one moment.
///
/// @threads one at a time
final class ModelCursor {
  private final ModelKeyspace keyspace;
  private final Span span;
  private final ModelHandles.Moment moment;

  /** The key it stands on, or null. */
  private byte @Nullable [] position;

  ModelCursor(ModelKeyspace keyspace, Span span, ModelHandles.Moment moment) {
    this.keyspace = keyspace;
    this.span = span;
    this.moment = moment;
  }

  private boolean isGone() {
    return keyspace.isDropped() || !moment.isReadable();
  }

  /// What a move answers.
  String answer(Operation.Move move) {
    if (isGone()) {
      return Answers.CLOSED;
    }
    return switch (move) {
      case Operation.SeekToEnd(int _, boolean first) ->
          first ? stand(keyspace.keyFrom(null, false, span, at())) : seekToLast();
      case Operation.Seek(int _, byte[] key, boolean forPrevious) -> seek(key, forPrevious);
      case Operation.Advance(int _, int count, boolean forward) -> advance(count, forward);
      case Operation.Look _ -> here();
    };
  }

  private long at() {
    return moment.number();
  }

  private String seekToLast() {
    return keyspace.isOrdered() ? stand(keyspace.keyTo(null, false, span, at())) : Answers.USAGE;
  }

  private String seek(byte[] key, boolean forPrevious) {
    if (!keyspace.isOrdered()) {
      return Answers.USAGE;
    }
    return stand(
        forPrevious
            ? keyspace.keyTo(key, false, span, at())
            : keyspace.keyFrom(key, false, span, at()));
  }

  private String advance(int count, boolean forward) {
    StringBuilder answers = new StringBuilder();
    String answer = "";
    for (int i = 0; i < count && !Answers.endsWalk(answer); i++) {
      answer = advance(forward);
      answers.append(i == 0 ? "" : " ").append(answer);
    }
    return answers.toString();
  }

  private String advance(boolean forward) {
    if (!forward && !keyspace.isOrdered()) {
      return Answers.USAGE;
    }
    byte @Nullable [] here = position;
    if (here == null) {
      return Answers.NO_ELEMENT;
    }
    return stand(
        forward
            ? keyspace.keyFrom(here, true, span, at())
            : keyspace.keyTo(here, true, span, at()));
  }

  private String stand(byte @Nullable [] key) {
    position = key;
    if (key == null && !keyspace.isOrdered()) {
      return Answers.end(keyspace.entries(span, at()));
    }
    return here();
  }

  private String here() {
    byte @Nullable [] key = position;
    if (key == null) {
      return Answers.END;
    }
    byte @Nullable [] value = keyspace.get(key, at());
    return keyspace.isOrdered() && value != null ? Answers.entry(key, value) : Answers.SOME_ENTRY;
  }
}
