package dev.varve.engine.btree.heap;

import dev.varve.base.HeapLayout;
import java.util.Arrays;

/// A set of slabs by their numbers.
///
/// @threads one at a time
final class SlabSet {
  private long[] words = new long[1];

  /** No slab below the one that this word begins with is in the set. */
  private int from;

  /// Adds a slab; answers by how many bytes the set grew.
  long add(int slab) {
    int word = slab >>> 6;
    long before = HeapLayout.bytesOf(words);
    if (word >= words.length) {
      words = Arrays.copyOf(words, Math.max(word + 1, words.length * 2));
    }
    words[word] |= 1L << slab;
    from = Math.min(from, word);
    return HeapLayout.bytesOf(words) - before;
  }

  void remove(int slab) {
    int word = slab >>> 6;
    if (word < words.length) {
      words[word] &= ~(1L << slab);
    }
  }

  boolean has(int slab) {
    int word = slab >>> 6;
    return word < words.length && (words[word] & 1L << slab) != 0;
  }

  /// The lowest slab in the set, or -1.
  int first() {
    while (from < words.length) {
      if (words[from] != 0) {
        return (from << 6) + Long.numberOfTrailingZeros(words[from]);
      }
      from++;
    }
    return -1;
  }

  int count() {
    int count = 0;
    for (long word : words) {
      count += Long.bitCount(word);
    }
    return count;
  }

  long memoryBytes() {
    return HeapLayout.bytesOfObject(1, Integer.BYTES) + HeapLayout.bytesOf(words);
  }
}
