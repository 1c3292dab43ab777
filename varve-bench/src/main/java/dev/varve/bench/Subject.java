package dev.varve.bench;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// Something that keeps values by key: a store of Varve's, a map of the JDK's, a peer.
///
/// Keys and values are the caller's: what is kept is a copy, and so is what [#get] answers.
///
/// @threads one at a time, unless [#isThreadSafe]
interface Subject extends AutoCloseable {
  /// Sets the value of a key.
  void put(byte[] key, byte[] value);

  /// The value of a key, or null.
  byte @Nullable [] get(byte[] key);

  /// Sets the values of all keys to `value`, at once where it can.
  void putAll(byte[][] keys, byte[] value);

  /// Walks over all entries, in order where there is one; answers the bytes of keys and values.
  long scan();

  /// Forgets all entries.
  void clear();

  /// Whether several threads may use it.
  boolean isThreadSafe();

  /// Ends it and gives back what it holds.
  @Override
  void close() throws IOException;
}
