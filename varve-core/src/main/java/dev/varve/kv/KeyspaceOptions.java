package dev.varve.kv;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// How a keyspace is made. The store keeps it; a keyspace that exists keeps what it was made with.
///
/// All but the engine concern engines that keep entries in files, and are refused for others, as
/// are options of another engine.
///
/// @param engine the implementation (`engine`)
/// @param compression how blocks and leaves are compressed (`compression`, `none`, `lz4` or `zstd`,
///   default `lz4`)
/// @param blobThreshold from how many bytes on a value is kept apart, so that it is not moved with
///   its neighbours: by the engine LSM in a blob file, by BTREE in an object of its own
///   (`blob-threshold`, 256 B to 1 GiB, default 32 KiB for LSM and 4 KiB for BTREE)
/// @param lsm what concerns the engine LSM alone
/// @param btree what concerns the engine BTREE alone
public record KeyspaceOptions(
    EngineKind engine,
    BlockCompression compression,
    ByteSize blobThreshold,
    LsmOptions lsm,
    BtreeOptions btree) {
  private static final List<String> NAMES = names();
  private static final ByteSize BLOB_THRESHOLD_MIN = ByteSize.ofBytes(256);
  private static final ByteSize BLOB_THRESHOLD_MAX = ByteSize.ofBytes(Limits.VALUE_BYTES_MAX);

  private static List<String> names() {
    List<String> names = new ArrayList<>(List.of("engine", "compression", "blob-threshold"));
    names.addAll(LsmOptions.NAMES);
    names.addAll(BtreeOptions.NAMES);
    return List.copyOf(names);
  }

  private static ByteSize blobThresholdDefault(EngineKind engine) {
    return engine == EngineKind.BTREE ? ByteSize.ofKibibytes(4) : ByteSize.ofKibibytes(32);
  }

  /// Combinations of options of the engine LSM for kinds of use.
  public enum Preset {
    /// More reads than writes: filters that let one absent key in 300 pass (12 bits), and files
    /// that are merged as soon as there are two, so that a read looks into few. Costs a quarter
    /// more memory for filters, and more rewriting.
    READ_OPTIMIZED,
    /// More writes than reads: memtables of 64 MiB, eight files merged at a time, and blocks of 16
    /// KiB, so that less is rewritten and files are smaller. Costs reads, and memory for writes.
    WRITE_OPTIMIZED,
    /// Little memory: memtables of 1 MiB, filters of 8 bits, and files that are merged as soon as
    /// there are two. Works in a store of 2 MiB: see [StoreOptions.Preset#EDGE].
    EDGE
  }

  /// @throws UsageException when a value is outside its limits, or of no effect on the engine
  public KeyspaceOptions {
    if (blobThreshold.compareTo(BLOB_THRESHOLD_MIN) < 0
        || blobThreshold.compareTo(BLOB_THRESHOLD_MAX) > 0) {
      throw new UsageException(
          "'blob-threshold' is from "
              + BLOB_THRESHOLD_MIN
              + " to "
              + BLOB_THRESHOLD_MAX
              + ", not "
              + blobThreshold);
    }
    if (engine.isResident()
        && (compression != BlockCompression.LZ4
            || !blobThreshold.equals(blobThresholdDefault(engine))
            || !lsm.equals(LsmOptions.DEFAULTS)
            || !btree.equals(BtreeOptions.DEFAULTS))) {
      throw new UsageException(
          "options other than 'engine' have no effect on the engine "
              + engine
              + "; leave them out, or use LSM or BTREE");
    }
    requireOwn(engine, EngineKind.LSM, lsm.equals(LsmOptions.DEFAULTS), LsmOptions.NAMES);
    requireOwn(engine, EngineKind.BTREE, btree.equals(BtreeOptions.DEFAULTS), BtreeOptions.NAMES);
  }

  private static void requireOwn(
      EngineKind engine, EngineKind owner, boolean isDefault, List<String> names) {
    if (engine != owner && !isDefault) {
      throw new UsageException(
          "the options "
              + String.join(", ", names)
              + " are of the engine "
              + owner
              + " and have no effect on "
              + engine
              + "; leave them out, or use "
              + owner);
    }
  }

  /// With this engine.
  public static KeyspaceOptions of(EngineKind engine) {
    return new KeyspaceOptions(
        engine,
        BlockCompression.LZ4,
        blobThresholdDefault(engine),
        LsmOptions.DEFAULTS,
        BtreeOptions.DEFAULTS);
  }

  /// The options of a preset.
  public static KeyspaceOptions preset(Preset preset) {
    KeyspaceOptions base = of(EngineKind.LSM);
    return switch (preset) {
      case READ_OPTIMIZED -> base.withFilterBits(12).withLevelZeroFiles(2);
      case WRITE_OPTIMIZED ->
          base.withMemtable(ByteSize.ofMebibytes(64))
              .withLevelZeroFiles(8)
              .withBlock(ByteSize.ofKibibytes(16));
      case EDGE ->
          base.withMemtable(ByteSize.ofMebibytes(1)).withFilterBits(8).withLevelZeroFiles(2);
    };
  }

  /// The preset of this name, in any case, with `-` or `_` between words.
  ///
  /// @throws UsageException when there is none
  public static Preset presetOf(String name) {
    return OptionText.enumValue(Preset.class, "preset", name);
  }

  /// The names of all presets.
  public static List<String> presetNames() {
    return Arrays.stream(Preset.values())
        .map(preset -> preset.name().toLowerCase(Locale.ROOT).replace('_', '-'))
        .toList();
  }

  /// A copy with another [#compression].
  public KeyspaceOptions withCompression(BlockCompression value) {
    return new KeyspaceOptions(engine, value, blobThreshold, lsm, btree);
  }

  /// A copy with another [#blobThreshold].
  public KeyspaceOptions withBlobThreshold(ByteSize value) {
    return new KeyspaceOptions(engine, compression, value, lsm, btree);
  }

  /// A copy with other options of the engine LSM.
  public KeyspaceOptions withLsm(LsmOptions value) {
    return new KeyspaceOptions(engine, compression, blobThreshold, value, btree);
  }

  /// A copy with other options of the engine BTREE.
  public KeyspaceOptions withBtree(BtreeOptions value) {
    return new KeyspaceOptions(engine, compression, blobThreshold, lsm, value);
  }

  /// A copy with other [LsmOptions#filterBits].
  public KeyspaceOptions withFilterBits(int value) {
    return withLsm(lsm.withFilterBits(value));
  }

  /// A copy with another [LsmOptions#block].
  public KeyspaceOptions withBlock(ByteSize value) {
    return withLsm(lsm.withBlock(value));
  }

  /// A copy with another [LsmOptions#levelZeroFiles].
  public KeyspaceOptions withLevelZeroFiles(int value) {
    return withLsm(lsm.withLevelZeroFiles(value));
  }

  /// A copy with another [LsmOptions#memtable].
  public KeyspaceOptions withMemtable(@Nullable ByteSize value) {
    return withLsm(lsm.withMemtable(value));
  }

  /// A copy with another [BtreeOptions#order].
  public KeyspaceOptions withOrder(int value) {
    return withBtree(btree.withOrder(value));
  }

  /// A copy with another [BtreeOptions#warmUp].
  public KeyspaceOptions withWarmUp(BtreeOptions.WarmUp value) {
    return withBtree(btree.withWarmUp(value));
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
    KeyspaceOptions options = of(engineKind(engine));
    for (Map.Entry<String, String> option : values.entrySet()) {
      options = options.with(option.getKey(), option.getValue());
    }
    return options;
  }

  private KeyspaceOptions with(String name, String value) {
    if (LsmOptions.NAMES.contains(name)) {
      return withLsm(lsm.with(name, value));
    }
    if (BtreeOptions.NAMES.contains(name)) {
      return withBtree(btree.with(name, value));
    }
    return switch (name) {
      case "compression" ->
          withCompression(OptionText.enumValue(BlockCompression.class, name, value));
      case "blob-threshold" -> withBlobThreshold(ByteSize.parse(value));
      default -> this;
    };
  }

  /// The engine of this name, in any case.
  ///
  /// @throws UsageException when there is none
  public static EngineKind engineKind(String name) {
    return OptionText.enumValue(EngineKind.class, "engine", name);
  }

  /// The text form: one `name=value` a line.
  public String toText() {
    String text = "engine=" + engine.name().toLowerCase(Locale.ROOT) + "\n";
    if (engine.isResident()) {
      return text;
    }
    return text
        + "compression="
        + compression.name().toLowerCase(Locale.ROOT)
        + "\n"
        + (engine == EngineKind.LSM ? lsm.toText() : btree.toText())
        + "blob-threshold="
        + blobThreshold
        + "\n";
  }
}
