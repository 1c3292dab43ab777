package dev.varve.kv;

/// What a transaction is kept from noticing of others.
///
/// | level | reads | is refused at commit when, since its moment, somebody wrote |
/// |---|---|---|
/// | [#READ_COMMITTED] | the newest, at each call | nothing: the last to commit wins |
/// | [#SNAPSHOT] | one moment | a key that it writes too |
/// | [#SERIALIZABLE] | one moment | a key that it writes or has read, or any key in a range that it has read |
///
/// At every level a transaction reads what it has written itself, no other reads any of that before
/// the commit and then all of it at once, and what [Transaction#getForUpdate] has read is not
/// written by anybody else before the commit, or the commit is refused.
///
/// Serializable transactions take effect in the order of their commits, which is the order of real
/// time too; one that writes nothing, at its moment.
public enum Isolation {
  /// The same as [#READ_COMMITTED]: what is not committed is nowhere to be read.
  READ_UNCOMMITTED,
  /// Each call sees what is committed by then, as of one moment.
  READ_COMMITTED,
  /// The same as [#SNAPSHOT].
  REPEATABLE_READ,
  /// Reads of one moment; the first to commit a key wins.
  SNAPSHOT,
  /// As if transactions had run one after the other.
  SERIALIZABLE;

  /// The level that this one behaves as.
  public Isolation effective() {
    return switch (this) {
      case READ_UNCOMMITTED, READ_COMMITTED -> READ_COMMITTED;
      case REPEATABLE_READ, SNAPSHOT -> SNAPSHOT;
      case SERIALIZABLE -> SERIALIZABLE;
    };
  }
}
