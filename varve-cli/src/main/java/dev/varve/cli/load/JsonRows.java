package dev.varve.cli.load;

import dev.varve.cli.load.LineSource.Line;
import dev.varve.cli.text.Escapes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;

/// Rows of one JSON object a line. The line becomes the value, as it is; the key field's value
/// becomes the key: by default the first field of the first object.
///
/// @threads one at a time
final class JsonRows implements RowReader {
  private static final JsonFactory STRICT =
      JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private final LineSource lines;
  private String @Nullable [] keyFields;

  JsonRows(LineSource lines, @Nullable String keyField) {
    this.lines = lines;
    this.keyFields = keyField == null ? null : keyField.split(",", -1);
  }

  @Override
  public @Nullable Row next() throws IOException {
    Line line = lines.next();
    while (line != null && line.isBlank()) {
      line = lines.next();
    }
    if (line == null) {
      return null;
    }
    if (line.isTooLong()) {
      return RowReader.tooLong(line.number());
    }
    String text = Escapes.utf8(line.bytes());
    if (text == null) {
      return new Row.Malformed(line.number(), "it is not UTF-8");
    }
    text = text.strip();
    try (JsonParser parser = STRICT.createParser(ObjectReadContext.empty(), text)) {
      return row(line.number(), text, parser);
    } catch (JacksonException e) {
      return new Row.Malformed(line.number(), "it is no JSON object: " + e.getOriginalMessage());
    }
  }

  private Row row(long line, String text, JsonParser parser) {
    if (parser.nextToken() != JsonToken.START_OBJECT) {
      return new Row.Malformed(line, "it is no JSON object");
    }
    Map<String, String> scalars = new HashMap<>();
    String first = null;
    while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
      String name = parser.currentName();
      first = first == null ? name : first;
      JsonToken value = parser.nextToken();
      if (value.isScalarValue() && value != JsonToken.VALUE_NULL) {
        scalars.put(name, parser.getString());
      }
      parser.skipChildren();
    }
    if (parser.nextToken() != null) {
      return new Row.Malformed(line, "there is more after the JSON object");
    }
    if (first == null) {
      return new Row.Malformed(line, "the JSON object is empty");
    }
    if (keyFields == null) {
      keyFields = new String[] {first};
    }
    StringJoiner key = new StringJoiner(RowReader.KEY_SEPARATOR);
    for (String field : keyFields) {
      String value = scalars.get(field);
      if (value == null) {
        return new Row.Malformed(line, "it has no text or number '" + field + "' for the key");
      }
      if (value.isEmpty()) {
        return new Row.Malformed(line, "the key is empty");
      }
      key.add(value);
    }
    return RowReader.checked(
        line,
        key.toString().getBytes(StandardCharsets.UTF_8),
        text.getBytes(StandardCharsets.UTF_8));
  }
}
