package dev.varve.store;

/// A keyspace at a snapshot.
///
/// @threads safe
final class SnapshotView extends EngineView {
  private final StoreKeyspace keyspace;
  private final StoreSnapshot snapshot;

  SnapshotView(StoreKeyspace keyspace, StoreSnapshot snapshot) {
    this.keyspace = keyspace;
    this.snapshot = snapshot;
  }

  @Override
  StoreCore store() {
    return keyspace.store();
  }

  @Override
  OpenStore owner() {
    return keyspace.owner();
  }

  @Override
  KeyspaceState keyspace() {
    return keyspace.keyspace();
  }

  @Override
  long sequence() {
    return snapshot.sequenceNumber();
  }

  @Override
  Moments.Pin pin() {
    return snapshot.hold();
  }

  @Override
  void requireReadable() {
    snapshot.requireOpen();
    keyspace.requireReadable();
  }
}
