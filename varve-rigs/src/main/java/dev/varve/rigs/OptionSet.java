package dev.varve.rigs;

import dev.varve.kv.ByteSize;
import dev.varve.kv.EngineKind;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.StoreOptions;
import dev.varve.kv.UsageException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.StringJoiner;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Options that the metamorphic rig runs a list with, as text: `name=value`, one behind the other.
/// The names are those of [StoreOptions], of [KeyspaceOptions], of [EngineTuning], and
///
/// | name | value |
/// |---|---|
/// | `preset` | of the store: what the other options are then said on top of |
/// | `keyspace-preset` | of keyspaces |
/// | `settings` | `usual`: the engines' settings are those that the options lead to, not tiny ones |
/// | `partner` | the engine of keyspace `b`, where the others have another |
/// | `reopen-lanes` | how many lanes every second opening has |
/// | `background` | `threads`: background work has threads, and a run does not repeat exactly |
///
/// @param values text by name
record OptionSet(NavigableMap<String, String> values) {
  private static final String USUAL = "usual";
  private static final String PARTNER_KEYSPACE = "b";

  /** What rigs have where nothing is said: the store flushes often, and holds all that is drawn. */
  private static final StoreOptions BASE =
      StoreOptions.defaults()
          .withSegment(ByteSize.ofKibibytes(8))
          .withCheckpointAfter(ByteSize.ofKibibytes(24))
          .withMemory(ByteSize.ofMebibytes(16));

  OptionSet {
    values = new TreeMap<>(values);
  }

  /// Reads a text.
  ///
  /// @throws UsageException when it names what there is not
  static OptionSet parse(String text) {
    NavigableMap<String, String> values = new TreeMap<>();
    for (String word : text.strip().split("\\s+", -1)) {
      int equals = word.indexOf('=');
      if (equals > 0) {
        values.put(word.substring(0, equals), word.substring(equals + 1));
      } else if (!word.isEmpty()) {
        throw new UsageException("'" + word + "' is no name=value");
      }
    }
    OptionSet set = new OptionSet(values);
    for (EngineKind engine : TinyEngines.kinds()) {
      set = set.without(set.of(engine));
    }
    if (!set.values.isEmpty()) {
      throw new UsageException("no engine of this build knows the options " + set);
    }
    return new OptionSet(values);
  }

  private OptionSet without(OptionSet others) {
    NavigableMap<String, String> left = new TreeMap<>(values);
    others.values.keySet().forEach(left::remove);
    return new OptionSet(left);
  }

  /// The same without one option.
  OptionSet without(String name) {
    NavigableMap<String, String> left = new TreeMap<>(values);
    left.remove(name);
    return new OptionSet(left);
  }

  /// The options that mean something to an engine, or to its partner.
  OptionSet of(EngineKind engine) {
    @Nullable EngineKind partner = partner(engine);
    NavigableMap<String, String> known = new TreeMap<>();
    values.forEach(
        (name, value) -> {
          boolean concerns =
              StoreOptions.names().contains(name)
                  || switch (name) {
                    case "preset", "reopen-lanes", "background" -> true;
                    case "partner" -> partner != null;
                    default ->
                        concerns(engine, name, value)
                            || (partner != null && concerns(partner, name, value));
                  };
          if (concerns) {
            known.put(name, value);
          }
        });
    return new OptionSet(known);
  }

  private static boolean concerns(EngineKind engine, String name, String value) {
    return switch (name) {
      case "keyspace-preset" -> presetOf(value).engine() == engine;
      case "settings" -> EngineTuning.concerns(engine);
      default -> EngineTuning.concerns(engine, name) || keyspaceTakes(engine, name, value);
    };
  }

  private static KeyspaceOptions presetOf(String value) {
    return KeyspaceOptions.preset(KeyspaceOptions.presetOf(value));
  }

  /** Whether an option has an effect on keyspaces of an engine. */
  private static boolean keyspaceTakes(EngineKind engine, String name, String value) {
    KeyspaceOptions plain = KeyspaceOptions.of(engine);
    try {
      KeyspaceOptions with = KeyspaceOptions.parse(plain.toText() + name + "=" + value);
      return !with.equals(plain);
    } catch (UsageException e) {
      return ("\n" + plain.toText()).contains("\n" + name + "=");
    }
  }

  private @Nullable String value(String name) {
    return values.get(name);
  }

  /** The engine of keyspace `b`, if it has one of its own: one that has the same calls. */
  private @Nullable EngineKind partner(EngineKind engine) {
    String name = value("partner");
    EngineKind partner = name == null ? engine : KeyspaceOptions.engineKind(name);
    return partner == engine || partner.isOrdered() != engine.isOrdered() ? null : partner;
  }

  /// What the store is opened with.
  ///
  /// @param opening how often it was opened before
  StoreOptions store(EngineKind engine, int opening) {
    String preset = value("preset");
    StoreOptions options =
        preset == null ? BASE : StoreOptions.preset(StoreOptions.presetOf(preset));
    for (Map.Entry<String, String> option : values.entrySet()) {
      if (StoreOptions.names().contains(option.getKey())) {
        options = options.with(option.getKey(), option.getValue());
      }
    }
    String lanes = value("reopen-lanes");
    if (lanes != null && opening % 2 == 1) {
      options = options.withLanes(Integer.parseInt(lanes));
    }
    EngineKind partner = partner(engine);
    boolean resident = engine.isResident() || (partner != null && partner.isResident());
    if (resident && options.memory().compareTo(BASE.memory()) < 0) {
      // Else what is drawn finds no room in it, and is refused, which is right.
      options = options.withMemory(BASE.memory());
    }
    return options.withDefaultEngine(engine).withLeakDetection(false);
  }

  /// The most lanes that an opening has.
  int lanesMax(EngineKind engine) {
    return Math.max(store(engine, 0).lanes(), store(engine, 1).lanes());
  }

  /// What a keyspace is made with.
  KeyspaceOptions keyspace(EngineKind engine, String name) {
    EngineKind partner = partner(engine);
    EngineKind kind = partner != null && name.equals(PARTNER_KEYSPACE) ? partner : engine;
    String preset = value("keyspace-preset");
    KeyspaceOptions base =
        preset != null && presetOf(preset).engine() == kind
            ? presetOf(preset)
            : KeyspaceOptions.of(kind);
    Map<String, String> options = new LinkedHashMap<>();
    base.toText().lines().map(line -> line.split("=", 2)).forEach(o -> options.put(o[0], o[1]));
    values.forEach(
        (option, value) -> {
          if (keyspaceTakes(kind, option, value)) {
            options.put(option, value);
          }
        });
    StringJoiner text = new StringJoiner("\n");
    options.forEach((option, value) -> text.add(option + "=" + value));
    return KeyspaceOptions.parse(text.toString());
  }

  /// Checks values that come from people.
  ///
  /// @throws UsageException when one is out of its range
  void requireSound(EngineKind engine) {
    StoreOptions _ = store(engine, 0);
    StoreOptions _ = store(engine, 1);
    KeyspaceOptions _ = keyspace(engine, "a");
    KeyspaceOptions _ = keyspace(engine, PARTNER_KEYSPACE);
  }

  /// How engines are tuned.
  EngineTuning tuning() {
    EngineTuning base = USUAL.equals(value("settings")) ? EngineTuning.USUAL : EngineTuning.tiny();
    NavigableMap<String, String> own = new TreeMap<>(values);
    own.keySet().retainAll(EngineTuning.CHOICES.keySet());
    return base.with(own);
  }

  /// Whether background work has threads of its own.
  boolean hasThreads() {
    return "threads".equals(value("background"));
  }

  /// The text.
  @Override
  public String toString() {
    StringJoiner text = new StringJoiner(" ");
    values.forEach((name, value) -> text.add(name + "=" + value));
    return text.toString();
  }
}
