package dev.varve.kv;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// A named map from keys to values, with an engine of its own. Keyspaces of a store share one log
/// and one order of commits.
///
/// Each call that writes is one commit, durable as the store's [Durability] says when it returns.
/// Besides what [KeyspaceView] lists, writes throw
///
/// - [LimitException] for a value of more than 1 GiB, or when the store's memory is used up;
/// - [DiskFullException] when the log cannot grow;
/// - [StoreFailedException] once the store has failed.
///
/// @threads safe
/// @lifetime as long as its store is open and it is not dropped; it needs no closing
public interface Keyspace extends KeyspaceView {
  /// Its name.
  String name();

  /// Its number in the store's catalog; never given to another keyspace, dropped or not.
  int id();

  /// What it was made with.
  KeyspaceOptions options();

  /// Sets the value of `key`.
  void put(byte[] key, byte[] value);

  /// Sets the value of `key`, acknowledged as `durability` says.
  void put(byte[] key, byte[] value, Durability durability);

  /// As [#put(byte\[\], byte\[\])], from memory of any kind.
  default void put(MemorySegment key, MemorySegment value) {
    put(key.toArray(ValueLayout.JAVA_BYTE), value.toArray(ValueLayout.JAVA_BYTE));
  }

  /// As [#put(byte\[\], byte\[\])], from the remaining bytes of buffers, which are left as they
  /// were.
  default void put(ByteBuffer key, ByteBuffer value) {
    put(MemorySegment.ofBuffer(key), MemorySegment.ofBuffer(value));
  }

  /// Makes `key` absent. To delete what is absent is no error.
  void delete(byte[] key);

  /// Makes `key` absent, acknowledged as `durability` says.
  void delete(byte[] key, Durability durability);

  /// Sets the value of `key` and answers the value it had, or null.
  byte @Nullable [] getAndPut(byte[] key, byte[] value);

  /// Makes `key` absent and answers the value it had, or null.
  byte @Nullable [] remove(byte[] key);

  /// Sets the value of `key` if it has none. Answers the value it has already, or null when it was
  /// set.
  byte @Nullable [] putIfAbsent(byte[] key, byte[] value);

  /// Sets the value of `key` if it has one. Answers the value it had, or null when there was none
  /// and nothing was set.
  byte @Nullable [] replace(byte[] key, byte[] value);

  /// Sets the value of `key` to `updated` if it equals `expected`. Null stands for absent on either
  /// side: with `expected` null it creates, with `updated` null it deletes.
  SwapResult compareAndSet(byte[] key, byte @Nullable [] expected, byte @Nullable [] updated);

  /// Sets the value of `key` to what `function` makes of it, null standing for absent on either
  /// side. Answers the new value. The function runs outside every lock, and again when another
  /// writer came in between.
  byte @Nullable [] update(byte[] key, UnaryOperator<byte @Nullable []> function);

  /// As [#update], but answers the value before.
  default byte @Nullable [] getAndUpdate(byte[] key, UnaryOperator<byte @Nullable []> function) {
    byte @Nullable [] current = get(key);
    while (true) {
      byte @Nullable [] updated = function.apply(current == null ? null : current.clone());
      switch (compareAndSet(key, current, updated)) {
        case SwapResult.Swapped swapped -> {
          return swapped.previous();
        }
        case SwapResult.Refused refused -> current = refused.current();
      }
    }
  }

  /// Adds `delta` to the counter at `key` and answers its new value; as [Counter#increment(long)].
  ///
  /// @throws UsageException when the value at `key` has not 8 bytes
  /// @throws LimitException when the sum does not fit in 64 bits; nothing was changed
  long increment(byte[] key, long delta);

  /// The counter at `key`, whether there is one or not.
  Counter counter(byte[] key);

  /// Removes the entry with the least key and answers it, or null when there is none. Needs order.
  default @Nullable Entry popFirst() {
    return popFirst(KeyRange.all());
  }

  /// Removes the entry with the least key in `range` and answers it, or null when there is none.
  /// Needs order.
  @Nullable Entry popFirst(KeyRange range);

  /// Removes the entry with the greatest key and answers it, or null when there is none. Needs
  /// order.
  default @Nullable Entry popLast() {
    return popLast(KeyRange.all());
  }

  /// Removes the entry with the greatest key in `range` and answers it, or null when there is none.
  /// Needs order.
  @Nullable Entry popLast(KeyRange range);

  /// Makes every key in `range` absent, in one commit. A range other than [KeyRange#all] needs
  /// order. The other writers of the store wait meanwhile.
  ///
  /// @throws LimitException when an end of the range is longer than a key can be
  void deleteRange(KeyRange range);

  /// Makes every key absent, in one commit.
  default void clear() {
    deleteRange(KeyRange.all());
  }

  /// Begins to gather many entries that enter in one commit, without passing through the log where
  /// the engine keeps its entries in files.
  BulkLoad bulkLoad();

  /// The keyspace as it was when `snapshot` was taken, to be read until the snapshot is closed.
  ///
  /// @throws UsageException when the snapshot is another store's, or older than the keyspace
  KeyspaceView at(Snapshot snapshot);

  /// Its statistics now.
  KeyspaceStats stats();
}
