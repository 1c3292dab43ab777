package dev.varve.engine;

/// Walks over the entries of an engine at one moment; [dev.varve.kv.Cursor] without its checks.
///
/// The calls that need an order are made only on engines that have one. Key and value are asked for
/// only on an entry.
///
/// @threads one at a time
/// @lifetime until [#close], and as long as its moment is pinned
public interface EngineCursor extends AutoCloseable {
  /// Moves to the first entry of the range; answers whether there is one.
  boolean seekToFirst();

  /// Moves to the last entry of the range; answers whether there is one.
  boolean seekToLast();

  /// Moves to the first entry of the range at `key` or behind; answers whether there is one.
  boolean seek(byte[] key);

  /// Moves to the last entry of the range at `key` or before; answers whether there is one.
  boolean seekForPrevious(byte[] key);

  /// Moves on; answers whether there is an entry.
  boolean next();

  /// Moves back; answers whether there is an entry.
  boolean previous();

  /// A copy of the key.
  byte[] key();

  /// A copy of the value.
  byte[] value();

  /// How many bytes the value has.
  long valueSize();

  /// Lets go of what it holds. A second call does nothing.
  @Override
  default void close() {}
}
