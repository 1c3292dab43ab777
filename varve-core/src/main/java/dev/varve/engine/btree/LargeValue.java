package dev.varve.engine.btree;

import dev.varve.base.Bytes;
import dev.varve.engine.btree.heap.ObjectOwner;
import dev.varve.engine.btree.heap.StoredObject;
import org.jspecify.annotations.Nullable;

/// A value that is kept apart from its leaf: in memory until it is written, then in an object of
/// its own.
///
/// @threads safe; [#stored(StoredObject)] and the references are the flush's
final class LargeValue implements ObjectOwner {
  private static final int NAME_BYTES = Long.BYTES + Integer.BYTES;

  private final long number;
  private final int length;

  /** Until there is an object. Never null while that is. */
  private volatile byte @Nullable [] bytes;

  private volatile @Nullable StoredObject stored;

  /** How many pages on the device refer to it; the flush's. */
  private int references;

  /// A value that is in memory.
  LargeValue(long number, byte[] bytes) {
    this.number = number;
    this.length = bytes.length;
    this.bytes = bytes;
  }

  private LargeValue(long number, int length) {
    this.number = number;
    this.length = length;
  }

  /// A value that is neither in memory nor on the device.
  static LargeValue lost(long number, int length) {
    return new LargeValue(number, length);
  }

  /// A value that an object holds, and one page refers to.
  ///
  /// @throws IllegalArgumentException when the object's name is none of a value
  LargeValue(StoredObject stored) {
    byte[] name = stored.name();
    if (name.length != NAME_BYTES || Bytes.getInt(name, Long.BYTES) < 0) {
      throw new IllegalArgumentException("a name of " + name.length + " bytes");
    }
    this.number = Bytes.getLongBigEndian(name, 0);
    this.length = Bytes.getInt(name, Long.BYTES);
    this.stored = stored;
    this.references = 1;
    stored.own(this);
  }

  /// Its number, of which no other value of the keyspace has the same.
  long number() {
    return number;
  }

  /// How many bytes it has.
  int length() {
    return length;
  }

  /// The bytes while they are in memory, else null; not to be changed.
  byte @Nullable [] bytes() {
    return bytes;
  }

  /// The object that holds it once it was written.
  @Nullable StoredObject stored() {
    return stored;
  }

  /// What its object is called: its number, and how many bytes it has.
  byte[] name() {
    byte[] name = new byte[NAME_BYTES];
    Bytes.putLongBigEndian(name, 0, number);
    Bytes.putInt(name, Long.BYTES, length);
    return name;
  }

  /// Is told that an object holds it, durably.
  void stored(StoredObject object) {
    object.own(this);
    stored = object;
    bytes = null;
  }

  /// Counts pages that refer to it, or do not any more; answers how many there are.
  int refer(int change) {
    references += change;
    return references;
  }

  @Override
  public void moved(StoredObject from, StoredObject to) {
    stored = to;
  }
}
