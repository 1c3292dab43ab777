package dev.varve.store;

import dev.varve.kv.Snapshot;
import dev.varve.kv.SnapshotTooOldException;
import dev.varve.kv.StoreClosedException;

/// A snapshot of an open store.
///
/// @threads safe
final class StoreSnapshot implements Snapshot {
  private final OpenStore owner;
  private final SnapshotLimits.Held held;
  private final LeakDetector.Handle handle;
  private volatile boolean closed;

  private StoreSnapshot(OpenStore owner, SnapshotLimits.Held held) {
    this.owner = owner;
    this.held = held;
    this.handle = owner.core().leaks().trackOften(this, "a snapshot", held::release);
  }

  static StoreSnapshot open(OpenStore owner) {
    StoreCore core = owner.core();
    return new StoreSnapshot(owner, core.snapshotLimits().open(core.moments()));
  }

  StoreCore store() {
    return owner.core();
  }

  void requireOpen() {
    if (closed) {
      throw closedException();
    }
    if (held.isTooOld()) {
      throw new SnapshotTooOldException(
          "the snapshot of commit "
              + sequenceNumber()
              + " was open for longer than 'snapshot-age' allows, or while more was written than"
              + " 'snapshot-bytes', and was given up; take a new one, or open the store with other"
              + " limits: StoreOptions.withSnapshotAge, withSnapshotBytes");
    }
  }

  /// The snapshot's moment, held once more.
  Moments.Pin hold() {
    if (!held.pin().hold()) {
      requireOpen();
      throw closedException();
    }
    return held.pin();
  }

  private static StoreClosedException closedException() {
    return new StoreClosedException("the snapshot is closed; take a new one");
  }

  @Override
  public long sequenceNumber() {
    return held.pin().sequence();
  }

  @Override
  public void close() {
    closed = true;
    handle.close();
  }
}
