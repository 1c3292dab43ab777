package dev.varve.cli.quickstart;

import dev.varve.cli.console.JsonLine;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;

/// A loaded row, taken apart.
///
/// @param values the columns' values, in the file's order
record Fields(Map<String, String> values) {
  static Fields of(byte @Nullable [] row) {
    Map<String, String> values = new LinkedHashMap<>();
    if (row != null) {
      try (JsonParser parser =
          JsonLine.FACTORY.createParser(
              ObjectReadContext.empty(), new String(row, StandardCharsets.UTF_8))) {
        parser.nextToken();
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
          String name = parser.currentName();
          parser.nextToken();
          values.put(name, parser.getString());
        }
      }
    }
    return new Fields(values);
  }

  String get(String column) {
    return values.getOrDefault(column, "");
  }

  /** The row again, with one column set. */
  byte[] with(String column, String value) {
    JsonLine json = new JsonLine();
    values.forEach((name, old) -> json.put(name, name.equals(column) ? value : old));
    return json.end().getBytes(StandardCharsets.UTF_8);
  }
}
