package dev.varve.store;

import dev.varve.engine.Engine;
import dev.varve.kv.MutationReader;
import java.util.ArrayList;
import java.util.List;

/// Applies the mutations of commits to keyspaces.
///
/// @threads whoever has the turn
final class MutationApplier {
  /** Applies the mutations that make and end keyspaces. */
  interface CatalogChanges {
    /** Applies the mutation that `mutation` stands on. */
    void apply(long sequence, MutationReader mutation);
  }

  private final KeyspaceTable keyspaces;
  private final CatalogChanges catalogChanges;
  private final List<KeyspaceState> touched = new ArrayList<>();

  MutationApplier(KeyspaceTable keyspaces, CatalogChanges catalogChanges) {
    this.keyspaces = keyspaces;
    this.catalogChanges = catalogChanges;
  }

  /// Applies a whole commit.
  ///
  /// @throws IllegalStateException when it is not what a store commits
  void apply(long sequence, MutationReader mutations) {
    while (mutations.next()) {
      switch (mutations.kind()) {
        case CREATE_KEYSPACE, DROP_KEYSPACE -> catalogChanges.apply(sequence, mutations);
        case PUT, DELETE, DELETE_RANGE, INGEST -> {
          KeyspaceState keyspace = keyspaces.find(mutations.keyspace());
          if (keyspace == null) {
            throw new IllegalStateException("there is no keyspace " + mutations.keyspace());
          }
          apply(sequence, keyspace, mutations);
        }
      }
    }
    if (mutations.problem() != null) {
      throw new IllegalStateException(mutations.problem());
    }
    finish(sequence);
  }

  /// Applies one mutation of a commit to its keyspace.
  void apply(long sequence, KeyspaceState keyspace, MutationReader mutation) {
    if (keyspace.apply(sequence, mutation)) {
      touched.add(keyspace);
    }
  }

  /// Whether the engines find room for each of these mutations in memory that they hold already.
  boolean hasRoom(MutationReader mutations) {
    while (mutations.next()) {
      KeyspaceState keyspace = keyspaces.find(mutations.keyspace());
      if (keyspace != null
          && mutations.kind() == MutationReader.Kind.PUT
          && !keyspace.engine().hasRoom((long) mutations.keyLength() + mutations.valueLength())) {
        return false;
      }
    }
    return true;
  }

  /// Whether [#prepare] may have something to do.
  boolean prepares() {
    return keyspaces.prepares();
  }

  /// Has the engines bring into memory what applying these mutations needs.
  ///
  /// @throws dev.varve.kv.VarveException when that cannot be read
  void prepare(MutationReader mutations) {
    while (mutations.next()) {
      KeyspaceState keyspace = keyspaces.find(mutations.keyspace());
      if (keyspace != null && keyspace.engine().prepares()) {
        keyspace.engine().prepare(mutations);
      }
    }
  }

  /// Has every engine give back what it can. Whoever calls has all lanes.
  void reclaim() {
    for (KeyspaceState keyspace : keyspaces.all()) {
      keyspace.engine().reclaim();
    }
  }

  /// Waits for each engine but this one, as long as it gives memory back. One that cannot refuses
  /// nothing that is not its own.
  void awaitRoomBeside(Engine engine, long bytes) {
    for (KeyspaceState keyspace : keyspaces.all()) {
      if (keyspace.engine() != engine) {
        keyspace.engine().awaitRoom(bytes, false);
      }
    }
  }

  /// Ends a commit.
  void finish(long sequence) {
    for (int i = 0; i < touched.size(); i++) {
      touched.get(i).engine().finish(sequence);
    }
    touched.clear();
  }
}
