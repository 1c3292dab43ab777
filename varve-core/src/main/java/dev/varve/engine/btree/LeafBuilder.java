package dev.varve.engine.btree;

import java.util.Arrays;

/// Makes the entries of a leaf, key after key in rising order.
///
/// @threads one at a time
/// @lifetime until [#build]
final class LeafBuilder {
  /** So many bytes in common, or fewer, are left to the heads. */
  private static final int PREFIX_WORTH = 3;

  private static final byte[] NO_PREFIX = {};

  private final LeafEntries made;
  private final byte[] prefix;
  private byte[] key = {};

  /// Begins entries with room for so many keys that begin with `prefix`, and so many bytes of
  /// records.
  LeafBuilder(byte[] prefix, int capacity, int recordBytes) {
    this.prefix = prefix;
    this.made = new LeafEntries(prefix, capacity, recordBytes);
  }

  /// The prefix for keys from `first` to `last`; none for one key alone, with which the next one
  /// has less in common.
  static byte[] prefix(byte[] first, byte[] last) {
    int common = Arrays.mismatch(first, last);
    return common > PREFIX_WORTH ? Arrays.copyOf(first, common) : NO_PREFIX;
  }

  /// Adds the revisions of a key that are kept, of which there is one at least.
  void add(Revisions revisions) {
    LeafEntries from = revisions.entries();
    byte[] records = from.records();
    int any = revisions.record(revisions.count() - 1);
    int suffix = LeafRecord.suffix(records, any);
    int suffixLength = LeafRecord.suffixLength(records, any);
    int move = prefix.length - from.prefix().length;
    byte[] source = records;
    if (move >= 0) {
      suffix += move;
      suffixLength -= move;
    } else {
      // The key is longer here: what the prefix had is put in front.
      int fromLength = from.prefix().length;
      key = key.length < suffixLength - move ? new byte[suffixLength - move] : key;
      System.arraycopy(from.prefix(), fromLength + move, key, 0, -move);
      System.arraycopy(records, suffix, key, -move, suffixLength);
      source = key;
      suffix = 0;
      suffixLength -= move;
    }
    int older = 0;
    for (int i = revisions.count() - 1; i >= 0; i--) {
      older = add(revisions, i, older, source, suffix, suffixLength);
    }
    made.addLast(source, suffix, suffixLength, older);
  }

  private int add(
      Revisions revisions, int index, int older, byte[] source, int suffix, int suffixLength) {
    LeafEntries from = revisions.entries();
    int record = revisions.record(index);
    long sequence = revisions.sequence(index);
    if (revisions.isTombstone(index)) {
      return made.append(sequence, older, source, suffix, suffixLength, 0, -1);
    }
    LargeValue large = from.largeOf(record);
    if (large != null) {
      return made.appendLarge(sequence, older, source, suffix, suffixLength, large);
    }
    byte[] records = from.records();
    if (source != records) {
      // The value is elsewhere than the key.
      int valueLength = LeafRecord.valueLength(records, record);
      byte[] both = new byte[suffixLength + valueLength];
      System.arraycopy(source, suffix, both, 0, suffixLength);
      System.arraycopy(records, LeafRecord.value(records, record), both, suffixLength, valueLength);
      return made.append(sequence, older, both, 0, suffixLength, suffixLength, valueLength);
    }
    return made.append(
        sequence,
        older,
        records,
        suffix,
        suffixLength,
        LeafRecord.value(records, record),
        LeafRecord.valueLength(records, record));
  }

  /// Adds a revision of a key that `source` has; answers where its record is.
  ///
  /// @param older the revision before, or 0
  /// @param valueLength -1 for a tombstone
  int add(
      long sequence,
      int older,
      byte[] source,
      int suffix,
      int suffixLength,
      int value,
      int valueLength) {
    return made.append(sequence, older, source, suffix, suffixLength, value, valueLength);
  }

  /// As [#add], of a value that is kept apart.
  int addLarge(
      long sequence, int older, byte[] source, int suffix, int suffixLength, LargeValue value) {
    return made.appendLarge(sequence, older, source, suffix, suffixLength, value);
  }

  /// Ends a key whose revisions were added, oldest first.
  void endKey(byte[] source, int suffix, int suffixLength, int newest) {
    made.addLast(source, suffix, suffixLength, newest);
  }

  /// How many bytes the records of a key take that [#add] would add.
  static int bytes(Revisions revisions, int prefixLength) {
    LeafEntries from = revisions.entries();
    byte[] records = from.records();
    int bytes = 0;
    for (int i = 0; i < revisions.count(); i++) {
      boolean hasOlder = i < revisions.count() - 1;
      int record = revisions.record(i);
      int any = record == Revisions.OF_COVER ? revisions.record(revisions.count() - 1) : record;
      int suffixLength =
          LeafRecord.suffixLength(records, any) + from.prefix().length - prefixLength;
      if (revisions.isTombstone(i)) {
        bytes += LeafRecord.bytes(hasOlder, suffixLength, -1);
      } else {
        int valueLength = LeafRecord.valueLength(records, record);
        bytes +=
            LeafRecord.isLarge(records, record)
                ? LeafRecord.bytesLarge(hasOlder, suffixLength, valueLength)
                : LeafRecord.bytes(hasOlder, suffixLength, valueLength);
      }
    }
    return bytes;
  }

  /// The entries. Nothing may be added any more.
  LeafEntries build() {
    return made;
  }
}
