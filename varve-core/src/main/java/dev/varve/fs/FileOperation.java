package dev.varve.fs;

import java.nio.file.Path;

/// One call of a [FileSystem], of a [StoreFile] or of a [MappedRegion].
///
/// @param index which call it is since the file system was made, from 0
/// @param kind what was called
/// @param path the file or directory; for a rename or link the new name
/// @param position where it begins, or 0 where that means nothing
/// @param length how many bytes it concerns, or 0 where that means nothing
public record FileOperation(long index, Kind kind, Path path, long position, long length) {
  /// What can be called.
  public enum Kind {
    CREATE(true),
    OPEN(false),
    RENAME(true),
    LINK(true),
    DELETE(true),
    LIST(false),
    EXISTS(false),
    CREATE_DIRECTORIES(true),
    SYNC_DIRECTORY(true),
    LOCK(true),
    USABLE_SPACE(false),
    SIZE(false),
    READ(false),
    WRITE(true),
    PREALLOCATE(true),
    TRUNCATE(true),
    SYNC(true),
    MAP(false),
    FORCE(true);

    private final boolean changes;

    Kind(boolean changes) {
      this.changes = changes;
    }

    /// Whether it can change what a crash leaves; every kind either does or does not.
    public boolean changes() {
      return changes;
    }
  }

  @Override
  public String toString() {
    return "#" + index + " " + kind + " " + path.getFileName() + " @" + position + "+" + length;
  }
}
