package dev.varve.store;

import dev.varve.engine.Engine;
import dev.varve.engine.EngineStats;
import dev.varve.kv.KeyspaceOptions;
import dev.varve.kv.KeyspaceStats;
import dev.varve.kv.MutationReader;

/// A keyspace as its store knows it; its users have a [StoreKeyspace].
///
/// @threads safe as far as each field says
final class KeyspaceState {
  private final int id;
  private final String name;
  private final KeyspaceOptions options;
  private final Engine engine;

  /** The commit that made it; moments before know nothing of it. */
  private final long createdAt;

  private volatile boolean dropped;

  /** The last commit that changed it. Written by whoever has the turn. */
  private long changedAt;

  /** Written under the flusher's lock, or before the store is open. */
  private volatile long flushedThrough;

  private byte[] engineState;

  KeyspaceState(
      int id,
      String name,
      KeyspaceOptions options,
      Engine engine,
      long createdAt,
      byte[] engineState) {
    this.id = id;
    this.name = name;
    this.options = options;
    this.engine = engine;
    this.createdAt = createdAt;
    this.flushedThrough = createdAt;
    this.changedAt = createdAt;
    this.engineState = engineState;
  }

  int id() {
    return id;
  }

  String name() {
    return name;
  }

  KeyspaceOptions options() {
    return options;
  }

  Engine engine() {
    return engine;
  }

  long createdAt() {
    return createdAt;
  }

  /// Applies a mutation; answers whether it is the first of its commit here. Whoever calls has the
  /// turn.
  boolean apply(long sequence, MutationReader mutation) {
    engine.apply(sequence, mutation);
    boolean first = changedAt != sequence;
    changedAt = sequence;
    return first;
  }

  /// The last commit that changed it. For whoever has all lanes.
  long changedAt() {
    return changedAt;
  }

  boolean isDropped() {
    return dropped;
  }

  /// Ends the keyspace.
  void drop() {
    dropped = true;
    engine.close();
  }

  /// Its engine's files hold every commit up to this number.
  long flushedThrough() {
    return flushedThrough;
  }

  /// What its engine needs to find its files. For the flusher.
  byte[] engineState() {
    return engineState;
  }

  /// Takes note of files that the catalog names now.
  void flushed(long through, byte[] state) {
    flushedThrough = through;
    engineState = state;
  }

  KeyspaceStats stats() {
    EngineStats stats = engine.stats();
    return new KeyspaceStats(
        id,
        name,
        options.engine(),
        stats.entries(),
        stats.keyBytes(),
        stats.valueBytes(),
        stats.memoryBytes(),
        stats.revisions(),
        flushedThrough,
        stats.fileBytes(),
        stats.lsm(),
        stats.btree());
  }
}
