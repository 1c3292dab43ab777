package dev.varve.kv;

/// Walks over the entries of a keyspace as they were when the cursor was made, whatever is written
/// meanwhile. A new cursor stands on no entry until it is moved.
///
/// ```java
/// try (Cursor cursor = users.cursor(KeyRange.prefix(prefix))) {
///   for (cursor.seekToFirst(); cursor.isValid(); cursor.next()) {
///     use(cursor.key(), cursor.value());
///   }
/// }
/// ```
///
/// Cursors of an engine without order ([EngineKind#isOrdered]) go through all entries, each once,
/// by [#seekToFirst] and [#next] alone.
///
/// Every call but [#close] throws [StoreClosedException] once the cursor or its store is closed.
///
/// @threads one at a time
/// @lifetime until [#close]; a cursor keeps old revisions alive and must be closed
public interface Cursor extends AutoCloseable {
  /// Moves to the first entry of the range. Answers [#isValid].
  boolean seekToFirst();

  /// Moves to the last entry of the range. Answers [#isValid].
  ///
  /// @throws UsageException when the engine has no order
  boolean seekToLast();

  /// Moves to the first entry of the range whose key is `key` or greater. Answers [#isValid].
  ///
  /// @throws UsageException when the engine has no order
  boolean seek(byte[] key);

  /// Moves to the last entry of the range whose key is `key` or less. Answers [#isValid].
  ///
  /// @throws UsageException when the engine has no order
  boolean seekForPrevious(byte[] key);

  /// Moves to the next entry. Answers [#isValid].
  ///
  /// @throws java.util.NoSuchElementException when the cursor stands on no entry
  boolean next();

  /// Moves to the previous entry. Answers [#isValid].
  ///
  /// @throws UsageException when the engine has no order
  /// @throws java.util.NoSuchElementException when the cursor stands on no entry
  boolean previous();

  /// Whether the cursor stands on an entry.
  boolean isValid();

  /// The key of the entry, the caller's own.
  ///
  /// @throws java.util.NoSuchElementException when the cursor stands on no entry
  byte[] key();

  /// The value of the entry, the caller's own.
  ///
  /// @throws java.util.NoSuchElementException when the cursor stands on no entry
  byte[] value();

  /// How many bytes the value has, without copying it.
  ///
  /// @throws java.util.NoSuchElementException when the cursor stands on no entry
  long valueSize();

  /// Ends the walk. A second call does nothing.
  @Override
  void close();
}
