package dev.varve.kv;

import dev.varve.base.SipHash;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What can be read of a keyspace: its newest state ([Keyspace]) or its state at a snapshot
/// ([Keyspace#at]).
///
/// Calls that need an order throw [UsageException] on an engine without ([EngineKind#isOrdered]).
/// Every call throws [StoreClosedException] after the store, the snapshot or the keyspace is gone,
/// and [LimitException] for a key of 0 or of more than 65,536 bytes.
///
/// @threads safe; readers never wait for writers
public interface KeyspaceView {
  /// The value of `key`, or null when there is none.
  byte @Nullable [] get(byte[] key);

  /// As [#get(byte\[\])], with the key in memory of any kind.
  default byte @Nullable [] get(MemorySegment key) {
    return get(key.toArray(ValueLayout.JAVA_BYTE));
  }

  /// As [#get(byte\[\])], with the key in the remaining bytes of a buffer, which is left as it was.
  default byte @Nullable [] get(ByteBuffer key) {
    return get(MemorySegment.ofBuffer(key));
  }

  /// Whether `key` has a value.
  boolean contains(byte[] key);

  /// The values of `keys`, in their order, null where there is none; all of one moment.
  List<byte @Nullable []> getAll(Collection<byte[]> keys);

  /// The entry with the least key, or null when there is none. Needs order.
  default @Nullable Entry first() {
    return first(KeyRange.all());
  }

  /// The entry with the least key in `range`, or null. Needs order.
  default @Nullable Entry first(KeyRange range) {
    try (Cursor cursor = cursor(range)) {
      return cursor.seekToFirst() ? new Entry(cursor.key(), cursor.value()) : null;
    }
  }

  /// The entry with the greatest key, or null when there is none. Needs order.
  default @Nullable Entry last() {
    return last(KeyRange.all());
  }

  /// The entry with the greatest key in `range`, or null. Needs order.
  default @Nullable Entry last(KeyRange range) {
    try (Cursor cursor = cursor(range)) {
      return cursor.seekToLast() ? new Entry(cursor.key(), cursor.value()) : null;
    }
  }

  /// The entry with the greatest key that is less than `key`, or null. Needs order.
  default @Nullable Entry below(byte[] key) {
    Limits.checkKey(key);
    return last(KeyRange.lessThan(key));
  }

  /// The entry with the least key that is greater than `key`, or null. Needs order.
  default @Nullable Entry above(byte[] key) {
    Limits.checkKey(key);
    return first(KeyRange.greaterThan(key));
  }

  /// How many entries there are.
  long count();

  /// How many entries there are in `range`, counted one by one. A range other than [KeyRange#all]
  /// needs order.
  default long count(KeyRange range) {
    long count = 0;
    try (Cursor cursor = cursor(range)) {
      for (cursor.seekToFirst(); cursor.isValid(); cursor.next()) {
        count++;
      }
    }
    return count;
  }

  /// A checksum of all entries, by which two keyspaces can be compared, or one at two moments; as
  /// [#checksum(KeyRange)].
  default long checksum() {
    return checksum(KeyRange.all());
  }

  /// A checksum of the entries in `range`: the same for the same entries, whatever engine holds
  /// them and in whatever order; 0 of none. It reads them all. A range other than [KeyRange#all]
  /// needs order.
  ///
  /// Each entry counts with 64 bits: SipHash-1-3 of its value, under the key of two words that are
  /// SipHash-1-3 of its key, under the key 0 0, and 0. The checksum is their sum modulo 2^64.
  default long checksum(KeyRange range) {
    SipHash ofKeys = new SipHash(0, 0);
    long sum = 0;
    try (Cursor cursor = cursor(range)) {
      for (cursor.seekToFirst(); cursor.isValid(); cursor.next()) {
        byte[] key = cursor.key();
        byte[] value = cursor.value();
        sum += new SipHash(ofKeys.hash(key, 0, key.length), 0).hash(value, 0, value.length);
      }
    }
    return sum;
  }

  /// Whether there is no entry.
  default boolean isEmpty() {
    try (Cursor cursor = cursor()) {
      return !cursor.seekToFirst();
    }
  }

  /// A cursor over all entries.
  default Cursor cursor() {
    return cursor(KeyRange.all());
  }

  /// A cursor over the entries in `range`. A range other than [KeyRange#all] needs order.
  Cursor cursor(KeyRange range);

  /// The entries of `range`, at most `limit` of them, in order where the engine has one.
  default List<Entry> entries(KeyRange range, int limit) {
    List<Entry> entries = new ArrayList<>();
    try (Cursor cursor = cursor(range)) {
      for (cursor.seekToFirst(); cursor.isValid() && entries.size() < limit; cursor.next()) {
        entries.add(new Entry(cursor.key(), cursor.value()));
      }
    }
    return entries;
  }
}
