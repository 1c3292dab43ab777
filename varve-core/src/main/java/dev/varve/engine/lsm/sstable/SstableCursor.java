package dev.varve.engine.lsm.sstable;

import java.io.IOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Walks over the entries of an sstable in both directions: over every revision of every key, or
/// over what a reader at a sequence number sees, of each key the newest (the calls that name keys).
///
/// A failed call leaves it on no entry. Damage is an exception, never the end of the entries.
///
/// @threads one at a time
/// @lifetime until [#close]. Keys and values that it lends are good until it moves
public final class SstableCursor implements AutoCloseable {
  private SstableReader reader;
  private final CursorBlocks blocks;
  private final SstableIndex.Position position;
  private final EntryBlock block;
  private boolean closed;
  private boolean valid;
  private int at;
  private byte[] key = new byte[64];
  private int keyLength;

  SstableCursor(
      SstableReader reader,
      BlockStore blocks,
      @Nullable SstableIndex index,
      boolean keep,
      SstableEnvironment environment) {
    this.reader = reader;
    this.blocks = new CursorBlocks(blocks, index, keep, environment);
    this.position = this.blocks.position;
    this.block = this.blocks.block;
  }

  /// Spares the reading of blocks that only have keys before `from`, or at `to` or behind; null
  /// stands for no end. Moves by keys, and only they, find nothing there.
  public void within(byte @Nullable [] from, byte @Nullable [] to) {
    blocks.within(from, to);
  }

  /// Goes over to another file, and stands on no entry.
  ///
  /// @throws IllegalStateException when that file, or the cursor, is closed
  /// @throws IOException when the operating system refuses to close the file it leaves
  public void moveTo(SstableReader other) throws IOException {
    SstableIndex _ = begin();
    if (other == reader) {
      return;
    }
    SstableReader left = reader;
    other.lend(this);
    left.release();
  }

  /** Takes over a reference to a file. */
  void enter(SstableReader other, BlockStore its, @Nullable SstableIndex itsIndex) {
    reader = other;
    blocks.moveTo(its, itsIndex);
  }

  private @Nullable SstableIndex begin() {
    valid = false;
    if (closed) {
      throw new IllegalStateException("the cursor is closed");
    }
    return blocks.index();
  }

  /// Moves to the first key that has an entry up to `sequence`.
  ///
  /// @throws dev.varve.kv.CorruptionException when what has to be read is damaged
  /// @throws IOException when the device refuses
  public boolean seekToFirstKey(long sequence) throws IOException {
    SstableIndex own = begin();
    if (own == null) {
      return false;
    }
    own.first(position);
    openBlock();
    return settleForward(0, reader.inFile(sequence));
  }

  /// Moves to the last key that has an entry up to `sequence`.
  ///
  /// @throws dev.varve.kv.CorruptionException when what has to be read is damaged
  /// @throws IOException when the device refuses
  public boolean seekToLastKey(long sequence) throws IOException {
    SstableIndex own = begin();
    if (own == null) {
      return false;
    }
    own.last(position);
    openBlock();
    return settleBackward(block.count() - 1, reader.inFile(sequence));
  }

  /// Moves to the first key at `target` or behind that has an entry up to `sequence`.
  ///
  /// @throws dev.varve.kv.CorruptionException when what has to be read is damaged
  /// @throws IOException when the device refuses
  public boolean seekKey(byte[] target, long sequence) throws IOException {
    SstableIndex own = begin();
    long seen = reader.inFile(sequence);
    return own != null && settleForward(find(own, target, Stamp.visibleAt(seen)), seen);
  }

  /// Moves to the last key at `target` or before that has an entry up to `sequence`.
  ///
  /// @throws dev.varve.kv.CorruptionException when what has to be read is damaged
  /// @throws IOException when the device refuses
  public boolean seekForPreviousKey(byte[] target, long sequence) throws IOException {
    SstableIndex own = begin();
    return own != null && settleBackward(find(own, target, -1) - 1, reader.inFile(sequence));
  }

  /// Moves to the last key before `target` that has an entry up to `sequence`.
  ///
  /// @throws dev.varve.kv.CorruptionException when what has to be read is damaged
  /// @throws IOException when the device refuses
  public boolean seekBeforeKey(byte[] target, long sequence) throws IOException {
    SstableIndex own = begin();
    return own != null
        && settleBackward(find(own, target, Long.MAX_VALUE) - 1, reader.inFile(sequence));
  }

  /// Moves to the next key that has an entry up to `sequence`.
  ///
  /// @throws dev.varve.kv.CorruptionException when what has to be read is damaged
  /// @throws IOException when the device refuses
  public boolean nextKey(long sequence) throws IOException {
    requireValid();
    long seen = reader.inFile(sequence);
    int from = at;
    for (int i = at + 1; ; i++) {
      if (i == block.count()) {
        if (!openNext()) {
          return false;
        }
        i = 0;
        from = -1;
      }
      // What the key has left is older; it stays in `key` until the cursor stands elsewhere.
      if (Stamp.sequence(block.stamp(i)) <= seen) {
        boolean beside = i - 1 == from && EntryBlock.isInGroupBefore(i);
        if (beside ? !block.repeatsKey(i) : !block.hasKey(i, key, 0, keyLength)) {
          return from < 0 ? stand(i) : standBeside(from, i);
        }
      }
    }
  }

  /// Moves to the key before that has an entry up to `sequence`. What this key has before the entry
  /// is above that.
  ///
  /// @throws dev.varve.kv.CorruptionException when what has to be read is damaged
  /// @throws IOException when the device refuses
  public boolean previousKey(long sequence) throws IOException {
    requireValid();
    return settleBackward(at - 1, reader.inFile(sequence));
  }

  private boolean openNext() throws IOException {
    valid = false;
    return blocks.openNext();
  }

  private boolean openPrevious() throws IOException {
    valid = false;
    return blocks.openPrevious();
  }

  private void openBlock() throws IOException {
    blocks.open(false);
  }

  /* The moves below take what a sequence number is among those that the file was written with. */

  /** Stands on the first entry from `first` on that can be seen. */
  private boolean settleForward(int first, long sequence) throws IOException {
    for (int i = first; ; i++) {
      if (i == block.count()) {
        if (!openNext()) {
          return false;
        }
        i = 0;
      }
      if (Stamp.sequence(block.stamp(i)) <= sequence) {
        return stand(i);
      }
    }
  }

  /** Stands on the newest entry that can be seen of the nearest key from `last` back. */
  private boolean settleBackward(int last, long sequence) throws IOException {
    for (int i = last; ; i--) {
      if (i < 0) {
        if (!openPrevious()) {
          return false;
        }
        i = block.count() - 1;
      }
      if (Stamp.sequence(block.stamp(i)) <= sequence) {
        boolean _ = stand(i);
        return settleNewest(sequence);
      }
    }
  }

  /** Moves back to the newest entry of the key that can be seen. */
  private boolean settleNewest(long sequence) throws IOException {
    while (true) {
      int newest = at;
      while (newest > 0
          && Stamp.sequence(block.stamp(newest - 1)) <= sequence
          && block.hasKey(newest - 1, key, 0, keyLength)) {
        newest--;
      }
      at = newest;
      if (newest > 0 || !position.continues()) {
        return true;
      }
      valid = false;
      SstableIndex own = blocks.index();
      if (own == null || !own.previous(position)) {
        throw blocks.source().damaged(position.offset(), "a block before", "none");
      }
      openBlock();
      at = block.count() - 1;
      if (Stamp.sequence(block.stamp(at)) > sequence) {
        // The newest that can be seen is the first of the block behind.
        boolean _ = own.next(position);
        openBlock();
        at = 0;
        valid = true;
        return true;
      }
      valid = true;
    }
  }

  /// Moves to the first entry; answers whether there is one.
  ///
  /// @throws dev.varve.kv.CorruptionException when what has to be read is damaged
  /// @throws IOException when the device refuses
  public boolean seekToFirst() throws IOException {
    SstableIndex own = begin();
    if (own == null) {
      return false;
    }
    own.first(position);
    openBlock();
    return stand(0);
  }

  /// Moves to the last entry; answers whether there is one.
  ///
  /// @throws dev.varve.kv.CorruptionException when what has to be read is damaged
  /// @throws IOException when the device refuses
  public boolean seekToLast() throws IOException {
    SstableIndex own = begin();
    if (own == null) {
      return false;
    }
    own.last(position);
    openBlock();
    return stand(block.count() - 1);
  }

  /// Moves to the first entry that is not before this key and sequence number: the newest one of
  /// `target` that a reader at `sequence` may see, else the newest of the next key.
  ///
  /// @throws dev.varve.kv.CorruptionException when what has to be read is damaged
  /// @throws IOException when the device refuses
  public boolean seek(byte[] target, long sequence) throws IOException {
    SstableIndex own = begin();
    if (own == null) {
      return false;
    }
    int found = find(own, target, Stamp.visibleAt(reader.inFile(sequence)));
    if (found < block.count()) {
      return stand(found);
    }
    if (!own.next(position)) {
      return false;
    }
    openBlock();
    return stand(0);
  }

  /// Moves to the last entry that is not behind this key and sequence number: with sequence number
  /// 0 the oldest one of `target`, else the oldest of the key before.
  ///
  /// @throws dev.varve.kv.CorruptionException when what has to be read is damaged
  /// @throws IOException when the device refuses
  public boolean seekForPrevious(byte[] target, long sequence) throws IOException {
    SstableIndex own = begin();
    if (own == null) {
      return false;
    }
    // What is behind is what is not before the next lower sequence number.
    int found = find(own, target, Stamp.of(reader.behindInFile(sequence), 0) - 1);
    if (found > 0) {
      return stand(found - 1);
    }
    if (!own.previous(position)) {
      return false;
    }
    openBlock();
    return stand(block.count() - 1);
  }

  private int find(SstableIndex own, byte[] target, long stamp) throws IOException {
    own.seek(position, target, 0, target.length, stamp);
    blocks.open(true);
    return block.find(target, 0, target.length, stamp);
  }

  /// Moves on; answers whether there is an entry.
  ///
  /// @throws dev.varve.kv.CorruptionException when what has to be read is damaged
  /// @throws IOException when the device refuses
  public boolean next() throws IOException {
    requireValid();
    if (at + 1 < block.count()) {
      return standBeside(at, at + 1);
    }
    valid = false;
    SstableIndex own = blocks.index();
    if (own == null || !own.next(position)) {
      return false;
    }
    openBlock();
    return stand(0);
  }

  /// Moves back; answers whether there is an entry.
  ///
  /// @throws dev.varve.kv.CorruptionException when what has to be read is damaged
  /// @throws IOException when the device refuses
  public boolean previous() throws IOException {
    requireValid();
    if (at > 0) {
      return standBeside(at, at - 1);
    }
    valid = false;
    SstableIndex own = blocks.index();
    if (own == null || !own.previous(position)) {
      return false;
    }
    openBlock();
    return stand(block.count() - 1);
  }

  private void requireValid() {
    if (!valid) {
      throw new IllegalStateException("the cursor stands on no entry");
    }
  }

  private boolean stand(int i) {
    at = i;
    keyLength = block.keyLength(i);
    ensureKey();
    block.copyKey(i, key);
    valid = true;
    return true;
  }

  private boolean standBeside(int before, int i) {
    at = i;
    keyLength = block.keyLength(i);
    if (key.length < keyLength) {
      ensureKey();
      block.copyKey(i, key);
    } else {
      block.copyKeyFrom(before, i, key);
    }
    return true;
  }

  private void ensureKey() {
    if (key.length < keyLength) {
      key = new byte[Math.max(keyLength, 2 * key.length)];
    }
  }

  /// Whether it stands on an entry.
  public boolean isValid() {
    return valid;
  }

  /// The array whose first [#keyLength] bytes are the key.
  public byte[] keyArray() {
    requireValid();
    return key;
  }

  /// How many bytes the key has.
  public int keyLength() {
    return keyLength;
  }

  /// A copy of the key.
  public byte[] key() {
    requireValid();
    return Arrays.copyOf(key, keyLength);
  }

  /// Sequence number and kind of the entry; see [Stamp].
  public long stamp() {
    requireValid();
    return reader.stampOf(block.stamp(at));
  }

  /// The stamp that the entry was written with, which its file's properties count: another one than
  /// [#stamp] in an ingested file.
  public long stampInFile() {
    requireValid();
    return block.stamp(at);
  }

  /// The sequence number of the entry.
  public long sequence() {
    return Stamp.sequence(stamp());
  }

  /// The kind of the entry, one of [Stamp].
  public int kind() {
    return Stamp.kind(stamp());
  }

  /// The array that the value stands in.
  public byte[] valueArray() {
    requireValid();
    return block.array();
  }

  /// Where the value begins in [#valueArray].
  public int valueOffset() {
    requireValid();
    return block.valueOffset(at);
  }

  /// How many bytes the value has.
  public int valueLength() {
    requireValid();
    return block.valueLength(at);
  }

  /// A copy of the value.
  public byte[] value() {
    int offset = valueOffset();
    return Arrays.copyOfRange(block.array(), offset, offset + valueLength());
  }

  /// Where the entry's block begins in the file.
  long blockOffset() {
    return position.offset();
  }

  /// How many bytes the entry's block has when uncompressed.
  int blockBytes() {
    return block.size();
  }

  @Override
  public void close() throws IOException {
    if (!closed) {
      closed = true;
      valid = false;
      blocks.close();
      reader.release();
    }
  }
}
