package dev.varve.engine.btree;

import dev.varve.engine.btree.PageCodec.LargeValues;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// The values that are kept apart and have an object, by their numbers.
///
/// @threads safe
final class LargeValueTable implements LargeValues {
  private final ConcurrentHashMap<Long, LargeValue> values = new ConcurrentHashMap<>();

  @Override
  public @Nullable LargeValue find(long number, int length) {
    LargeValue value = values.get(number);
    return value == null || value.length() != length ? null : value;
  }

  void add(LargeValue value) {
    values.put(value.number(), value);
  }

  void remove(LargeValue value) {
    values.remove(value.number());
  }

  int size() {
    return values.size();
  }
}
