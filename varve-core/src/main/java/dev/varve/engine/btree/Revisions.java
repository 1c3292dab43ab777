package dev.varve.engine.btree;

import java.util.Arrays;

/// The revisions of one key after the other that are to be kept when a leaf is written anew, in
/// memory or to the device.
///
/// @threads one at a time
final class Revisions {
  /* Range deletes of a leaf (covers) are told here as tombstones, where they hide something. A tombstone
   * below which nothing is kept says what no record would say as well, and is left out. */

  /** Stands for a tombstone that is in no record. */
  static final int OF_COVER = 0;

  private final LeafEntries entries;
  private final byte[] records;
  private final long[] covers;
  private final Retention retention;
  private final long through;

  private int count;
  private int[] kept = new int[4];
  private long[] sequences = new long[4];

  /// @param covers the numbers of the commits that deleted the whole leaf, ascending
  /// @param through later revisions are left out
  Revisions(LeafEntries entries, long[] covers, Retention retention, long through) {
    this.entries = entries;
    this.records = entries.records();
    this.covers = covers;
    this.retention = retention;
    this.through = through;
  }

  /// Whose they are.
  LeafEntries entries() {
    return entries;
  }

  /// Goes to the key whose newest record this is; answers how many revisions are kept.
  int of(int newest) {
    if (covers.length == 0
        && LeafRecord.older(records, newest) == 0
        && LeafRecord.sequence(records, newest) <= through) {
      return ofOnly(newest);
    }
    count = 0;
    long replaced = Long.MAX_VALUE;
    for (int record = newest; record != 0; record = LeafRecord.older(records, record)) {
      long sequence = LeafRecord.sequence(records, record);
      if (sequence > through) {
        continue;
      }
      long hidden = coverBetween(sequence, replaced);
      if (hidden > 0) {
        take(OF_COVER, hidden, replaced);
        replaced = hidden;
      }
      take(record, sequence, replaced);
      replaced = sequence;
    }
    while (count > 0 && isTombstone(count - 1)) {
      count--;
    }
    return count;
  }

  private int ofOnly(int record) {
    count = 0;
    if (!LeafRecord.isTombstone(records, record)) {
      add(record, LeafRecord.sequence(records, record));
    }
    return count;
  }

  /** The first cover that hides a revision, or 0. */
  private long coverBetween(long made, long replaced) {
    if (covers.length == 0) {
      return 0;
    }
    // One with the revision's own number came before it in its commit.
    int at = Arrays.binarySearch(covers, made);
    int first = at < 0 ? -1 - at : at + 1;
    return first < covers.length && covers[first] <= through && covers[first] < replaced
        ? covers[first]
        : 0;
  }

  private void take(int record, long made, long replaced) {
    if (retention.needs(made, replaced)) {
      add(record, made);
    }
  }

  private void add(int record, long sequence) {
    if (count == kept.length) {
      kept = Arrays.copyOf(kept, 2 * count);
      sequences = Arrays.copyOf(sequences, 2 * count);
    }
    kept[count] = record;
    sequences[count++] = sequence;
  }

  /// How many revisions of the key are kept.
  int count() {
    return count;
  }

  /// The record of a revision, 0 being the newest, or [#OF_COVER].
  int record(int index) {
    return kept[index];
  }

  /// The number of the commit that made a revision.
  long sequence(int index) {
    return sequences[index];
  }

  /// Whether a revision says that the key is absent.
  boolean isTombstone(int index) {
    return kept[index] == OF_COVER || LeafRecord.isTombstone(records, kept[index]);
  }
}
