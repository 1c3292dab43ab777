package dev.varve.cli;

import dev.varve.kv.Store;

/// How a command comes by its store.
interface StoreAccess {
  /// The store, which must exist.
  Lease existing();

  /// The store, made when there is none.
  Lease existingOrNew();

  /// A store for the time of a command.
  ///
  /// @param store the store
  /// @param isOwn whether it is closed when the command ends
  record Lease(Store store, boolean isOwn) implements AutoCloseable {
    @Override
    public void close() {
      if (isOwn) {
        store.close();
      }
    }
  }
}
