package dev.varve.kv;

/// A moment in the order of commits that can be read, through [Keyspace#at], for as long as the
/// snapshot is open. It sees each commit wholly or not at all.
///
/// @threads safe
/// @lifetime until [#close]; a snapshot keeps old revisions alive and must be closed
public interface Snapshot extends AutoCloseable {
  /// The number of the last commit that it sees.
  long sequenceNumber();

  /// Gives up the moment; views of it then throw [StoreClosedException]. A second call does
  /// nothing.
  @Override
  void close();
}
