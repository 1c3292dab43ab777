package dev.varve.bench;

import org.jspecify.annotations.Nullable;

/// A store of ordered entries under measurement, on a device: Varve's LSM engine, or a peer.
///
/// A write is kept as long as the machine runs when it returns; it is not synced. Keys and values
/// are the caller's: what is kept is a copy, and so is what is answered.
///
/// @threads safe, but for walks: one at a time
public interface OrderedStore extends AutoCloseable {
  /// Sets the value of a key.
  void put(byte[] key, byte[] value);

  /// Sets the value of each key, all at once.
  void putAll(byte[][] keys, byte[][] values);

  /// The value of a key, or null.
  byte @Nullable [] get(byte[] key);

  /// A new walk over the entries as they are now.
  Walk walk();

  /// Has everything that is in memory only written to sorted files; returns when it is.
  void flush();

  /// The bytes that were written to sorted files since the store was opened, by flushes and by
  /// compactions.
  long bytesWritten();

  /// Ends it; what it keeps stays in its directory.
  @Override
  void close();

  /// A walk in the order of keys. It stands on no entry until it is moved; each move answers
  /// whether it stands on one.
  interface Walk extends AutoCloseable {
    /// Moves to the first entry.
    boolean first();

    /// Moves to the last entry.
    boolean last();

    /// Moves to the first entry whose key is `key` or greater.
    boolean seek(byte[] key);

    /// Moves to the next entry.
    boolean next();

    /// Moves to the previous entry.
    boolean previous();

    /// The key of the entry.
    byte[] key();

    /// The value of the entry.
    byte[] value();

    @Override
    void close();
  }
}
