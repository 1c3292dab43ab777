package dev.varve.engine.memory;

import java.util.Arrays;

/// A growing list of ints, used as a stack.
///
/// @threads one at a time
final class IntList {
  private int[] values = new int[16];
  private int size;

  void add(int value) {
    if (size == values.length) {
      values = Arrays.copyOf(values, size * 2);
    }
    values[size++] = value;
  }

  int removeLast() {
    return values[--size];
  }

  int get(int index) {
    return values[index];
  }

  boolean contains(int value) {
    for (int i = 0; i < size; i++) {
      if (values[i] == value) {
        return true;
      }
    }
    return false;
  }

  int size() {
    return size;
  }

  boolean isEmpty() {
    return size == 0;
  }

  void clear() {
    size = 0;
    if (values.length > 1 << 16) {
      values = new int[16];
    }
  }

  long memoryBytes() {
    return 4L * values.length;
  }
}
