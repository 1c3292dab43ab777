package dev.varve.model;

import java.util.ArrayList;
import java.util.List;

/// The words of a line, taken one after the other. Blanks part them, but not between quotation
/// marks; a comma or colon at the end of a word is a word of its own.
///
/// @threads one at a time
final class OperationWords {
  private final List<String> words = new ArrayList<>();
  private int at;

  OperationWords(String line) {
    int begin = 0;
    while (begin < line.length()) {
      if (line.charAt(begin) == ' ') {
        begin++;
        continue;
      }
      int end = find(line, begin, " ");
      end = end < 0 ? line.length() : end;
      boolean marked = end - begin > 1 && ",:".indexOf(line.charAt(end - 1)) >= 0;
      words.add(line.substring(begin, marked ? end - 1 : end));
      if (marked) {
        words.add(line.substring(end - 1, end));
      }
      begin = end;
    }
  }

  /// Where `what` is from `begin` on, outside of quotation marks, or -1.
  static int find(String text, int begin, String what) {
    boolean quoted = false;
    for (int i = begin; i < text.length(); i++) {
      char c = text.charAt(i);
      if (quoted && c == '\\') {
        i++;
      } else if (c == '"') {
        quoted = !quoted;
      } else if (!quoted && text.startsWith(what, i)) {
        return i;
      }
    }
    return -1;
  }

  boolean hasNext() {
    return at < words.size();
  }

  /// Whether the next word is this one.
  boolean isNext(String word) {
    return hasNext() && words.get(at).equals(word);
  }

  /// The next word.
  ///
  /// @throws IllegalArgumentException when there is none
  String next() {
    if (!hasNext()) {
      throw new IllegalArgumentException("a word is missing at the end");
    }
    return words.get(at++);
  }

  /// The next word, which is this one.
  ///
  /// @throws IllegalArgumentException when it is not
  void expect(String word) {
    String found = next();
    if (!found.equals(word)) {
      throw new IllegalArgumentException("expected '" + word + "', found '" + found + "'");
    }
  }
}
