package dev.varve.engine.lsm.sstable;

/// A sequence number and the kind of an entry in one number: sequence number times 4 plus kind.
/// Entries of one key are ordered by it, greatest first.
///
/// @threads stateless
public final class Stamp {
  /// The key was deleted; the value is empty.
  public static final int TOMBSTONE = 0;

  /// The key has the value that stands here.
  public static final int VALUE = 1;

  /// The key's value stands in a blob file; here is where.
  public static final int BLOB = 2;

  /// The greatest sequence number.
  public static final long SEQUENCE_MAX = (1L << 55) - 1;

  /// Greater than every entry's.
  static final long MAX = (1L << 57) - 1;

  private Stamp() {}

  /// The stamp of an entry.
  public static long of(long sequence, int kind) {
    return sequence << 2 | kind;
  }

  /// The sequence number of a stamp.
  public static long sequence(long stamp) {
    return stamp >>> 2;
  }

  /// The kind of a stamp.
  public static int kind(long stamp) {
    return (int) stamp & 3;
  }

  /// The greatest stamp that a reader at this sequence number sees.
  static long visibleAt(long sequence) {
    return sequence << 2 | 3;
  }

  static boolean isSound(long stamp) {
    return stamp >= 1 << 2 && stamp < MAX && kind(stamp) <= BLOB;
  }
}
