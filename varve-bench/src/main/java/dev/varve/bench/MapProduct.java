package dev.varve.bench;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/// A map of the JDK's: the ceiling for what keeps nothing past the process.
///
/// @param name the map's class
record MapProduct(String name) implements Product {
  /// The ceilings of a comparison: one with an order and one without.
  static List<MapProduct> all() {
    return List.of(new MapProduct("ConcurrentSkipListMap"), new MapProduct("HashMap"));
  }

  private boolean ordered() {
    return name.equals("ConcurrentSkipListMap");
  }

  @Override
  public Set<Trait> traits() {
    return ordered()
        ? EnumSet.of(Trait.ORDERED, Trait.CONCURRENT, Trait.RESIDENT)
        : EnumSet.of(Trait.RESIDENT);
  }

  @Override
  public String about() {
    return "a map of the JDK's over copies of keys and values: a ceiling, it keeps nothing";
  }

  @Override
  public MeasuredStore open(Path directory, Settings settings) {
    return ordered() ? new Sorted() : new Hashed(MapSubject.of(name));
  }

  /** A map without order. */
  private record Hashed(MapSubject map) implements MeasuredStore {
    @Override
    public void put(byte[] key, byte[] value) {
      map.put(key, value);
    }

    @Override
    public void putAll(byte[][] keys, byte[][] values) {
      for (int i = 0; i < keys.length; i++) {
        map.put(keys[i], values[i]);
      }
    }

    @Override
    public byte @Nullable [] get(byte[] key) {
      return map.get(key);
    }

    @Override
    public void flush() {
      // Everything stays in memory.
    }

    @Override
    public void close() {
      map.close();
    }
  }

  /** A map in the order of keys. */
  private static final class Sorted implements OrderedStore {
    private final ConcurrentNavigableMap<byte[], byte[]> map =
        new ConcurrentSkipListMap<>(Arrays::compareUnsigned);

    @Override
    public void put(byte[] key, byte[] value) {
      map.put(key.clone(), value.clone());
    }

    @Override
    public void putAll(byte[][] keys, byte[][] values) {
      for (int i = 0; i < keys.length; i++) {
        put(keys[i], values[i]);
      }
    }

    @Override
    public byte @Nullable [] get(byte[] key) {
      byte[] value = map.get(key);
      return value == null ? null : value.clone();
    }

    @Override
    public Walk walk() {
      return new DirectedWalk(this::steps);
    }

    private DirectedWalk.Steps steps(byte @Nullable [] from, boolean forward) {
      ConcurrentNavigableMap<byte[], byte[]> directed = forward ? map : map.descendingMap();
      ConcurrentNavigableMap<byte[], byte[]> rest =
          from == null ? directed : directed.tailMap(from, true);
      return new EntrySteps(rest.entrySet().iterator());
    }

    @Override
    public void flush() {
      // Everything stays in memory.
    }

    @Override
    public void close() {
      map.clear();
    }
  }

  /** The iterator of a map whose entries are the map's own, so that they are copied. */
  private static final class EntrySteps implements DirectedWalk.Steps {
    private final Iterator<Map.Entry<byte[], byte[]>> entries;
    private Map.@Nullable Entry<byte[], byte[]> entry;

    EntrySteps(Iterator<Map.Entry<byte[], byte[]>> entries) {
      this.entries = entries;
    }

    private Map.Entry<byte[], byte[]> entry() {
      if (entry == null) {
        throw new IllegalStateException("it stands on no entry");
      }
      return entry;
    }

    @Override
    public boolean advance() {
      boolean stands = entries.hasNext();
      entry = stands ? entries.next() : null;
      return stands;
    }

    @Override
    public byte[] key() {
      return entry().getKey().clone();
    }

    @Override
    public byte[] value() {
      return entry().getValue().clone();
    }
  }
}
