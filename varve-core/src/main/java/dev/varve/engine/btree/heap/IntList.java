package dev.varve.engine.btree.heap;

import java.util.Arrays;

/// Numbers, as many as come.
///
/// @threads one at a time
final class IntList {
  private int[] array = new int[16];
  private int count;

  void add(int value) {
    if (count == array.length) {
      array = Arrays.copyOf(array, count * 2);
    }
    array[count++] = value;
  }

  int[] toArray() {
    return Arrays.copyOf(array, count);
  }
}
