package dev.varve.model;

import dev.varve.kv.Cursor;
import java.util.Arrays;
import java.util.SortedMap;
import java.util.TreeMap;

/// A cursor of a store that a list has open.
///
/// Of an engine without order it remembers what it showed, since there is no other way to say
/// whether the walk was right: each entry once, and in the end all.
///
/// @threads one at a time
final class StoreCursorRun {
  private final StoreRun run;
  private final Cursor cursor;
  private final boolean ordered;
  private SortedMap<byte[], byte[]> shown = new TreeMap<>(Arrays::compareUnsigned);

  StoreCursorRun(StoreRun run, Cursor cursor, boolean ordered) {
    this.run = run;
    this.cursor = cursor;
    this.ordered = ordered;
  }

  /// Moves and answers; what the store throws it leaves to the caller.
  String answer(Operation.Move move) {
    return switch (move) {
      case Operation.SeekToEnd(int _, boolean first) ->
          first ? seekToFirst() : stand(cursor.seekToLast());
      case Operation.Seek(int _, byte[] key, boolean forPrevious) ->
          stand(forPrevious ? cursor.seekForPrevious(key) : cursor.seek(key));
      case Operation.Advance(int _, int count, boolean forward) -> advance(count, forward);
      case Operation.Look _ -> look();
    };
  }

  private String seekToFirst() {
    boolean valid = cursor.seekToFirst();
    shown = new TreeMap<>(Arrays::compareUnsigned);
    return stand(valid);
  }

  private String advance(int count, boolean forward) {
    StringBuilder answers = new StringBuilder();
    String answer = "";
    for (int i = 0; i < count && !Answers.endsWalk(answer); i++) {
      answer = run.answerOrProblem(() -> stand(forward ? cursor.next() : cursor.previous()));
      answers.append(i == 0 ? "" : " ").append(answer);
    }
    return answers.toString();
  }

  private String stand(boolean valid) {
    if (valid != cursor.isValid()) {
      return "moved to " + valid + " but it is " + cursor.isValid();
    }
    if (!valid) {
      return ordered ? Answers.END : Answers.end(shown);
    }
    if (ordered) {
      return here();
    }
    byte[] key = cursor.key();
    return shown.put(key, cursor.value()) == null
        ? Answers.SOME_ENTRY
        : Answers.bytes(key) + " was shown twice";
  }

  private String look() {
    if (!cursor.isValid()) {
      return Answers.END;
    }
    return ordered ? here() : Answers.SOME_ENTRY;
  }

  private String here() {
    byte[] value = cursor.value();
    return cursor.valueSize() == value.length
        ? Answers.entry(cursor.key(), value)
        : "a value of " + value.length + " bytes that says " + cursor.valueSize();
  }

  void close() {
    cursor.close();
  }
}
