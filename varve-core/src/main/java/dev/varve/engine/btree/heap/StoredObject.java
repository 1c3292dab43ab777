package dev.varve.engine.btree.heap;

import org.jspecify.annotations.Nullable;

/// An object as it is on the device.
///
/// @threads immutable, but for its owner
public final class StoredObject {
  private final ObjectKind kind;
  private final byte[] name;
  private final int payloadBytes;
  private final long generation;
  private volatile @Nullable ObjectOwner owner;

  StoredObject(ObjectKind kind, byte[] name, int payloadBytes, long generation) {
    this.kind = kind;
    this.name = name;
    this.payloadBytes = payloadBytes;
    this.generation = generation;
  }

  /// What it is to the tree.
  public ObjectKind kind() {
    return kind;
  }

  /// Its name; nobody changes these bytes.
  public byte[] name() {
    return name;
  }

  /// How many bytes its payload has.
  public int payloadBytes() {
    return payloadBytes;
  }

  /// The number of the batch that stored it. Later batches have greater numbers; a move changes
  /// nothing.
  public long generation() {
    return generation;
  }

  /// Has `next` hear when it is moved.
  public void own(ObjectOwner next) {
    owner = next;
  }

  @Nullable ObjectOwner owner() {
    return owner;
  }
}
