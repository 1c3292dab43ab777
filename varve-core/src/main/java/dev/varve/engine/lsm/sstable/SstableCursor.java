package dev.varve.engine.lsm.sstable;

import java.io.IOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Walks over all entries of an sstable, every revision of every key, in both directions.
///
/// A failed call leaves it on no entry. Damage is an exception, never the end of the entries.
///
/// @threads one at a time
/// @lifetime until [#close]. Keys and values that it lends are good until it moves
public final class SstableCursor implements AutoCloseable {
  /** Blocks that follow each other on the device before it reads ahead. */
  private static final int SEQUENTIAL_MIN = 2;

  private static final int AHEAD_MIN = 32 << 10;
  private static final int AHEAD_MAX = 256 << 10;

  private final SstableReader reader;
  private final BlockStore blocks;
  private final @Nullable SstableIndex index;
  private final boolean keep;
  private final SstableIndex.Position position = new SstableIndex.Position();
  private final EntryBlock block = new EntryBlock();
  private boolean closed;
  private boolean valid;
  private int at;
  private byte[] key = new byte[64];
  private int keyLength;

  /* What was read ahead: `aheadLength` bytes of the file from `aheadBegin`. */
  private byte[] ahead = new byte[0];
  private long aheadBegin;
  private int aheadLength;
  private int aheadNext;
  private int sequential;
  private long expected = -1;
  private byte[] plain = new byte[0];

  SstableCursor(
      SstableReader reader, BlockStore blocks, @Nullable SstableIndex index, boolean keep) {
    this.reader = reader;
    this.blocks = blocks;
    this.index = index;
    this.keep = keep;
    this.aheadNext = keep ? AHEAD_MIN : AHEAD_MAX;
    this.sequential = keep ? 0 : SEQUENTIAL_MIN;
  }

  private @Nullable SstableIndex begin() {
    valid = false;
    if (closed) {
      throw new IllegalStateException("the cursor is closed");
    }
    return index;
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
    openBlock();
    return block.find(target, 0, target.length, stamp);
  }

  /// Moves on; answers whether there is an entry.
  ///
  /// @throws dev.varve.kv.CorruptionException when what has to be read is damaged
  /// @throws IOException when the device refuses
  public boolean next() throws IOException {
    requireValid();
    if (at + 1 < block.count()) {
      return standBeside(at + 1);
    }
    valid = false;
    SstableIndex own = index;
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
      return standBeside(at - 1);
    }
    valid = false;
    SstableIndex own = index;
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

  private boolean standBeside(int i) {
    int before = at;
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

  /** Opens the block at the position: from what was read ahead, the cache, or the device. */
  private void openBlock() throws IOException {
    long offset = position.offset();
    long size = position.size();
    boolean follows = offset == expected;
    expected = offset + size;
    if (openAhead(offset, size)) {
      return;
    }
    byte[] bytes = blocks.cached(offset);
    if (bytes == null) {
      if (keep) {
        sequential = follows ? sequential + 1 : 0;
      }
      if (sequential >= SEQUENTIAL_MIN && size <= AHEAD_MAX) {
        readAhead(offset);
        if (openAhead(offset, size)) {
          return;
        }
      }
      bytes = blocks.get(BlockType.DATA, offset, size, keep);
    }
    block.open(bytes, 0, bytes.length - BlockSeal.BYTES);
  }

  private void readAhead(long offset) throws IOException {
    SstableIndex own = index;
    long end = own == null ? offset : own.dataEnd();
    int length = (int) Math.min(aheadNext, end - offset);
    if (ahead.length < length) {
      ahead = new byte[length];
    }
    aheadLength = 0;
    blocks.source().read(offset, ahead, 0, length);
    aheadBegin = offset;
    aheadLength = length;
    aheadNext = Math.min(2 * aheadNext, AHEAD_MAX);
  }

  /** Opens a block that lies wholly in what was read ahead. */
  private boolean openAhead(long offset, long size) {
    if (offset < aheadBegin || size > aheadBegin + aheadLength - offset) {
      return false;
    }
    BlockSource source = blocks.source();
    int from = (int) (offset - aheadBegin);
    int length = (int) size;
    if (length < BlockSeal.BYTES) {
      throw source.damaged(offset, "a block", length + " bytes");
    }
    source.checkSeal(BlockType.DATA, offset, ahead, from, length);
    if (BlockSource.isPlain(ahead, from, length)) {
      int to = from + length - BlockSeal.BYTES;
      source.checkContent(BlockType.DATA, offset, block, ahead, from, to);
      return true;
    }
    int plainLength = BlockSource.plainLength(ahead, from, length);
    if (plain.length < plainLength) {
      plain = new byte[plainLength];
    }
    int to = source.decompress(offset, ahead, from, length, plain);
    source.checkContent(BlockType.DATA, offset, block, plain, 0, to);
    return true;
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

  @Override
  public void close() throws IOException {
    if (!closed) {
      closed = true;
      valid = false;
      reader.release();
    }
  }
}
