package dev.varve.model;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A list of operations, and its text: one operation a line, and before them lines `# name: value`,
/// the name a single word, that say where it comes from. Other lines that begin with `#`, and empty
/// ones, are for people.
///
/// @param notes what is known about the list, by name, such as the options that it fails with
/// @param operations what is done, in this order
public record OperationList(Map<String, String> notes, List<Operation> operations) {
  private static final Pattern NOTE = Pattern.compile("# ([a-z-]+):(?: (.*))?");

  public OperationList {
    notes = new LinkedHashMap<>(notes);
    operations = List.copyOf(operations);
  }

  /// A list of which nothing more is known.
  public static OperationList of(List<? extends Operation> operations) {
    return new OperationList(Map.of(), List.copyOf(operations));
  }

  /// Reads a text.
  ///
  /// @throws IllegalArgumentException when a line is no operation; the message says which
  public static OperationList parse(String text) {
    Map<String, String> notes = new LinkedHashMap<>();
    List<Operation> operations = new ArrayList<>();
    for (String line : text.lines().map(String::strip).toList()) {
      Matcher note = NOTE.matcher(line);
      if (note.matches()) {
        notes.put(note.group(1), Objects.requireNonNullElse(note.group(2), ""));
      } else if (!line.isEmpty() && !line.startsWith("#")) {
        operations.add(OperationParser.parse(line));
      }
    }
    return new OperationList(notes, operations);
  }

  /// The text, which [#parse] reads.
  public String toText() {
    StringBuilder text = new StringBuilder();
    notes.forEach(
        (name, value) -> text.append("# ").append(name).append(": ").append(value).append('\n'));
    operations.forEach(operation -> text.append(OperationText.of(operation)).append('\n'));
    return text.toString();
  }
}
