package dev.varve.format;

import org.jspecify.annotations.Nullable;

/// The kinds of files with an envelope.
public enum FileKind {
  CATALOG(1, 1, "catalog"),
  LOG_SEGMENT(2, 1, "log segment"),
  MEMORY_SNAPSHOT(3, 1, "snapshot of an engine in memory"),
  SSTABLE(4, 1, "sstable"),
  MANIFEST(5, 1, "manifest"),
  BLOB(6, 1, "blob file"),
  HEAP(7, 1, "heap"),
  HEAP_MAP(8, 1, "map of a heap"),
  EXPORT(9, 1, "export");

  private final int code;
  private final int version;
  private final String text;

  FileKind(int code, int version, String text) {
    this.code = code;
    this.version = version;
    this.text = text;
  }

  /// The number that stands for it in files; never given to another kind.
  public int code() {
    return code;
  }

  /// The format version that is written, and the newest that is read.
  public int version() {
    return version;
  }

  /// The kind of this number, or null.
  public static @Nullable FileKind ofCode(int code) {
    for (FileKind kind : values()) {
      if (kind.code == code) {
        return kind;
      }
    }
    return null;
  }

  @Override
  public String toString() {
    return text;
  }
}
