package dev.varve.bench;

import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;

/// A map of the JDK's: the ceiling for what keeps nothing past the process.
///
/// @threads as the map
final class MapSubject implements Subject {
  /** Bytes that hash, equal and order as keys do. */
  private record Key(byte[] bytes) implements Comparable<Key> {
    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Key(byte[] others) && Arrays.equals(bytes, others);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(bytes);
    }

    @Override
    public int compareTo(Key other) {
      return Arrays.compareUnsigned(bytes, other.bytes);
    }
  }

  private final Map<Key, byte[]> map;

  private MapSubject(Map<Key, byte[]> map) {
    this.map = map;
  }

  /// Makes one of the JDK's class of this name.
  ///
  /// @throws IllegalArgumentException when there is none
  static MapSubject of(String name) {
    return new MapSubject(
        switch (name) {
          case "HashMap" -> new java.util.HashMap<>();
          case "ConcurrentHashMap" -> new java.util.concurrent.ConcurrentHashMap<>();
          case "TreeMap" -> new java.util.TreeMap<>();
          case "ConcurrentSkipListMap" -> new java.util.concurrent.ConcurrentSkipListMap<>();
          default -> throw new IllegalArgumentException("no map " + name);
        });
  }

  @Override
  public void put(byte[] key, byte[] value) {
    map.put(new Key(key.clone()), value.clone());
  }

  @Override
  public byte @Nullable [] get(byte[] key) {
    byte @Nullable [] value = map.get(new Key(key));
    return value == null ? null : value.clone();
  }

  @Override
  public void putAll(byte[][] keys, byte[] value) {
    for (byte[] key : keys) {
      put(key, value);
    }
  }

  @Override
  public long scan() {
    long bytes = 0;
    for (Map.Entry<Key, byte[]> entry : map.entrySet()) {
      bytes += entry.getKey().bytes().clone().length + entry.getValue().clone().length;
    }
    return bytes;
  }

  @Override
  public void clear() {
    map.clear();
  }

  @Override
  public boolean isThreadSafe() {
    return map instanceof ConcurrentMap;
  }

  @Override
  public void close() {
    map.clear();
  }
}
