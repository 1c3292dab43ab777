package dev.varve.cli.console;

import dev.varve.cli.text.ByteText;
import dev.varve.cli.text.Escapes;
import java.io.StringWriter;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/// One JSON object of one line, written field by field.
public final class JsonLine {
  /// Makes readers and writers of JSON.
  public static final JsonFactory FACTORY = new JsonFactory();

  private final StringWriter text = new StringWriter();
  private final JsonGenerator generator =
      FACTORY.createGenerator(ObjectWriteContext.empty(), text).writeStartObject();

  /// An object without fields.
  public JsonLine() {}

  /// Adds a text, or null.
  public JsonLine put(String name, @Nullable String value) {
    generator.writeStringProperty(name, value);
    return this;
  }

  /// Adds a whole number.
  public JsonLine put(String name, long value) {
    generator.writeNumberProperty(name, value);
    return this;
  }

  /// Adds a number.
  public JsonLine put(String name, double value) {
    generator.writeNumberProperty(name, value);
    return this;
  }

  /// Adds true or false.
  public JsonLine put(String name, boolean value) {
    generator.writeBooleanProperty(name, value);
    return this;
  }

  /// Adds a list of texts.
  public JsonLine put(String name, List<String> values) {
    generator.writeArrayPropertyStart(name);
    values.forEach(generator::writeString);
    generator.writeEndArray();
    return this;
  }

  /// Adds an object of texts.
  public JsonLine put(String name, Map<String, String> values) {
    generator.writeObjectPropertyStart(name);
    values.forEach(generator::writeStringProperty);
    generator.writeEndObject();
    return this;
  }

  /// Adds bytes: encoded where an encoding was asked for; otherwise as text where they are UTF-8,
  /// and where not as base64 under the name with `Base64` added.
  public JsonLine put(String name, byte @Nullable [] bytes, ByteText form) {
    if (bytes == null) {
      return put(name, (String) null);
    }
    return switch (form) {
      case HEX, BASE64 -> put(name, form.line(bytes));
      case TEXT, RAW -> {
        String utf8 = Escapes.utf8(bytes);
        yield utf8 != null
            ? put(name, utf8)
            : put(name + "Base64", Base64.getEncoder().encodeToString(bytes));
      }
    };
  }

  /// The line, without its end. The object takes no more fields.
  public String end() {
    generator.writeEndObject();
    generator.close();
    return text.toString();
  }
}
