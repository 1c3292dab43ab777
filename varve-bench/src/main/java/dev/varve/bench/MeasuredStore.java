package dev.varve.bench;

import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// A store of entries under measurement: one of Varve's engines, a peer, or a map of the JDK.
///
/// What a write that returned is safe from is said by its product's [Product#traits] and by
/// [Product.Settings#synced]. Keys and values are the caller's: what is kept is a copy, and so is
/// what is answered.
///
/// @threads safe where its product is [Product.Trait#CONCURRENT], but for walks: one at a time
public interface MeasuredStore extends AutoCloseable {
  /// Sets the value of a key: a commit of its own.
  void put(byte[] key, byte[] value);

  /// Sets the value of each key, all at once where the product can.
  void putAll(byte[][] keys, byte[][] values);

  /// The value of a key, or null.
  byte @Nullable [] get(byte[] key);

  /// Has everything that is in memory or in a log only written to where it stays; returns when it
  /// is.
  void flush();

  /// The bytes that were written to sorted files since the store was opened, by flushes and by
  /// compactions; empty where there are no such files, or the product does not tell.
  default OptionalLong sortedBytesWritten() {
    return OptionalLong.empty();
  }

  /// Ends it; what it keeps stays in its directory.
  @Override
  void close();
}
