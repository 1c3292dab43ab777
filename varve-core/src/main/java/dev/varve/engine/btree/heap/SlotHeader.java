package dev.varve.engine.btree.heap;

import dev.varve.base.Bytes;
import dev.varve.base.Checksum;
import dev.varve.filter.KeyHash;
import dev.varve.format.StoreId;

/// What stands at the begin of a slot; `docs/format/heap.md` has the bytes.
///
/// @param length how many bytes of the object follow
/// @param generation the batch that stored the object
/// @param ordinal which one of the batch's objects it is, from 0
/// @param piece which one of the object's pieces this is, from 0
/// @param pieces how many there are
/// @param kind the object's, a number of [ObjectKind]
/// @param nameLength how many of the object's bytes are its name; they come first
record SlotHeader(
    int length, long generation, int ordinal, int piece, int pieces, int kind, int nameLength) {
  /// Its length in bytes.
  static final int BYTES = 32;

  private static final int LENGTH = 4;
  private static final int GENERATION = 8;
  private static final int ORDINAL = 16;
  private static final int PIECE = 20;
  private static final int PIECES = 24;
  private static final int KIND_AND_NAME = 28;

  /** Checksums begin behind themselves. */
  static final int CHECKED_FROM = LENGTH;

  /// Binds the slots of a heap file to it and to their place in it.
  ///
  /// @param key a mixture of the store's identity, the keyspace and the file's number
  record Place(long key) {
    static Place of(StoreId store, int keyspace, long number) {
      long of = KeyHash.mix((store.salt() & 0xFFFF_FFFFL) << 32 | (keyspace & 0xFFFF_FFFFL));
      return new Place(KeyHash.mix(of + number));
    }

    /// What the checksum of the slot at this offset is XORed with.
    int mask(long offset) {
      return (int) KeyHash.mix(key + offset);
    }
  }

  /// Writes all but the checksum.
  void write(byte[] target, int at) {
    Bytes.putInt(target, at + LENGTH, length);
    Bytes.putLong(target, at + GENERATION, generation);
    Bytes.putInt(target, at + ORDINAL, ordinal);
    Bytes.putInt(target, at + PIECE, piece);
    Bytes.putInt(target, at + PIECES, pieces);
    Bytes.putInt(target, at + KIND_AND_NAME, kind | nameLength << 8);
  }

  /// Reads what stands at `at`, whatever it is.
  static SlotHeader read(byte[] source, int at) {
    int kindAndName = Bytes.getInt(source, at + KIND_AND_NAME);
    return new SlotHeader(
        Bytes.getInt(source, at + LENGTH),
        Bytes.getLong(source, at + GENERATION),
        Bytes.getInt(source, at + ORDINAL),
        Bytes.getInt(source, at + PIECE),
        Bytes.getInt(source, at + PIECES),
        kindAndName & 0xFF,
        kindAndName >>> 8);
  }

  /// Whether the header at an array's begin says that this piece of an object follows.
  static boolean isOf(byte[] source, StoredObject object, int piece, int length) {
    return Bytes.getInt(source, LENGTH) == length
        && Bytes.getLong(source, GENERATION) == object.generation()
        && Bytes.getInt(source, PIECE) == piece
        && Bytes.getInt(source, PIECES) == object.pieces()
        && Bytes.getInt(source, KIND_AND_NAME)
            == (object.kind().code() | object.name().length << 8);
  }

  static int checksumAt(byte[] source, int at) {
    return Bytes.getInt(source, at);
  }

  static void putChecksum(byte[] target, int at, int checksum) {
    Bytes.putInt(target, at, checksum);
  }

  /// The checksum, before it is bound to a place, of the slot at `at` with `length` bytes of the
  /// object.
  static int plainChecksum(byte[] source, int at, int length) {
    return Checksum.of(source, at + CHECKED_FROM, BYTES - CHECKED_FROM + length);
  }

  /// Whether this can be a header at all: a quick look for whoever searches.
  ///
  /// @param room how many bytes can follow
  boolean isPossible(long room) {
    return ObjectKind.ofCode(kind) != null
        && length >= 0
        && length <= room
        && piece >= 0
        && piece < pieces
        && nameLength <= NAME_BYTES_MAX
        && generation > 0
        && ordinal >= 0
        && (pieces > 1 || nameLength <= length);
  }

  /// The most bytes that a name has.
  static final int NAME_BYTES_MAX = 64 << 10;
}
