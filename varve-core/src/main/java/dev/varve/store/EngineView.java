package dev.varve.store;

import dev.varve.engine.Engine;
import dev.varve.engine.EngineCursor;
import dev.varve.kv.Cursor;
import dev.varve.kv.Entry;
import dev.varve.kv.KeyRange;
import dev.varve.kv.KeyspaceView;
import dev.varve.kv.Limits;
import dev.varve.kv.UsageException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What can be read of a keyspace, at one moment or at the newest.
///
/// @threads safe
abstract class EngineView implements KeyspaceView {
  /// The store.
  abstract StoreCore store();

  /// What the user opened, kept from being forgotten as long as this is in use.
  abstract OpenStore owner();

  /// The keyspace that is read.
  abstract KeyspaceState keyspace();

  /// The moment that is read, which is pinned, or [Engine#LATEST].
  abstract long sequence();

  /// Pins the moment that is read, or the newest.
  abstract Moments.Pin pin();

  /// Checks that reading is possible still. Asked before and after each read: what was read of a
  /// snapshot while another thread closed it is no answer.
  abstract void requireReadable();

  /// The value of a key at a moment that is pinned, or at [Engine#LATEST].
  byte @Nullable [] read(byte[] key, long sequence) {
    return keyspace().engine().get(key, sequence);
  }

  /// Whether a key has a value at a moment that is pinned, or at [Engine#LATEST].
  boolean has(byte[] key, long sequence) {
    return keyspace().engine().contains(key, sequence);
  }

  /// Walks over the entries of a range at a moment that stays pinned.
  EngineCursor walk(KeyRange range, long sequence) {
    return keyspace().engine().cursor(range, sequence);
  }

  /// Whether nothing lies over what the engine has.
  boolean isEngineAlone() {
    return true;
  }

  /// Checks that the engine keeps an order.
  void requireOrder(String call) {
    KeyspaceState keyspace = keyspace();
    if (!keyspace.options().engine().isOrdered()) {
      throw new UsageException(
          call
              + " needs an order of keys, and the engine "
              + keyspace.options().engine()
              + " of keyspace '"
              + keyspace.name()
              + "' keeps none; use an ordered engine such as RBTREE");
    }
  }

  @Override
  public byte @Nullable [] get(byte[] key) {
    Limits.checkKey(key);
    requireReadable();
    byte @Nullable [] value = read(key, sequence());
    requireReadable();
    return value;
  }

  @Override
  public boolean contains(byte[] key) {
    Limits.checkKey(key);
    requireReadable();
    boolean contains = has(key, sequence());
    requireReadable();
    return contains;
  }

  @Override
  public List<byte @Nullable []> getAll(Collection<byte[]> keys) {
    for (byte[] key : keys) {
      Limits.checkKey(key);
    }
    requireReadable();
    List<byte @Nullable []> values = new ArrayList<>(keys.size());
    try (Moments.Pin pin = pin()) {
      for (byte[] key : keys) {
        values.add(read(key, pin.sequence()));
      }
    }
    return values;
  }

  private @Nullable Entry end(KeyRange range, boolean first, String call) {
    requireOrder(call);
    requireReadable();
    try (Moments.Pin pin = pin();
        EngineCursor cursor = walk(range, pin.sequence())) {
      return (first ? cursor.seekToFirst() : cursor.seekToLast())
          ? new Entry(cursor.key(), cursor.value())
          : null;
    }
  }

  @Override
  public @Nullable Entry first(KeyRange range) {
    return end(range, true, "first");
  }

  @Override
  public @Nullable Entry last(KeyRange range) {
    return end(range, false, "last");
  }

  @Override
  public long count() {
    requireReadable();
    boolean known =
        isEngineAlone() && sequence() == Engine.LATEST && keyspace().options().engine().isCounted();
    return known ? keyspace().engine().count() : countOneByOne(KeyRange.all());
  }

  @Override
  public long count(KeyRange range) {
    if (range.isAll()) {
      return count();
    }
    requireOrder("count of a part");
    requireReadable();
    return countOneByOne(range);
  }

  private long countOneByOne(KeyRange range) {
    long count = 0;
    try (Moments.Pin pin = pin();
        EngineCursor cursor = walk(range, pin.sequence())) {
      for (boolean valid = cursor.seekToFirst(); valid; valid = cursor.next()) {
        count++;
      }
    }
    return count;
  }

  @Override
  public boolean isEmpty() {
    requireReadable();
    try (Moments.Pin pin = pin();
        EngineCursor cursor = walk(KeyRange.all(), pin.sequence())) {
      return !cursor.seekToFirst();
    }
  }

  @Override
  public Cursor cursor(KeyRange range) {
    if (!range.isAll()) {
      requireOrder("a cursor over a part");
    }
    requireReadable();
    return StoreCursor.open(this, range);
  }
}
