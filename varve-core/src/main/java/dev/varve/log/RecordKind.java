package dev.varve.log;

import org.jspecify.annotations.Nullable;

/// The kinds of records in the log.
public enum RecordKind {
  /// A commit's mutations.
  COMMIT(1, true),
  /// A transaction that is ready to commit.
  PREPARE(2, true),
  /// What became of a prepared transaction.
  RESOLVE(3, true),
  /// Every engine's files hold the commits up to the number in the payload.
  CHECKPOINT(4, false),
  /// The log was closed in order.
  SEAL(5, false),
  /// The log fell idle.
  MARK(6, false),
  /// Whatever the log's user puts there.
  OPAQUE(7, true),
  /// The first record of a segment: up to where the one before it counts.
  BEGIN(8, false),
  /// The last record of a segment: the lane goes on in another, whose begin is written.
  CONTINUED(9, false);

  private final int code;
  private final boolean numbered;

  RecordKind(int code, boolean numbered) {
    this.code = code;
    this.numbered = numbered;
  }

  /// The number that stands for it in files; never given to another kind.
  public int code() {
    return code;
  }

  /// Whether a record of this kind has a sequence number of its own.
  public boolean isNumbered() {
    return numbered;
  }

  /// The kind of this number, or null.
  public static @Nullable RecordKind ofCode(int code) {
    for (RecordKind kind : values()) {
      if (kind.code == code) {
        return kind;
      }
    }
    return null;
  }
}
