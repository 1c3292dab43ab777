package dev.varve.engine.lsm.sstable;

/// What a block holds. Part of its checksum, so that a block is never taken for one of another
/// type.
enum BlockType {
  DATA(0),
  FILTER(1),
  RANGE_TOMBSTONES(2),
  INDEX_LEAF(3),
  INDEX_TOP(4),
  PROPERTIES(5);

  final int code;

  BlockType(int code) {
    this.code = code;
  }

  /// Whether it is a block of entries.
  boolean hasEntries() {
    return this == DATA || isIndex();
  }

  boolean isIndex() {
    return this == INDEX_LEAF || this == INDEX_TOP;
  }
}
