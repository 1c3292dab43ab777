package dev.varve.kv;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// Bytes are not what Varve wrote. Nothing was changed; `varve salvage` makes a new store of what
/// is sound.
public final class CorruptionException extends VarveException {
  private static final long serialVersionUID = 1L;

  private final transient Path file;
  private final long offset;
  private final String expected;
  private final String found;

  /// @param file the damaged file
  /// @param offset the byte in it where the damage shows
  /// @param expected what should be there
  /// @param found what is there
  public CorruptionException(Path file, long offset, String expected, String found) {
    this(file, offset, expected, found, null);
  }

  /// @param cause what showed the damage, if an exception did
  public CorruptionException(
      Path file, long offset, String expected, String found, @Nullable Throwable cause) {
    this(
        file,
        offset,
        expected,
        found,
        "Restore the file, or make a new store of what is sound with: varve -d "
            + file.getParent()
            + " salvage NEW_DIRECTORY",
        cause);
  }

  private CorruptionException(
      Path file,
      long offset,
      String expected,
      String found,
      String advice,
      @Nullable Throwable cause) {
    super(
        file
            + " is damaged at byte "
            + offset
            + ": expected "
            + expected
            + ", found "
            + found
            + ". "
            + advice,
        cause);
    this.file = file;
    this.offset = offset;
    this.expected = expected;
    this.found = found;
  }

  /// Of an export, which is no file of a store.
  ///
  /// @param name the file, or what else the stream is called
  public static CorruptionException ofExport(
      Path name, long offset, String expected, String found) {
    return new CorruptionException(
        name, offset, expected, found, "Export the store again, or restore the export", null);
  }

  /// The damaged file.
  public Path file() {
    return file;
  }

  /// The byte in it where the damage shows.
  public long offset() {
    return offset;
  }

  /// What should be there.
  public String expected() {
    return expected;
  }

  /// What is there.
  public String found() {
    return found;
  }
}
