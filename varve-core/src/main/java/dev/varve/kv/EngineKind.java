package dev.varve.kv;

/// The implementations that a keyspace can have.
public enum EngineKind {
  /// Unordered slots searched one after the other: for sets of at most a few hundred entries.
  ARRAY(1, false),
  /// A red-black tree in memory: for ordered sets that fit.
  RBTREE(2, true),
  /// A hash table in memory: for point access to sets that fit.
  HASH(3, false),
  /// A B+Tree over leaves that are cached in memory and kept in a heap of slots on the device; for
  /// ordered sets of any size that are read as much as written.
  BTREE(4, true),
  /// A log-structured merge tree: sorted files on the device, what was written last in memory; for
  /// ordered sets larger than memory.
  LSM(5, true);

  private final int code;
  private final boolean ordered;

  EngineKind(int code, boolean ordered) {
    this.code = code;
    this.ordered = ordered;
  }

  /// The number that stands for it in files; never given to another kind.
  public int code() {
    return code;
  }

  /// Whether it keeps keys in order. Without order there is no range, seek, first, last or
  /// previous.
  public boolean isOrdered() {
    return ordered;
  }

  /// Whether it knows how many entries it has. Others, which do not look at what they overwrite,
  /// have a guess until somebody counts.
  public boolean isCounted() {
    return this != LSM;
  }

  /// Whether all its entries are in memory. One that is not keeps them in files.
  public boolean isResident() {
    return this != LSM && this != BTREE;
  }

  /// The kind of this number.
  ///
  /// @throws UsageException when there is none
  public static EngineKind ofCode(int code) {
    for (EngineKind kind : values()) {
      if (kind.code == code) {
        return kind;
      }
    }
    throw new UsageException("no engine has the number " + code);
  }
}
