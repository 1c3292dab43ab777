package dev.varve.cli;

import dev.varve.kv.Store;

/// One open store for the commands of a prompt.
record SharedAccess(Store store) implements StoreAccess {
  @Override
  public Lease existing() {
    return new Lease(store, false);
  }

  @Override
  public Lease existingOrNew() {
    return new Lease(store, false);
  }
}
