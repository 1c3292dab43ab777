package dev.varve.engine.btree.heap;

/// Who an object belongs to, and hears when it is elsewhere.
@FunctionalInterface
public interface ObjectOwner {
  /// The object was moved, durably: from now on `to` stands for it, which has the same owner.
  /// `from` can be read until the next batch begins, and by whoever is inside a reader epoch or has
  /// a pin then. Called by [HeapBatch#commit] on its thread, without a lock.
  void moved(StoredObject from, StoredObject to);
}
