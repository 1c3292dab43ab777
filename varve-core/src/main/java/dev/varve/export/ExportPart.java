package dev.varve.export;

import dev.varve.base.Varints;
import dev.varve.kv.Limits;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// The parts of an export, and how large they are.
enum ExportPart {
  /// Which keyspaces there are. First, and once.
  CONTENTS(1),
  /// Entries of one keyspace.
  ENTRIES(2),
  /// The end of a keyspace.
  KEYSPACE_END(3),
  /// The end of the export. Last, and once.
  END(4);

  /// Length, kind and index of a part, and their checksum.
  static final int HEADER_BYTES = 16;

  /// The checksum behind the content.
  static final int FOOTER_BYTES = 4;

  /// A part of entries is full from here on.
  static final int BLOCK_BYTES = 64 << 10;

  /// A full part ends with the entry that fills it, so it holds one of the largest at most, and
  /// less than a full part before it; the contents are smaller.
  static final int CONTENT_BYTES_MAX =
      BLOCK_BYTES + Limits.KEY_BYTES_MAX + Limits.VALUE_BYTES_MAX + 4 * Varints.SIZE_MAX + 4;

  private static final ExportPart[] ALL = values();

  private final int code;

  ExportPart(int code) {
    this.code = code;
  }

  /// The number that stands for it.
  int code() {
    return code;
  }

  /// What to call it.
  String text() {
    return switch (this) {
      case CONTENTS -> "the list of keyspaces";
      case ENTRIES -> "entries";
      case KEYSPACE_END -> "the end of a keyspace";
      case END -> "the end of the export";
    };
  }

  /// The part of this number, or null.
  static @Nullable ExportPart ofCode(int code) {
    return code >= 1 && code <= ALL.length ? ALL[code - 1] : null;
  }

  /// Adds a part's checksum to that of all parts.
  static void addChecksum(CRC32C all, int checksum) {
    for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
      all.update(checksum >>> shift);
    }
  }
}
