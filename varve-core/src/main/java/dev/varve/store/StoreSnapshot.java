package dev.varve.store;

import dev.varve.kv.Snapshot;
import dev.varve.kv.StoreClosedException;

/// A snapshot of an open store.
///
/// @threads safe
final class StoreSnapshot implements Snapshot {
  private final OpenStore owner;
  private final Moments.Pin pin;
  private final LeakDetector.Handle handle;
  private volatile boolean closed;

  private StoreSnapshot(OpenStore owner, Moments.Pin pin) {
    this.owner = owner;
    this.pin = pin;
    this.handle = owner.core().leaks().track(this, "a snapshot", pin::close);
  }

  static StoreSnapshot open(OpenStore owner) {
    return new StoreSnapshot(owner, owner.core().moments().pin());
  }

  StoreCore store() {
    return owner.core();
  }

  void requireOpen() {
    if (closed) {
      throw closedException();
    }
  }

  /// The snapshot's moment, held once more.
  Moments.Pin hold() {
    if (!pin.hold()) {
      throw closedException();
    }
    return pin;
  }

  private static StoreClosedException closedException() {
    return new StoreClosedException("the snapshot is closed; take a new one");
  }

  @Override
  public long sequenceNumber() {
    return pin.sequence();
  }

  @Override
  public void close() {
    closed = true;
    handle.close();
  }
}
