package dev.varve.engine.lsm.sstable;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/// Counts what look-ups do. Counting costs a plain addition: one thread counts, others may read.
///
/// @threads [#add]: one at a time. [#get]: any, at any time
public final class ReadCounts {
  /// Look-ups that were not answered by a memtable.
  public static final int GETS = 0;

  /// Files that were asked.
  public static final int FILES = 1;

  /// Blocks of entries that were looked into.
  public static final int BLOCKS = 2;

  /// Files whose filter knew that they have no such key.
  public static final int FILTER_USEFUL = 3;

  /// Files whose filter let a key pass of which they had no entry.
  public static final int FILTER_FALSE = 4;

  /// How many counts there are.
  public static final int SIZE = 5;

  private static final VarHandle COUNT = MethodHandles.arrayElementVarHandle(long[].class);

  private final long[] counts = new long[SIZE];

  /// All zero.
  public ReadCounts() {}

  /// Counts one more.
  public void add(int what) {
    COUNT.setOpaque(counts, what, counts[what] + 1);
  }

  /// What was counted.
  public long get(int what) {
    return (long) COUNT.getOpaque(counts, what);
  }
}
