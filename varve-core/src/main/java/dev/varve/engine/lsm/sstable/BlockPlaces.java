package dev.varve.engine.lsm.sstable;

import java.util.Arrays;

/// Where the data blocks of a file are, and where there is damage instead, in order.
///
/// @threads one at a time
final class BlockPlaces {
  private long[] begins = new long[64];

  /** Less than 0 for damage. */
  private long[] sizes = new long[64];

  private int count;
  private int blocks;

  void addBlock(long begin, long size) {
    add(begin, size);
    blocks++;
  }

  void addDamage(long begin, long size) {
    add(begin, -size);
  }

  private void add(long begin, long size) {
    if (count == begins.length) {
      begins = Arrays.copyOf(begins, 2 * count);
      sizes = Arrays.copyOf(sizes, 2 * count);
    }
    begins[count] = begin;
    sizes[count++] = size;
  }

  /// How many places there are.
  int count() {
    return count;
  }

  /// How many of them are blocks.
  int blocks() {
    return blocks;
  }

  long begin(int i) {
    return begins[i];
  }

  long size(int i) {
    return Math.abs(sizes[i]);
  }

  boolean isDamage(int i) {
    return sizes[i] < 0;
  }

  /// Where the last place ends, or `begin` when there is none.
  long end(long begin) {
    return count == 0 ? begin : begin(count - 1) + size(count - 1);
  }
}
