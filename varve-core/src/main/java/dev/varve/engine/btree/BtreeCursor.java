package dev.varve.engine.btree;

import dev.varve.engine.EngineCursor;
import dev.varve.kv.KeyRange;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Walks over a tree at one moment.
///
/// @threads one at a time
final class BtreeCursor implements EngineCursor {
  /* The cursor takes a leaf at a time: its entries and their order. The moment is pinned, and what it sees in
   * these entries never changes, so they are good for as long as the cursor likes, whatever becomes of the
   * leaf. At the end of a leaf it looks for the leaf that covers what comes next, by key: so it
   * does not matter to it how the tree changes. */

  private static final byte[] LEAST = {};

  /** So many records are looked at together: the processor fetches them at once. */
  private static final int AHEAD = 16;

  private final Tree tree;
  private final LeafLoader loader;
  private final long sequence;
  private final byte @Nullable [] from;
  private final byte @Nullable [] to;
  private final Tree.Place place;
  private LeafEntries entries = LeafEntries.NONE;

  /** What was deleted from the leaf as a whole: revisions before this number are hidden. */
  private long hidden;

  /** The leaf's order as it was when the cursor came to it. */
  private short[] slots = new short[64];

  private int keys;
  private int rank;

  /**
   * What the moment sees of the keys from rank `aheadFrom` on, before `aheadTo`: a record, or 0.
   */
  private final int[] ahead = new int[AHEAD];

  private int aheadFrom;
  private int aheadTo;

  /** Whether the end of the range, or its begin, is within what the leaf covers. */
  private boolean hasEnd;

  private boolean hasBegin;

  /** The record at the rank. */
  private int record;

  BtreeCursor(Tree tree, LeafLoader loader, KeyRange range, long sequence) {
    this.tree = tree;
    this.loader = loader;
    this.sequence = sequence;
    this.from = range.from();
    this.to = range.to();
    this.place = new Tree.Place(tree.first());
  }

  /** Takes the leaf of the place. */
  private void enter() {
    LeafEntries known = place.knownEntries();
    if (known == null) {
      Leaf leaf = place.leaf();
      // Before the entries: see Leaf.
      long[] covers = leaf.covers();
      known = loader.entries(leaf);
      hidden = newestThrough(covers, sequence);
      if (covers.length == 0) {
        place.note(known);
      }
    } else {
      loader.hit(known);
      hidden = 0;
    }
    entries = known;
    if (slots.length < entries.capacity()) {
      slots = new short[entries.capacity()];
    }
    keys = entries.copyOrder(slots);
    aheadFrom = 0;
    aheadTo = 0;
    byte[] high = place.high();
    if (high != null && keys > 0 && entries.compare(high, lastNewest()) <= 0) {
      // The leaf has grown, and the way here was from before.
      keys = entries.rankOf(slots, keys, high);
    }
    hasEnd = to != null && (high == null || Arrays.compareUnsigned(high, to) > 0);
    hasBegin = from != null && Arrays.compareUnsigned(place.low(), from) < 0;
  }

  private int lastNewest() {
    return entries.newestAt(slots[keys - 1] & 0xFFFF);
  }

  /// The last of the ascending numbers that is not greater than `sequence`, or 0.
  static long newestThrough(long[] numbers, long sequence) {
    for (int i = numbers.length - 1; i >= 0; i--) {
      if (numbers[i] <= sequence) {
        return numbers[i];
      }
    }
    return 0;
  }

  /** What the moment sees of the key at the rank: a record, or 0. */
  private int lookUp(boolean forward) {
    if (rank < aheadFrom || rank >= aheadTo) {
      aheadFrom = forward ? rank : Math.max(0, rank - AHEAD + 1);
      aheadTo = Math.min(keys, aheadFrom + AHEAD);
      for (int i = aheadFrom; i < aheadTo; i++) {
        ahead[i - aheadFrom] = seen(entries.newestAt(slots[i] & 0xFFFF));
      }
    }
    return ahead[rank - aheadFrom];
  }

  private int seen(int newest) {
    byte[] records = entries.records();
    int found = entries.visible(newest, sequence);
    return found == 0
            || LeafRecord.isTombstone(records, found)
            || (hidden > 0 && LeafRecord.sequence(records, found) < hidden)
        ? 0
        : found;
  }

  private boolean startAt(byte[] key) {
    tree.place(key, place);
    enter();
    rank = key.length == 0 ? 0 : entries.rankOf(slots, keys, key);
    return settleForward();
  }

  /** Starts at the last key before `key`, or of all when that is null. */
  private boolean startBefore(byte @Nullable [] key) {
    tree.placeBefore(key, place);
    enter();
    rank = (key == null ? keys : entries.rankOf(slots, keys, key)) - 1;
    return settleBackward();
  }

  private boolean settleForward() {
    while (true) {
      for (; rank < keys; rank++) {
        record = lookUp(true);
        if (record != 0) {
          return to == null || !hasEnd || entries.compare(to, record) > 0;
        }
      }
      byte[] high = place.high();
      if (high == null || (to != null && Arrays.compareUnsigned(high, to) >= 0)) {
        return false;
      }
      tree.place(high, place);
      enter();
      // The leaf may have grown: what is before was seen.
      rank = Arrays.equals(place.low(), high) ? 0 : entries.rankOf(slots, keys, high);
    }
  }

  private boolean settleBackward() {
    while (true) {
      for (; rank >= 0; rank--) {
        record = lookUp(false);
        if (record != 0) {
          return from == null || !hasBegin || entries.compare(from, record) <= 0;
        }
      }
      byte[] low = place.low();
      if (low.length == 0 || (from != null && Arrays.compareUnsigned(low, from) <= 0)) {
        return false;
      }
      tree.placeBefore(low, place);
      enter();
      byte[] high = place.high();
      boolean whole = high != null && Arrays.equals(high, low);
      rank = (whole ? keys : entries.rankOf(slots, keys, low)) - 1;
    }
  }

  @Override
  public boolean seekToFirst() {
    return startAt(from == null ? LEAST : from);
  }

  @Override
  public boolean seekToLast() {
    return (to == null || to.length > 0) && startBefore(to);
  }

  @Override
  public boolean seek(byte[] key) {
    return startAt(from != null && Arrays.compareUnsigned(key, from) < 0 ? from : key);
  }

  @Override
  public boolean seekForPrevious(byte[] key) {
    if (to != null && Arrays.compareUnsigned(key, to) >= 0) {
      return seekToLast();
    }
    tree.place(key, place);
    enter();
    rank = entries.rankOf(slots, keys, key);
    if (rank == keys || !entries.hasKey(slots[rank] & 0xFFFF, key)) {
      rank--;
    }
    return settleBackward();
  }

  @Override
  public boolean next() {
    rank++;
    return settleForward();
  }

  @Override
  public boolean previous() {
    rank--;
    return settleBackward();
  }

  @Override
  public byte[] key() {
    return entries.key(record);
  }

  @Override
  public byte[] value() {
    return loader.value(entries, record);
  }

  @Override
  public long valueSize() {
    return LeafRecord.valueLength(entries.records(), record);
  }
}
