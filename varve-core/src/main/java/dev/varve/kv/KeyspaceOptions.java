package dev.varve.kv;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/// How a keyspace is made. The store keeps it; a keyspace that exists keeps what it was made with.
///
/// @param engine the implementation (`engine`)
public record KeyspaceOptions(EngineKind engine) {
  private static final List<String> NAMES = List.of("engine");

  /// With this engine.
  public static KeyspaceOptions of(EngineKind engine) {
    return new KeyspaceOptions(engine);
  }

  /// Reads the text form.
  ///
  /// @throws UsageException for an unknown name or value
  public static KeyspaceOptions parse(String text) {
    Map<String, String> values = OptionText.parse(text, NAMES);
    String engine = values.get("engine");
    if (engine == null) {
      throw new UsageException("the option 'engine' is missing");
    }
    return of(engineKind(engine));
  }

  /// The engine of this name, in any case.
  ///
  /// @throws UsageException when there is none
  public static EngineKind engineKind(String name) {
    return OptionText.enumValue(EngineKind.class, "engine", name);
  }

  /// The text form: one `name=value` a line.
  public String toText() {
    return "engine=" + engine.name().toLowerCase(Locale.ROOT) + "\n";
  }
}
