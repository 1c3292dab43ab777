package dev.varve.kv;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/// How a store works. Every option has an effect, a default that needs no thought, and a text form,
/// `name=value`, which the store keeps and prints.
///
/// @param durability when a write is acknowledged (`durability`, default `group`)
/// @param groupBatchMax under [Durability#GROUP] with a wait: how many commits end the wait early
///   (`group-batch-max`, 1 to 1,000,000, default 1000)
/// @param groupWait under [Durability#GROUP]: how long the one who syncs waits for others to join
///   (`group-wait`, at most 1 s, default 0: whoever waits already is taken along)
/// @param periodicInterval under [Durability#PERIODIC]: how long after a sync the next begins
///   (`periodic-interval`, 1 ms to 1 h, default 50 ms)
/// @param memory what all parts of the store together may use (`memory`, at least 1 MiB, default
///   half of what the JVM may use)
/// @param segment how long a segment of the log gets (`segment`, 4 KiB to 1 GiB, default 64 MiB);
///   the first ones of a store are shorter
/// @param lanes how many parts of the log are written independently (`lanes`, 1 to 16, default 1)
/// @param checkpointAfter how much log makes the engines in memory write their snapshot files, so
///   that the log can be reused; it also bounds the time of a recovery (`checkpoint-after`, at
///   least 4 KiB, default 256 MiB, or the size of the entries where that is more)
/// @param defaultEngine the engine of keyspaces made without naming one (`default-engine`, default
///   `rbtree`)
/// @param createIfMissing whether opening an empty directory makes a store (`create-if-missing`,
///   default true)
/// @param leakDetection whether a handle that was forgotten is reported with the place that opened
///   it (`leak-detection`, default true). Of more than a thousand cursors the places of only a part
///   are known until one is forgotten
/// @param snapshotAge how long a snapshot may be open; then commits give it up, and its reader gets
///   a [SnapshotTooOldException] (`snapshot-age`, at most 365 days, default 0 for no limit)
/// @param snapshotBytes how many bytes may be committed while a snapshot is open, which bounds what
///   is kept for it (`snapshot-bytes`, default 0 for no limit)
public record StoreOptions(
    Durability durability,
    int groupBatchMax,
    Duration groupWait,
    Duration periodicInterval,
    ByteSize memory,
    ByteSize segment,
    int lanes,
    ByteSize checkpointAfter,
    EngineKind defaultEngine,
    boolean createIfMissing,
    boolean leakDetection,
    Duration snapshotAge,
    ByteSize snapshotBytes) {

  private static final List<String> NAMES =
      List.of(
          "durability",
          "group-batch-max",
          "group-wait",
          "periodic-interval",
          "memory",
          "segment",
          "lanes",
          "checkpoint-after",
          "default-engine",
          "create-if-missing",
          "leak-detection",
          "snapshot-age",
          "snapshot-bytes");

  private static final Duration SNAPSHOT_AGE_MAX = Duration.ofDays(365);
  private static final ByteSize MEMORY_MIN = ByteSize.ofMebibytes(1);
  private static final ByteSize SEGMENT_MIN = ByteSize.ofKibibytes(4);
  private static final ByteSize SEGMENT_MAX = ByteSize.ofGibibytes(1);

  /// Combinations of options for kinds of machines. The sizes are those of the three systems that
  /// Varve comes from.
  public enum Preset {
    /// A board with little memory and a memory card: 2 MiB, short segments, a sync every 50 ms, and
    /// LSM as the default engine, since its entries need not fit in memory. What fits it is
    /// [KeyspaceOptions.Preset#EDGE].
    EDGE,
    /// A robot: 64 MiB, a sync every 50 ms, two lanes.
    ROBOTICS,
    /// An embodied agent: 32 MiB, a sync every 10 ms.
    EMBODIED,
    /// The defaults.
    BALANCED,
    /// A server: three quarters of the JVM's memory, two lanes.
    SERVER
  }

  public StoreOptions {
    require(groupBatchMax >= 1 && groupBatchMax <= 1_000_000, "group-batch-max", groupBatchMax);
    require(
        !groupWait.isNegative() && groupWait.compareTo(Duration.ofSeconds(1)) <= 0,
        "group-wait",
        OptionText.text(groupWait));
    require(
        periodicInterval.compareTo(Duration.ofMillis(1)) >= 0
            && periodicInterval.compareTo(Duration.ofHours(1)) <= 0,
        "periodic-interval",
        OptionText.text(periodicInterval));
    require(memory.compareTo(MEMORY_MIN) >= 0, "memory", memory);
    require(
        segment.compareTo(SEGMENT_MIN) >= 0 && segment.compareTo(SEGMENT_MAX) <= 0,
        "segment",
        segment);
    require(lanes >= 1 && lanes <= 16, "lanes", lanes);
    require(
        !snapshotAge.isNegative() && snapshotAge.compareTo(SNAPSHOT_AGE_MAX) <= 0,
        "snapshot-age",
        OptionText.text(snapshotAge));
    require(checkpointAfter.compareTo(SEGMENT_MIN) >= 0, "checkpoint-after", checkpointAfter);
  }

  private static void require(boolean holds, String name, Object value) {
    if (!holds) {
      String range =
          switch (name) {
            case "group-batch-max" -> "1 to 1,000,000";
            case "group-wait" -> "0 to 1s";
            case "periodic-interval" -> "1ms to 1h";
            case "memory" -> MEMORY_MIN + " or more";
            case "segment" -> SEGMENT_MIN + " to " + SEGMENT_MAX;
            case "lanes" -> "1 to 16";
            case "snapshot-age" -> "0 to 365 days";
            default -> SEGMENT_MIN + " or more";
          };
      throw new UsageException("the option '" + name + "' is " + range + ", not " + value);
    }
  }

  /// What a store has when nothing is said.
  public static StoreOptions defaults() {
    return new StoreOptions(
        Durability.GROUP,
        1000,
        Duration.ZERO,
        Duration.ofMillis(50),
        shareOfJvm(1, 2),
        ByteSize.ofMebibytes(64),
        1,
        ByteSize.ofMebibytes(256),
        EngineKind.RBTREE,
        true,
        true,
        Duration.ZERO,
        ByteSize.ofBytes(0));
  }

  /** The JVM takes its own limit from the container's, so this follows the container as well. */
  private static ByteSize shareOfJvm(long numerator, long denominator) {
    long bytes = Runtime.getRuntime().maxMemory() / denominator * numerator;
    return ByteSize.ofBytes(Math.max(bytes >> 20 << 20, MEMORY_MIN.bytes()));
  }

  /// The options of a preset.
  public static StoreOptions preset(Preset preset) {
    StoreOptions base = defaults();
    return switch (preset) {
      case EDGE ->
          base.withDurability(Durability.PERIODIC)
              .withMemory(ByteSize.ofMebibytes(2))
              .withSegment(ByteSize.ofMebibytes(2))
              .withCheckpointAfter(ByteSize.ofMebibytes(2))
              .withDefaultEngine(EngineKind.LSM);
      case ROBOTICS ->
          base.withDurability(Durability.PERIODIC)
              .withMemory(ByteSize.ofMebibytes(64))
              .withSegment(ByteSize.ofMebibytes(8))
              .withCheckpointAfter(ByteSize.ofMebibytes(32))
              .withLanes(2);
      case EMBODIED ->
          base.withDurability(Durability.PERIODIC)
              .withPeriodicInterval(Duration.ofMillis(10))
              .withMemory(ByteSize.ofMebibytes(32))
              .withSegment(ByteSize.ofMebibytes(4))
              .withCheckpointAfter(ByteSize.ofMebibytes(16));
      case BALANCED -> base;
      case SERVER -> base.withMemory(shareOfJvm(3, 4)).withLanes(2);
    };
  }

  /// The preset of this name, in any case.
  ///
  /// @throws UsageException when there is none
  public static Preset presetOf(String name) {
    return OptionText.enumValue(Preset.class, "preset", name);
  }

  /// The level of this name, in any case.
  ///
  /// @throws UsageException when there is none
  public static Durability durabilityOf(String name) {
    return OptionText.enumValue(Durability.class, "durability", name);
  }

  /// Reads the text form; what it does not name has its default.
  ///
  /// @throws UsageException for an unknown name or a value out of range
  public static StoreOptions parse(String text) {
    StoreOptions options = defaults();
    for (Map.Entry<String, String> option : OptionText.parse(text, NAMES).entrySet()) {
      options = options.with(option.getKey(), option.getValue());
    }
    return options;
  }

  /// A copy with one option set from its text form.
  ///
  /// @throws UsageException for an unknown name or a value out of range
  public StoreOptions with(String name, String value) {
    return switch (name) {
      case "durability" -> withDurability(durabilityOf(value));
      case "group-batch-max" -> withGroupBatchMax(OptionText.integer(name, value));
      case "group-wait" -> withGroupWait(OptionText.duration(name, value));
      case "periodic-interval" -> withPeriodicInterval(OptionText.duration(name, value));
      case "memory" -> withMemory(ByteSize.parse(value));
      case "segment" -> withSegment(ByteSize.parse(value));
      case "lanes" -> withLanes(OptionText.integer(name, value));
      case "checkpoint-after" -> withCheckpointAfter(ByteSize.parse(value));
      case "default-engine" -> withDefaultEngine(KeyspaceOptions.engineKind(value));
      case "create-if-missing" -> withCreateIfMissing(OptionText.bool(name, value));
      case "leak-detection" -> withLeakDetection(OptionText.bool(name, value));
      case "snapshot-age" -> withSnapshotAge(OptionText.duration(name, value));
      case "snapshot-bytes" -> withSnapshotBytes(ByteSize.parse(value));
      default -> throw OptionText.unknown("option", name, NAMES);
    };
  }

  /// The text form: one `name=value` a line, every option named.
  public String toText() {
    List<Function<StoreOptions, Object>> values =
        List.of(
            o -> o.durability.name().toLowerCase(Locale.ROOT),
            StoreOptions::groupBatchMax,
            o -> OptionText.text(o.groupWait),
            o -> OptionText.text(o.periodicInterval),
            StoreOptions::memory,
            StoreOptions::segment,
            StoreOptions::lanes,
            StoreOptions::checkpointAfter,
            o -> o.defaultEngine.name().toLowerCase(Locale.ROOT),
            StoreOptions::createIfMissing,
            StoreOptions::leakDetection,
            o -> OptionText.text(o.snapshotAge),
            StoreOptions::snapshotBytes);
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < NAMES.size(); i++) {
      text.append(NAMES.get(i)).append('=').append(values.get(i).apply(this)).append('\n');
    }
    return text.toString();
  }

  /// The names of all options, in the order of the text form.
  public static List<String> names() {
    return NAMES;
  }

  /// The names of all presets.
  public static List<String> presetNames() {
    return Arrays.stream(Preset.values()).map(p -> p.name().toLowerCase(Locale.ROOT)).toList();
  }

  /// A copy with another [#durability].
  public StoreOptions withDurability(Durability durability) {
    return new StoreOptions(
        durability,
        groupBatchMax,
        groupWait,
        periodicInterval,
        memory,
        segment,
        lanes,
        checkpointAfter,
        defaultEngine,
        createIfMissing,
        leakDetection,
        snapshotAge,
        snapshotBytes);
  }

  /// A copy with another [#groupBatchMax].
  public StoreOptions withGroupBatchMax(int groupBatchMax) {
    return new StoreOptions(
        durability,
        groupBatchMax,
        groupWait,
        periodicInterval,
        memory,
        segment,
        lanes,
        checkpointAfter,
        defaultEngine,
        createIfMissing,
        leakDetection,
        snapshotAge,
        snapshotBytes);
  }

  /// A copy with another [#groupWait].
  public StoreOptions withGroupWait(Duration groupWait) {
    return new StoreOptions(
        durability,
        groupBatchMax,
        groupWait,
        periodicInterval,
        memory,
        segment,
        lanes,
        checkpointAfter,
        defaultEngine,
        createIfMissing,
        leakDetection,
        snapshotAge,
        snapshotBytes);
  }

  /// A copy with another [#periodicInterval].
  public StoreOptions withPeriodicInterval(Duration periodicInterval) {
    return new StoreOptions(
        durability,
        groupBatchMax,
        groupWait,
        periodicInterval,
        memory,
        segment,
        lanes,
        checkpointAfter,
        defaultEngine,
        createIfMissing,
        leakDetection,
        snapshotAge,
        snapshotBytes);
  }

  /// The same, but with the default [#memory] where this asks for more than nine tenths of what the
  /// JVM may use: options that a store keeps may come from a larger machine.
  public StoreOptions fittingHeap() {
    long bytesMax = Runtime.getRuntime().maxMemory() / 10 * 9;
    return memory.bytes() > bytesMax ? withMemory(defaults().memory) : this;
  }

  /// A copy with another [#memory].
  public StoreOptions withMemory(ByteSize memory) {
    return new StoreOptions(
        durability,
        groupBatchMax,
        groupWait,
        periodicInterval,
        memory,
        segment,
        lanes,
        checkpointAfter,
        defaultEngine,
        createIfMissing,
        leakDetection,
        snapshotAge,
        snapshotBytes);
  }

  /// A copy with another [#segment].
  public StoreOptions withSegment(ByteSize segment) {
    return new StoreOptions(
        durability,
        groupBatchMax,
        groupWait,
        periodicInterval,
        memory,
        segment,
        lanes,
        checkpointAfter,
        defaultEngine,
        createIfMissing,
        leakDetection,
        snapshotAge,
        snapshotBytes);
  }

  /// A copy with another [#lanes].
  public StoreOptions withLanes(int lanes) {
    return new StoreOptions(
        durability,
        groupBatchMax,
        groupWait,
        periodicInterval,
        memory,
        segment,
        lanes,
        checkpointAfter,
        defaultEngine,
        createIfMissing,
        leakDetection,
        snapshotAge,
        snapshotBytes);
  }

  /// A copy with another [#checkpointAfter].
  public StoreOptions withCheckpointAfter(ByteSize checkpointAfter) {
    return new StoreOptions(
        durability,
        groupBatchMax,
        groupWait,
        periodicInterval,
        memory,
        segment,
        lanes,
        checkpointAfter,
        defaultEngine,
        createIfMissing,
        leakDetection,
        snapshotAge,
        snapshotBytes);
  }

  /// A copy with another [#defaultEngine].
  public StoreOptions withDefaultEngine(EngineKind defaultEngine) {
    return new StoreOptions(
        durability,
        groupBatchMax,
        groupWait,
        periodicInterval,
        memory,
        segment,
        lanes,
        checkpointAfter,
        defaultEngine,
        createIfMissing,
        leakDetection,
        snapshotAge,
        snapshotBytes);
  }

  /// A copy with another [#createIfMissing].
  public StoreOptions withCreateIfMissing(boolean createIfMissing) {
    return new StoreOptions(
        durability,
        groupBatchMax,
        groupWait,
        periodicInterval,
        memory,
        segment,
        lanes,
        checkpointAfter,
        defaultEngine,
        createIfMissing,
        leakDetection,
        snapshotAge,
        snapshotBytes);
  }

  /// A copy with another [#leakDetection].
  public StoreOptions withLeakDetection(boolean leakDetection) {
    return new StoreOptions(
        durability,
        groupBatchMax,
        groupWait,
        periodicInterval,
        memory,
        segment,
        lanes,
        checkpointAfter,
        defaultEngine,
        createIfMissing,
        leakDetection,
        snapshotAge,
        snapshotBytes);
  }

  /// A copy with another [#snapshotAge].
  public StoreOptions withSnapshotAge(Duration snapshotAge) {
    return new StoreOptions(
        durability,
        groupBatchMax,
        groupWait,
        periodicInterval,
        memory,
        segment,
        lanes,
        checkpointAfter,
        defaultEngine,
        createIfMissing,
        leakDetection,
        snapshotAge,
        snapshotBytes);
  }

  /// A copy with another [#snapshotBytes].
  public StoreOptions withSnapshotBytes(ByteSize snapshotBytes) {
    return new StoreOptions(
        durability,
        groupBatchMax,
        groupWait,
        periodicInterval,
        memory,
        segment,
        lanes,
        checkpointAfter,
        defaultEngine,
        createIfMissing,
        leakDetection,
        snapshotAge,
        snapshotBytes);
  }
}
