package dev.varve.kv;

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
/// @param memtable how much is gathered in memory before it is written to a file (`memtable`, at
///   least 64 KiB), or null for an eighth of the store's memory, at least 256 KiB and at most 64
///   MiB
/// @param blobThreshold from how many bytes on a value is written to a blob file, which merges of
///   sorted files leave alone, and not into a sorted file (`blob-threshold`, 256 B to 1 GiB,
///   default 32 KiB)
public record KeyspaceOptions(
    EngineKind engine,
    BlockCompression compression,
    int filterBits,
    @Nullable ByteSize memtable,
    ByteSize blobThreshold) {
  private static final List<String> NAMES =
      List.of("engine", "compression", "filter-bits", "memtable", "blob-threshold");
  private static final int FILTER_BITS_DEFAULT = 10;
  private static final int FILTER_BITS_MAX = 24;
  private static final ByteSize MEMTABLE_MIN = ByteSize.ofKibibytes(64);
  private static final ByteSize BLOB_THRESHOLD_DEFAULT = ByteSize.ofKibibytes(32);
  private static final ByteSize BLOB_THRESHOLD_MIN = ByteSize.ofBytes(256);
  private static final ByteSize BLOB_THRESHOLD_MAX = ByteSize.ofBytes(Limits.VALUE_BYTES_MAX);

  /// @throws UsageException when a value is outside its limits, or of no effect on the engine
  public KeyspaceOptions {
    if (filterBits < 0 || filterBits > FILTER_BITS_MAX) {
      throw new UsageException(
          "'filter-bits' is from 0 to " + FILTER_BITS_MAX + ", not " + filterBits);
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
            || memtable != null
            || !blobThreshold.equals(BLOB_THRESHOLD_DEFAULT))) {
      throw new UsageException(
          "'compression', 'filter-bits', 'memtable' and 'blob-threshold' have no effect on the"
              + " engine "
              + engine
              + "; leave them out, or use LSM");
    }
  }

  /// With this engine.
  public static KeyspaceOptions of(EngineKind engine) {
    return new KeyspaceOptions(
        engine, BlockCompression.LZ4, FILTER_BITS_DEFAULT, null, BLOB_THRESHOLD_DEFAULT);
  }

  /// A copy with another [#compression].
  public KeyspaceOptions withCompression(BlockCompression value) {
    return new KeyspaceOptions(engine, value, filterBits, memtable, blobThreshold);
  }

  /// A copy with other [#filterBits].
  public KeyspaceOptions withFilterBits(int value) {
    return new KeyspaceOptions(engine, compression, value, memtable, blobThreshold);
  }

  /// A copy with another [#memtable].
  public KeyspaceOptions withMemtable(@Nullable ByteSize value) {
    return new KeyspaceOptions(engine, compression, filterBits, value, blobThreshold);
  }

  /// A copy with another [#blobThreshold].
  public KeyspaceOptions withBlobThreshold(ByteSize value) {
    return new KeyspaceOptions(engine, compression, filterBits, memtable, value);
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
    String compression = values.get("compression");
    if (compression != null) {
      options =
          options.withCompression(
              OptionText.enumValue(BlockCompression.class, "compression", compression));
    }
    String filterBits = values.get("filter-bits");
    if (filterBits != null) {
      options = options.withFilterBits(OptionText.integer("filter-bits", filterBits));
    }
    String memtable = values.get("memtable");
    if (memtable != null) {
      options = options.withMemtable(ByteSize.parse(memtable));
    }
    String blobThreshold = values.get("blob-threshold");
    return blobThreshold == null
        ? options
        : options.withBlobThreshold(ByteSize.parse(blobThreshold));
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
        + "\n"
        + (size == null ? "" : "memtable=" + size + "\n")
        + "blob-threshold="
        + blobThreshold
        + "\n";
  }
}
