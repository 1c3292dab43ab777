package dev.varve.kv;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// What concerns the engine LSM alone.
///
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
///   least 64 KiB; never more than a quarter of the store's memory is used), or null for an eighth
///   of the store's memory, at least 256 KiB and at most 64 MiB
public record LsmOptions(
    int filterBits, ByteSize block, int levelZeroFiles, @Nullable ByteSize memtable) {
  static final List<String> NAMES = List.of("filter-bits", "block", "level-zero-files", "memtable");

  private static final int FILTER_BITS_MAX = 24;
  private static final ByteSize BLOCK_MIN = ByteSize.ofKibibytes(1);
  private static final ByteSize BLOCK_MAX = ByteSize.ofMebibytes(1);
  private static final int LEVEL_ZERO_FILES_MAX = 64;
  private static final ByteSize MEMTABLE_MIN = ByteSize.ofKibibytes(64);

  /// What works for most.
  public static final LsmOptions DEFAULTS = new LsmOptions(10, ByteSize.ofKibibytes(4), 4, null);

  /// @throws UsageException when a value is outside its limits
  public LsmOptions {
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
  }

  /// A copy with other [#filterBits].
  public LsmOptions withFilterBits(int value) {
    return new LsmOptions(value, block, levelZeroFiles, memtable);
  }

  /// A copy with another [#block].
  public LsmOptions withBlock(ByteSize value) {
    return new LsmOptions(filterBits, value, levelZeroFiles, memtable);
  }

  /// A copy with another [#levelZeroFiles].
  public LsmOptions withLevelZeroFiles(int value) {
    return new LsmOptions(filterBits, block, value, memtable);
  }

  /// A copy with another [#memtable].
  public LsmOptions withMemtable(@Nullable ByteSize value) {
    return new LsmOptions(filterBits, block, levelZeroFiles, value);
  }

  /** With the option of one of [#NAMES]. */
  LsmOptions with(String name, String value) {
    return switch (name) {
      case "filter-bits" -> withFilterBits(OptionText.integer(name, value));
      case "block" -> withBlock(ByteSize.parse(value));
      case "level-zero-files" -> withLevelZeroFiles(OptionText.integer(name, value));
      case "memtable" -> withMemtable(ByteSize.parse(value));
      default -> throw new IllegalArgumentException(name);
    };
  }

  String toText() {
    ByteSize size = memtable;
    return "filter-bits="
        + filterBits
        + "\nblock="
        + block
        + "\nlevel-zero-files="
        + levelZeroFiles
        + "\n"
        + (size == null ? "" : "memtable=" + size + "\n");
  }
}
