package dev.varve.kv;

/// A moment in the order of commits that can be read, through [Keyspace#at], for as long as the
/// snapshot is open. It sees each commit wholly or not at all.
///
/// There may be any number, and to take one costs next to nothing; what is overwritten meanwhile is
/// kept for it. Where [StoreOptions#snapshotAge] or [StoreOptions#snapshotBytes] set a limit, views
/// of a snapshot that has passed it throw [SnapshotTooOldException], cursors at their next move.
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
