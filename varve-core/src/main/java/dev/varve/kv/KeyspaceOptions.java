package dev.varve.kv;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// How a keyspace is made. The store keeps it; a keyspace that exists keeps what it was made with.
///
/// All but the engine concern engines that keep entries in files, and are refused for others.
///
/// @param engine the implementation (`engine`)
/// @param compression how blocks are compressed (`compression`, default lz4)
/// @param filterBits how many bits of a filter each key has, so that most reads of absent keys need
///   no block (`filter-bits`, 0 to 24, default 10: one absent key in a hundred passes; 0: no
///   filter)
/// @param block how many bytes of entries a block has at most, unless one entry has more (`block`,
///   1 KiB to 1 MiB, default 4 KiB): a read brings in and decompresses a whole block, but larger
///   ones compress better and need a smaller index
/// @param levelZeroFiles how many files, each written from a full memtable, gather before they are
///   merged into the levels below (`level-zero-files`, 1 to 64, default 4): a read may have to look
///   into each of them, but merging more of them at once writes less
/// @param memtable how much is gathered in memory before it is written to a file (`memtable`, at
///   least 64 KiB; never more than half of the store's memory is used), or null for an eighth of
///   the store's memory, at least 256 KiB and at most 64 MiB
/// @param blobThreshold from how many bytes on a value is written to a blob file, which merges of
///   sorted files leave alone, and not into a sorted file (`blob-threshold`, 256 B to 1 GiB,
///   default 32 KiB)
public record KeyspaceOptions(
    EngineKind engine,
    BlockCompression compression,
    int filterBits,
    ByteSize block,
    int levelZeroFiles,
    @Nullable ByteSize memtable,
    ByteSize blobThreshold) {
  private static final List<String> NAMES =
      List.of(
          "engine",
          "compression",
          "filter-bits",
          "block",
          "level-zero-files",
          "memtable",
          "blob-threshold");
  private static final int FILTER_BITS_DEFAULT = 10;
  private static final int FILTER_BITS_MAX = 24;
  private static final ByteSize BLOCK_DEFAULT = ByteSize.ofKibibytes(4);
  private static final ByteSize BLOCK_MIN = ByteSize.ofKibibytes(1);
  private static final ByteSize BLOCK_MAX = ByteSize.ofMebibytes(1);
  private static final int LEVEL_ZERO_FILES_DEFAULT = 4;
  private static final int LEVEL_ZERO_FILES_MAX = 64;
  private static final ByteSize MEMTABLE_MIN = ByteSize.ofKibibytes(64);
  private static final ByteSize BLOB_THRESHOLD_DEFAULT = ByteSize.ofKibibytes(32);
  private static final ByteSize BLOB_THRESHOLD_MIN = ByteSize.ofBytes(256);
  private static final ByteSize BLOB_THRESHOLD_MAX = ByteSize.ofBytes(Limits.VALUE_BYTES_MAX);

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
    if (filterBits < 0 || filterBits > FILTER_BITS_MAX) {
      throw new UsageException(
          "'filter-bits' is from 0 to " + FILTER_BITS_MAX + ", not " + filterBits);
    }
    if (block.compareTo(BLOCK_MIN) < 0 || block.compareTo(BLOCK_MAX) > 0) {
      throw new UsageException("'block' is " + BLOCK_MIN + " to " + BLOCK_MAX + ", not " + block);
    }
    if (levelZeroFiles < 1 || levelZeroFiles > LEVEL_ZERO_FILES_MAX) {
      throw new UsageException(
          "'level-zero-files' is from 1 to " + LEVEL_ZERO_FILES_MAX + ", not " + levelZeroFiles);
    }
    if (memtable != null && memtable.compareTo(MEMTABLE_MIN) < 0) {
      throw new UsageException("'memtable' is " + MEMTABLE_MIN + " or more, not " + memtable);
    }
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
            || filterBits != FILTER_BITS_DEFAULT
            || !block.equals(BLOCK_DEFAULT)
            || levelZeroFiles != LEVEL_ZERO_FILES_DEFAULT
            || memtable != null
            || !blobThreshold.equals(BLOB_THRESHOLD_DEFAULT))) {
      throw new UsageException(
          "options other than 'engine' have no effect on the engine "
              + engine
              + "; leave them out, or use LSM");
    }
  }

  /// With this engine.
  public static KeyspaceOptions of(EngineKind engine) {
    return new KeyspaceOptions(
        engine,
        BlockCompression.LZ4,
        FILTER_BITS_DEFAULT,
        BLOCK_DEFAULT,
        LEVEL_ZERO_FILES_DEFAULT,
        null,
        BLOB_THRESHOLD_DEFAULT);
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
    return new KeyspaceOptions(
        engine, value, filterBits, block, levelZeroFiles, memtable, blobThreshold);
  }

  /// A copy with other [#filterBits].
  public KeyspaceOptions withFilterBits(int value) {
    return new KeyspaceOptions(
        engine, compression, value, block, levelZeroFiles, memtable, blobThreshold);
  }

  /// A copy with another [#block].
  public KeyspaceOptions withBlock(ByteSize value) {
    return new KeyspaceOptions(
        engine, compression, filterBits, value, levelZeroFiles, memtable, blobThreshold);
  }

  /// A copy with another [#levelZeroFiles].
  public KeyspaceOptions withLevelZeroFiles(int value) {
    return new KeyspaceOptions(
        engine, compression, filterBits, block, value, memtable, blobThreshold);
  }

  /// A copy with another [#memtable].
  public KeyspaceOptions withMemtable(@Nullable ByteSize value) {
    return new KeyspaceOptions(
        engine, compression, filterBits, block, levelZeroFiles, value, blobThreshold);
  }

  /// A copy with another [#blobThreshold].
  public KeyspaceOptions withBlobThreshold(ByteSize value) {
    return new KeyspaceOptions(
        engine, compression, filterBits, block, levelZeroFiles, memtable, value);
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
    return switch (name) {
      case "compression" ->
          withCompression(OptionText.enumValue(BlockCompression.class, name, value));
      case "filter-bits" -> withFilterBits(OptionText.integer(name, value));
      case "block" -> withBlock(ByteSize.parse(value));
      case "level-zero-files" -> withLevelZeroFiles(OptionText.integer(name, value));
      case "memtable" -> withMemtable(ByteSize.parse(value));
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
    ByteSize size = memtable;
    return text
        + "compression="
        + compression.name().toLowerCase(Locale.ROOT)
        + "\nfilter-bits="
        + filterBits
        + "\nblock="
        + block
        + "\nlevel-zero-files="
        + levelZeroFiles
        + "\n"
        + (size == null ? "" : "memtable=" + size + "\n")
        + "blob-threshold="
        + blobThreshold
        + "\n";
  }
}
