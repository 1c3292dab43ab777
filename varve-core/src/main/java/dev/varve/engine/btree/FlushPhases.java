package dev.varve.engine.btree;

import dev.varve.base.Clock;

/// How long each phase of a flush took, in nanoseconds.
///
/// @threads the flush's
final class FlushPhases {
  private final Clock clock;
  private long serialize;
  private long defragment;
  private long commit;
  private long publish;

  FlushPhases(Clock clock) {
    this.clock = clock;
  }

  long serialized(long since) {
    long now = clock.nanos();
    serialize = now - since;
    return now;
  }

  long defragmented(long since) {
    long now = clock.nanos();
    defragment = now - since;
    return now;
  }

  long committed(long since) {
    long now = clock.nanos();
    commit = now - since;
    return now;
  }

  void published(long since) {
    publish = clock.nanos() - since;
  }

  /// All of them.
  long nanos() {
    return serialize + defragment + commit + publish;
  }

  /// Making pages of leaves, and writing them.
  long serializeNanos() {
    return serialize;
  }

  /// Moving objects together.
  long defragmentNanos() {
    return defragment;
  }

  /// Making the log, the heap and the map durable.
  long commitNanos() {
    return commit;
  }

  /// Having readers find the new objects.
  long publishNanos() {
    return publish;
  }
}
