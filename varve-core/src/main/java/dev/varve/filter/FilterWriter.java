package dev.varve.filter;

import java.util.Arrays;

/// Gathers the hashes of keys, then makes a filter of their real number.
///
/// @threads one at a time
public final class FilterWriter {
  private final FilterShape shape;
  private long[] hashes = new long[1024];
  private int count;

  /// A filter of this shape.
  public FilterWriter(FilterShape shape) {
    this.shape = shape;
  }

  /// Adds a key by its [KeyHash].
  public void add(long hash) {
    if (count == hashes.length) {
      hashes = Arrays.copyOf(hashes, Math.addExact(count, count >> 1));
    }
    hashes[count++] = hash;
  }

  /// How many keys were added.
  public int count() {
    return count;
  }

  /// How many bytes of memory the hashes take.
  public long memoryBytes() {
    return 8L * hashes.length;
  }

  /// How many bytes the filter has, were it made now.
  public long byteSize() {
    return (long) shape.lines(count) * FilterShape.LINE_BYTES;
  }

  /// How many bits a key sets.
  public int probes() {
    return shape.probes();
  }

  /// The filter's lines, one behind the other; empty without keys.
  ///
  /// @throws IllegalStateException when that is more than an array holds
  public byte[] finish() {
    int lines = shape.lines(count);
    if (lines > (Integer.MAX_VALUE - 16) / FilterShape.LINE_BYTES) {
      throw new IllegalStateException(count + " keys are too many for one filter");
    }
    byte[] filter = new byte[lines * FilterShape.LINE_BYTES];
    for (int i = 0; i < count; i++) {
      int line = FilterShape.line(hashes[i], lines);
      FilterShape.set(filter, line * FilterShape.LINE_BYTES, hashes[i], shape.probes());
    }
    return filter;
  }
}
