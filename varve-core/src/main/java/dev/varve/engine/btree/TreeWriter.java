package dev.varve.engine.btree;

import dev.varve.base.Bytes;
import dev.varve.engine.Visibility;
import dev.varve.kv.KeyRange;
import dev.varve.kv.MutationReader;
import java.util.Arrays;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/// Applies mutations to the leaves, and keeps the tree in shape.
///
/// @threads the writer: whoever applies a commit, one at a time
final class TreeWriter {
  /** A leaf with less than this part of the order of entries is joined with one beside it. */
  private static final int SPARSE_SHIFT = 2;

  private static final int NO_PREFIX = Integer.MIN_VALUE;

  /** What a tombstone takes beside its key, or more. */
  private static final int DELETE_ROOM = 32;

  /** How many leaves without entries are looked at between two epochs. */
  private static final int SWEEP_MAX = 2000;

  /** How many are whenever there is another one. */
  private static final int SWEEP_EACH = 2;

  private final Tree tree;
  private final LeafCache cache;
  private final LeafLoader loader;
  private final FlushEpochs epochs;
  private final Visibility visibility;
  private final BtreeSettings settings;
  private final TreePath path = new TreePath();
  private final EmptyLeaves emptied = new EmptyLeaves();

  private long entries;
  private long keyBytes;
  private long valueBytes;
  private long nextValue;
  private final LongAdder merges = new LongAdder();
  private final LongAdder splits = new LongAdder();
  private int changes;

  /** The commit that is being applied, or [Long#MAX_VALUE] between two. */
  private long applying = Long.MAX_VALUE;

  TreeWriter(
      Tree tree,
      LeafCache cache,
      LeafLoader loader,
      FlushEpochs epochs,
      Visibility visibility,
      BtreeSettings settings,
      Totals totals) {
    this.tree = tree;
    this.cache = cache;
    this.loader = loader;
    this.epochs = epochs;
    this.visibility = visibility;
    this.settings = settings;
    this.entries = totals.entries();
    this.keyBytes = totals.keyBytes();
    this.valueBytes = totals.valueBytes();
    this.nextValue = totals.nextValue();
  }

  /// Is told that a commit was applied.
  void finish() {
    applying = Long.MAX_VALUE;
    if (settings.adaptiveOrder() && changes >= OrderPolicy.CHANGES) {
      changes = 0;
      tree.setOrder(OrderPolicy.next(tree.order(), entries, tree.leafCount()));
    }
  }

  /// What there is now.
  Totals totals() {
    return new Totals(entries, keyBytes, valueBytes, nextValue);
  }

  long splits() {
    return splits.sum();
  }

  long merges() {
    return merges.sum();
  }

  // Puts.

  /// Sets a value.
  void put(long sequence, MutationReader m) {
    applying = sequence;
    byte[] array = m.array();
    int keyOffset = m.keyOffset();
    int keyLength = m.keyLength();
    LargeValue large = m.valueLength() > settings.inlineBytesMax() ? large(m) : null;
    while (true) {
      Inner above = tree.above(array, keyOffset, keyLength);
      int index = above == null ? 0 : above.childFor(array, keyOffset, keyLength);
      LeafEntries into = above == null ? null : above.entries(index);
      long[] words = above == null ? null : above.words(index);
      if (into == null || words != into.words() || LeafWords.epoch(words) != epochs.open()) {
        into = writable(tree.find(array, keyOffset, keyLength));
        words = into.words();
      }
      int suffixLength = keyLength - LeafWords.skip(words);
      int slot =
          into.sharesPrefix(words, array, keyOffset, keyLength)
              ? into.locate(words, array, keyOffset, keyLength)
              : NO_PREFIX;
      int bytes =
          large == null
              ? LeafRecord.bytes(slot >= 0, suffixLength, m.valueLength())
              : LeafRecord.bytesLarge(slot >= 0, suffixLength, m.valueLength());
      if (slot != NO_PREFIX && into.hasRoom(bytes) && (slot >= 0 || into.hasSlot())) {
        put(sequence, m, into, slot, large);
        if (large != null) {
          // Its number takes room in the leaf.
          cache.charge(tree.find(array, keyOffset, keyLength), into);
        }
        return;
      }
      makeRoom(tree.find(array, keyOffset, keyLength), into, m, slot, bytes);
    }
  }

  private LargeValue large(MutationReader m) {
    LargeValue value = new LargeValue(nextValue++, m.value());
    epochs.add(value);
    cache.useApart(value.length());
    return value;
  }

  private void put(
      long sequence, MutationReader m, LeafEntries into, int slot, @Nullable LargeValue large) {
    byte[] array = m.array();
    int skip = LeafWords.skip(into.words());
    int older = slot < 0 ? 0 : into.newestAt(slot);
    int suffix = m.keyOffset() + skip;
    int suffixLength = m.keyLength() - skip;
    int record =
        large == null
            ? into.append(
                sequence, older, array, suffix, suffixLength, m.valueOffset(), m.valueLength())
            : into.appendLarge(sequence, older, array, suffix, suffixLength, large);
    if (slot >= 0) {
      forget(into, older, m.keyLength());
      into.setNewest(slot, record);
    } else {
      into.insert(-1 - slot, array, m.keyOffset(), m.keyLength(), record);
    }
    count(into, 1, m.keyLength(), m.valueLength());
  }

  /** Takes the entry that a record stood for, if any, out of the totals. */
  private void forget(LeafEntries of, int record, int keyLength) {
    if (!LeafRecord.isTombstone(of.records(), record)) {
      count(of, -1, keyLength, LeafRecord.valueLength(of.records(), record));
    }
  }

  private void count(LeafEntries of, int change, long keyLength, long valueLength) {
    changes++;
    of.count(change, keyLength, valueLength);
    entries += change;
    keyBytes += change * keyLength;
    valueBytes += change * valueLength;
  }

  /** Makes room for a record in its leaf, or divides the leaf. */
  private void makeRoom(Leaf leaf, LeafEntries old, MutationReader m, int slot, int bytes) {
    if (slot != NO_PREFIX
        && (slot >= 0 || old.count() < tree.order())
        && old.recordBytes() + bytes <= settings.leafBytesMax()) {
      LeafEntries next = LeafRebuild.quickly(old, Retention.of(visibility), tree.order(), bytes);
      if (next != null) {
        replaceEntries(leaf, next);
        return;
      }
    }
    byte[] key = m.key();
    LeafRebuild rebuild = new LeafRebuild(Retention.of(visibility)).add(old, Leaf.NO_COVERS);
    boolean full =
        (slot < 0 && rebuild.keys() >= tree.order())
            || rebuild.bytes() + bytes > settings.leafBytesMax();
    if (!full || rebuild.keys() < 2) {
      replaceEntries(leaf, rebuild.build(0, rebuild.keys(), key, tree.order(), bytes));
      return;
    }
    Leaf _ = tree.descend(key, 0, key.length, path);
    splits.increment();
    int rank = slot < 0 && slot != NO_PREFIX ? -1 - slot : NO_PREFIX;
    if (rank == old.count() && old.addedLast(true)) {
      splitBehind(leaf, old.lastKey(), key);
    } else if (rank == 0 && old.addedLast(false)) {
      splitBefore(leaf, rebuild, key);
    } else {
      int at = rebuild.middle();
      byte[] separator = separator(rebuild.key(at - 1), rebuild.key(at));
      Leaf left = new Leaf(leaf.low(), rebuild.build(0, at, null, tree.order(), bytes));
      Leaf right =
          new Leaf(separator, rebuild.build(at, rebuild.keys(), null, tree.order(), bytes));
      exchange(leaf, left, right);
    }
  }

  /** Keys come in rising order: the leaf stays full, the next key gets one of its own. */
  private void splitBehind(Leaf leaf, byte[] last, byte[] key) {
    Leaf right = new Leaf(separator(last, key), empty(LeafBuilder.prefix(last, key)));
    addLeaf(right);
    tree.split(path, leaf, right);
  }

  /** Keys come in falling order: the key gets a leaf of its own before the others. */
  private void splitBefore(Leaf leaf, LeafRebuild rebuild, byte[] key) {
    byte[] first = rebuild.key(0);
    Leaf left = new Leaf(leaf.low(), empty(LeafBuilder.prefix(key, first)));
    Leaf right =
        new Leaf(separator(key, first), rebuild.build(0, rebuild.keys(), null, tree.order(), 0));
    exchange(leaf, left, right);
  }

  private LeafEntries empty(byte[] prefix) {
    return new LeafBuilder(prefix, tree.order(), settings.leafBytesFirst()).build();
  }

  private void exchange(Leaf leaf, Leaf left, Leaf right) {
    addLeaf(left);
    addLeaf(right);
    tree.split(path, left, right);
    leave(leaf);
  }

  /** The shortest key that is greater than `before` and not greater than `behind`. */
  static byte[] separator(byte[] before, byte[] behind) {
    return Arrays.copyOf(behind, Arrays.mismatch(before, behind) + 1);
  }

  // Deletes.

  /// Makes a key absent.
  void delete(long sequence, MutationReader m) {
    applying = sequence;
    byte[] array = m.array();
    delete(sequence, array, m.keyOffset(), m.keyLength());
  }

  private void delete(long sequence, byte[] array, int keyOffset, int keyLength) {
    while (true) {
      Leaf leaf = tree.find(array, keyOffset, keyLength);
      LeafEntries from = readable(leaf);
      int slot =
          from.sharesPrefix(array, keyOffset, keyLength)
              ? from.locate(array, keyOffset, keyLength)
              : NO_PREFIX;
      if (slot < 0 || LeafRecord.isTombstone(from.records(), from.newestAt(slot))) {
        return;
      }
      if (markDirty(leaf) != from) {
        // Evicted, and brought back.
        continue;
      }
      int suffixLength = keyLength - from.prefix().length;
      if (from.hasRoom(LeafRecord.bytes(true, suffixLength, -1))) {
        bury(sequence, from, slot, array, keyOffset, keyLength);
        if (from.live() < Math.max(1, tree.order() >> SPARSE_SHIFT)) {
          join(leaf, array, keyOffset, keyLength);
        }
        if (from.live() == 0) {
          // Whoever reads the past may need it for a while, if it is there still.
          emptied.add(leaf.low());
          sweep(SWEEP_EACH, false);
        }
        return;
      }
      LeafRebuild rebuild = new LeafRebuild(Retention.of(visibility)).add(from, Leaf.NO_COVERS);
      replaceEntries(
          leaf, rebuild.build(0, rebuild.keys(), null, tree.order(), keyLength + DELETE_ROOM));
    }
  }

  private void bury(
      long sequence, LeafEntries in, int slot, byte[] array, int keyOffset, int keyLength) {
    int skip = in.prefix().length;
    int older = in.newestAt(slot);
    int record = in.append(sequence, older, array, keyOffset + skip, keyLength - skip, 0, -1);
    forget(in, older, keyLength);
    in.setNewest(slot, record);
  }

  /** What is done with a leaf that has keys of a range. */
  private interface InRange {
    /**
     * @param whole whether all keys of the leaf are in the range
     */
    void take(Leaf leaf, boolean whole);
  }

  private void forEach(KeyRange range, InRange action) {
    byte @Nullable [] from = range.from();
    byte @Nullable [] to = range.to();
    Tree.Place place = new Tree.Place(tree.first());
    byte @Nullable [] next = from == null ? new byte[0] : from;
    while (next != null && (to == null || Bytes.compare(next, to) < 0)) {
      tree.place(next, place);
      byte @Nullable [] high = place.high();
      boolean whole =
          (from == null || Bytes.compare(place.low(), from) >= 0)
              && (to == null || (high != null && Bytes.compare(high, to) <= 0));
      action.take(place.leaf(), whole);
      next = high;
    }
  }

  /// Brings into memory what [#deleteRange] needs. Any thread.
  void prepareDelete(KeyRange range) {
    forEach(
        range,
        (leaf, whole) -> {
          LeafEntries _ = loader.entries(leaf);
        });
  }

  /// Makes the keys of a range absent.
  void deleteRange(long sequence, KeyRange range) {
    applying = sequence;
    forEach(range, (leaf, whole) -> deleteIn(sequence, leaf, whole, range));
  }

  private void deleteIn(long sequence, Leaf leaf, boolean whole, KeyRange range) {
    LeafEntries in = readable(leaf);
    if (in.live() == 0) {
      return;
    }
    if (whole && in.newestSequence() < sequence) {
      cover(sequence, leaf);
      return;
    }
    for (int record : in.sorted()) {
      if (!LeafRecord.isTombstone(in.records(), record)) {
        byte[] key = in.key(record);
        if (!range.isBelow(key) && !range.isAbove(key)) {
          delete(sequence, key, 0, key.length);
        }
      }
    }
  }

  /** Deletes all that a leaf has with one number. */
  private void cover(long sequence, Leaf leaf) {
    LeafEntries in = markDirty(leaf);
    in.expire();
    entries -= in.live();
    keyBytes -= in.liveKeyBytes();
    valueBytes -= in.liveValueBytes();
    in.countNone();
    long[] before = leaf.covers();
    long[] covers = Arrays.copyOf(before, before.length + 1);
    covers[before.length] = sequence;
    leaf.setCovers(covers);
    emptied.add(leaf.low());
  }

  // Leaves.

  private LeafEntries readable(Leaf leaf) {
    LeafEntries in = loader.entries(leaf);
    long[] covers = leaf.covers();
    return covers.length == 0 ? in : writable(leaf);
  }

  /** The entries of a leaf, which is dirty, with all that was deleted from it as a whole inside. */
  private LeafEntries writable(Leaf leaf) {
    LeafEntries in = markDirty(leaf);
    long[] covers = leaf.covers();
    if (covers.length == 0) {
      return in;
    }
    LeafRebuild rebuild = new LeafRebuild(Retention.of(visibility)).add(in, covers);
    LeafEntries next = rebuild.build(0, rebuild.keys(), null, tree.order(), 0);
    replaceEntries(leaf, next);
    return next;
  }

  /** Makes a leaf dirty: its entries, which this answers, stay in memory from then on. */
  private LeafEntries markDirty(Leaf leaf) {
    DirtyLeaf known = leaf.dirty();
    LeafEntries in = leaf.entries();
    if (known != null && known.epoch() == epochs.open() && in != null) {
      return in;
    }
    DirtyLeaf next;
    do {
      LeafEntries _ = loader.entries(leaf);
      synchronized (leaf) {
        // They may have been evicted between the two.
        in = leaf.entries();
        next = new DirtyLeaf(leaf, epochs.open(), DirtyLeaf.State.CHANGED, unsettled(leaf));
        if (in != null) {
          leaf.setDirty(next);
        }
      }
    } while (in == null);
    in.setEpoch(epochs.open());
    epochs.add(next);
    epochs.grow(in.memoryBytes());
    if (leaf.covers().length == 0) {
      tree.note(leaf.low(), 0, leaf.low().length, leaf, in);
    }
    return in;
  }

  /** What the flush of the epoch before has still to take, or null; under the leaf's monitor. */
  private static @Nullable DirtyLeaf unsettled(Leaf leaf) {
    DirtyLeaf before = leaf.dirty();
    return before != null && before.state() == DirtyLeaf.State.CHANGED ? before : null;
  }

  private void replaceEntries(Leaf leaf, LeafEntries next) {
    long frozen;
    long growth;
    next.setEpoch(epochs.open());
    synchronized (leaf) {
      frozen = handOver(leaf);
      growth = next.memoryBytes() - leaf.chargedBytes();
      LeafEntries before = leaf.entries();
      leaf.setEntries(next);
      leaf.setCovers(Leaf.NO_COVERS);
      if (before != null) {
        before.replaced(applying);
      }
    }
    tree.note(leaf.low(), 0, leaf.low().length, leaf, next);
    epochs.grow(growth);
    cache.charge(leaf, next);
    cache.useApart(frozen);
  }

  /**
   * Gives what the flush has still to take to it, since it is going to be replaced; answers what
   * that takes in memory. Under the leaf's monitor.
   */
  private static long handOver(Leaf leaf) {
    DirtyLeaf now = leaf.dirty();
    DirtyLeaf older = now == null ? null : now.older();
    if (older == null || older.state() != DirtyLeaf.State.CHANGED) {
      return 0;
    }
    older.freeze(leaf.entries(), leaf.covers());
    older.become(DirtyLeaf.State.HANDED_OVER);
    older.setFrozenBytes(leaf.chargedBytes());
    return leaf.chargedBytes();
  }

  private void addLeaf(Leaf leaf) {
    LeafEntries in = leaf.entries();
    if (in == null) {
      throw new IllegalStateException("a new leaf without entries");
    }
    in.setEpoch(epochs.open());
    DirtyLeaf dirty = new DirtyLeaf(leaf, epochs.open(), DirtyLeaf.State.CHANGED, null);
    synchronized (leaf) {
      leaf.setDirty(dirty);
    }
    epochs.add(dirty);
    epochs.grow(in.memoryBytes());
    cache.made(leaf, in);
  }

  /** Has a leaf that the tree does not lead to any more go from the device, too. */
  private void leave(Leaf leaf) {
    @Nullable DirtyLeaf added = null;
    long frozen;
    synchronized (leaf) {
      DirtyLeaf now = leaf.dirty();
      if (now != null && now.epoch() == epochs.open()) {
        now.become(DirtyLeaf.State.DELETED);
      } else {
        added = new DirtyLeaf(leaf, epochs.open(), DirtyLeaf.State.DELETED, unsettled(leaf));
        leaf.setDirty(added);
      }
      frozen = handOver(leaf);
      leaf.leave();
      LeafEntries in = leaf.entries();
      if (in != null) {
        in.replaced(applying);
      }
    }
    if (added != null) {
      epochs.add(added);
    }
    cache.left(leaf);
    cache.useApart(frozen);
  }

  // Leaves with few entries.

  /** Joins a leaf that has few entries with one beside it, or takes some from there. */
  private void join(Leaf leaf, byte[] key, int offset, int length) {
    if (tree.descend(key, offset, length, path) != leaf || path.depth() == 0) {
      return;
    }
    int level = path.depth() - 1;
    Inner parent = path.node(level);
    int index = path.index(level);
    Leaf next = index + 1 < parent.childCount() ? (Leaf) parent.child(index + 1) : null;
    Leaf before = index > 0 ? (Leaf) parent.child(index - 1) : null;
    if (before != null && isEmpty(leaf)) {
      path.back();
      merges.increment();
      tree.removeBehind(path, before, leaf);
      leave(leaf);
    } else if (next != null && next.entries() != null) {
      join(leaf, next);
    } else if (before != null && before.entries() != null) {
      path.back();
      join(before, leaf);
    }
  }

  /** Whether nobody reads anything of a leaf any more; the writer's. */
  private boolean isEmpty(Leaf leaf) {
    LeafEntries in = leaf.entries();
    return in != null
        && in.live() == 0
        && new LeafRebuild(Retention.of(visibility)).add(in, leaf.covers()).keys() == 0;
  }

  /** The path leads to `left`; `right` is behind it, under the same node. */
  private void join(Leaf left, Leaf right) {
    LeafEntries a = writable(left);
    LeafEntries b = loader.entries(right);
    LeafRebuild both =
        new LeafRebuild(Retention.of(visibility)).add(a, Leaf.NO_COVERS).add(b, right.covers());
    // With room to grow, unless one of them is not worth a leaf whatever the other has.
    int shift = Math.min(a.live(), b.live()) == 0 ? Integer.SIZE - 1 : SPARSE_SHIFT;
    int keysMax = tree.order() - (tree.order() >> shift);
    int bytesMax = settings.leafBytesMax() - (settings.leafBytesMax() >> shift);
    if (both.keys() <= keysMax && both.bytes() <= bytesMax) {
      merges.increment();
      LeafEntries joined = both.build(0, both.keys(), null, tree.order(), 0);
      // In this order: whoever comes by the new nodes finds all in the first leaf, and by the old
      // ones
      // what the second had.
      replaceEntries(left, joined);
      tree.removeBehind(path, left, right);
      leave(right);
      return;
    }
    if (Math.min(a.live(), b.live()) < tree.order() >> (SPARSE_SHIFT + 1) && both.keys() > 3) {
      borrow(left, right, both);
    }
  }

  private void borrow(Leaf left, Leaf right, LeafRebuild both) {
    int at = both.middle();
    byte[] separator = separator(both.key(at - 1), both.key(at));
    Leaf newLeft = new Leaf(left.low(), both.build(0, at, null, tree.order(), 0));
    Leaf newRight = new Leaf(separator, both.build(at, both.keys(), null, tree.order(), 0));
    addLeaf(newLeft);
    addLeaf(newRight);
    tree.replaceBoth(path, left, right, newLeft, newRight);
    leave(left);
    leave(right);
  }

  /// Takes leaves that have no entries any more out of the tree, some of them at once, as far as
  /// nobody reads them. While nobody applies.
  void sweep() {
    sweep(SWEEP_MAX, true);
  }

  /** Looks at so many, as long as they are in memory, or are brought there. */
  private void sweep(int leavesMax, boolean loads) {
    for (int i = 0; i < leavesMax && !emptied.isEmpty(); i++) {
      byte[] low = emptied.first();
      Leaf leaf = tree.find(low, 0, low.length);
      if (Arrays.equals(leaf.low(), low)) {
        LeafEntries in = loads ? loader.entries(leaf) : leaf.entries();
        if (in == null) {
          return;
        }
        if (in.live() == 0) {
          if (!isEmpty(leaf)) {
            // Somebody reads it; what comes behind it was deleted at the same time, or later.
            return;
          }
          join(leaf, low, 0, low.length);
        }
      }
      emptied.remove();
    }
  }
}
