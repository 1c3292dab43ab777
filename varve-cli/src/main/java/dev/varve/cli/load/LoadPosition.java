package dev.varve.cli.load;

import dev.varve.cli.console.JsonLine;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;

/// How far a load is. It is kept in the store, in the same commit as the rows that it counts, so
/// that it is never ahead of them nor behind.
///
/// @param source what was loaded and how; another text is another load
/// @param rows how many rows were read, the malformed ones included
/// @param loaded how many were loaded
/// @param replaced how many of those replaced a value that was there
/// @param rejected how many were malformed
record LoadPosition(String source, long rows, long loaded, long replaced, long rejected) {
  static LoadPosition begin(String source) {
    return new LoadPosition(source, 0, 0, 0, 0);
  }

  LoadPosition afterRejected() {
    return new LoadPosition(source, rows + 1, loaded, replaced, rejected + 1);
  }

  LoadPosition afterLoaded(boolean replacing) {
    return new LoadPosition(source, rows + 1, loaded + 1, replaced + (replacing ? 1 : 0), rejected);
  }

  byte[] toBytes() {
    return new JsonLine()
        .put("source", source)
        .put("rows", rows)
        .put("loaded", loaded)
        .put("replaced", replaced)
        .put("rejected", rejected)
        .end()
        .getBytes(StandardCharsets.UTF_8);
  }

  /** Reads the form of [#toBytes]; null when it is none. */
  static @Nullable LoadPosition parse(byte[] bytes) {
    String source = "";
    long[] numbers = new long[4];
    try (JsonParser parser =
        JsonLine.FACTORY.createParser(
            ObjectReadContext.empty(), new String(bytes, StandardCharsets.UTF_8))) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        return null;
      }
      while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
        String name = parser.currentName();
        parser.nextToken();
        switch (name) {
          case "source" -> source = parser.getString();
          case "rows" -> numbers[0] = parser.getLongValue();
          case "loaded" -> numbers[1] = parser.getLongValue();
          case "replaced" -> numbers[2] = parser.getLongValue();
          case "rejected" -> numbers[3] = parser.getLongValue();
          default -> parser.skipChildren();
        }
      }
    } catch (JacksonException e) {
      return null;
    }
    return new LoadPosition(source, numbers[0], numbers[1], numbers[2], numbers[3]);
  }
}
