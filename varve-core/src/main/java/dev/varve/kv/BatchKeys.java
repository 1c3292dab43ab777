package dev.varve.kv;

import dev.varve.base.RandomSource;
import dev.varve.base.SipHash;
import java.util.Arrays;
import java.util.BitSet;

/// Finds the mutations of a batch that a later one of the same key makes void.
///
/// @threads one at a time
final class BatchKeys {
  /* A put or delete of a key decides what becomes of the key, whatever came before it, so of several
   * the last is enough, in its own place: what stands between, the deletion of a range with the key
   * in it, changes nothing that the last one does not set again. */

  private final MutationReader reader = new MutationReader();
  private final SipHash hash;

  /** Of each mutation where it begins; one more for the end. */
  private final int[] begins;

  /** Of each put and delete the keyspace and where the key stands; no length for others. */
  private final int[] keyspaces;

  private final int[] keyOffsets;
  private final int[] keyLengths;

  /** A mutation's number plus 1 for each hash slot, 0 for none. */
  private final int[] slots;

  private final byte[] array;
  private final int count;

  BatchKeys(MutationWriter writer) {
    this.array = writer.array();
    this.count = writer.count();
    this.begins = new int[count + 1];
    this.keyspaces = new int[count];
    this.keyOffsets = new int[count];
    this.keyLengths = new int[count];
    this.slots = new int[Integer.highestOneBit(Math.max(count, 2)) << 2];
    RandomSource random = RandomSource.secure();
    this.hash = new SipHash(random.nextLong(), random.nextLong());
    reader.reset(array, MutationWriter.HEADROOM_BYTES, writer.end());
    begins[0] = MutationWriter.HEADROOM_BYTES;
    for (int i = 0; i < count && reader.next(); i++) {
      begins[i + 1] = reader.end();
      switch (reader.kind()) {
        case PUT, DELETE -> {
          keyspaces[i] = reader.keyspace();
          keyOffsets[i] = reader.keyOffset();
          keyLengths[i] = reader.keyLength();
        }
        case DELETE_RANGE, CREATE_KEYSPACE, DROP_KEYSPACE, INGEST -> {}
      }
    }
  }

  /// Where a mutation begins, and so where the one before ends.
  int begin(int i) {
    return begins[i];
  }

  /// The numbers of the mutations that are void.
  BitSet superseded() {
    BitSet found = new BitSet(count);
    for (int i = count - 1; i >= 0; i--) {
      if (keyLengths[i] > 0 && !add(i)) {
        found.set(i);
      }
    }
    return found;
  }

  /** Notes a key; false when it was noted before. */
  private boolean add(int i) {
    int mask = slots.length - 1;
    int slot = (int) hash.hash(array, keyOffsets[i], keyLengths[i]) + keyspaces[i] & mask;
    while (slots[slot] != 0) {
      if (isSame(slots[slot] - 1, i)) {
        return false;
      }
      slot = slot + 1 & mask;
    }
    slots[slot] = i + 1;
    return true;
  }

  private boolean isSame(int a, int b) {
    return keyspaces[a] == keyspaces[b]
        && Arrays.equals(
            array,
            keyOffsets[a],
            keyOffsets[a] + keyLengths[a],
            array,
            keyOffsets[b],
            keyOffsets[b] + keyLengths[b]);
  }
}
