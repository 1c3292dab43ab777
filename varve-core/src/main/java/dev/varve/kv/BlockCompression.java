package dev.varve.kv;

/// How blocks of files are compressed.
public enum BlockCompression {
  /// Not at all.
  NONE,
  /// With LZ4: fast, and blocks that it does not make smaller stay as they are.
  LZ4,
  /// With Zstandard: slower, and smaller. It takes the module `varve-zstd`, to write as well as to
  /// read.
  ZSTD
}
