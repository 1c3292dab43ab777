package dev.varve.engine.lsm.sstable;

import dev.varve.cache.MemoryBudget;
import dev.varve.format.Envelope;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// The blocks that a cursor comes to. After some that lie one beside the other and are not in the
/// cache it reads many at a time, in either direction, past the cache.
///
/// @threads one at a time
final class CursorBlocks {
  /** Blocks that follow each other on the device before it reads ahead. */
  private static final int SEQUENTIAL_MIN = 2;

  private static final int AHEAD_MIN = 32 << 10;

  final SstableIndex.Position position = new SstableIndex.Position();
  final EntryBlock block = new EntryBlock();
  private final boolean keep;
  private final MemoryBudget budget;

  /** How much is read ahead at most. */
  private final int aheadMax;

  private BlockStore blocks;
  private @Nullable SstableIndex index;

  /* No block is read for keys before the one or at or behind the other. */
  private byte @Nullable [] least;
  private byte @Nullable [] past;

  /* What was read ahead: `aheadLength` bytes of the file from `aheadBegin`. */
  private byte[] ahead = new byte[0];
  private long aheadBegin;
  private int aheadLength;
  private int aheadNext;
  private int sequential;
  private boolean backward;

  /** The position's begin and end of the block that was opened last. */
  private long lastBegin = -1;

  private long lastEnd = -1;
  private byte[] plain = new byte[0];

  /// @param keep whether single blocks are put into the cache; else it reads ahead at once
  CursorBlocks(
      BlockStore blocks,
      @Nullable SstableIndex index,
      boolean keep,
      SstableEnvironment environment) {
    this.budget = environment.budget();
    this.aheadMax = environment.bufferBytes();
    this.blocks = blocks;
    this.index = index;
    this.keep = keep;
    this.aheadNext = keep ? Math.min(AHEAD_MIN, aheadMax) : aheadMax;
    this.sequential = keep ? 0 : SEQUENTIAL_MIN;
  }

  /// See [SstableCursor#within].
  void within(byte @Nullable [] from, byte @Nullable [] to) {
    this.least = from;
    this.past = to;
  }

  /// Goes over to another file.
  void moveTo(BlockStore its, @Nullable SstableIndex itsIndex) {
    blocks = its;
    index = itsIndex;
    aheadLength = 0;
    // Where one file of a level ends, the next begins.
    boolean goesOn = keep && sequential >= SEQUENTIAL_MIN && !backward;
    lastBegin = -1;
    lastEnd = goesOn && itsIndex != null ? itsIndex.begin() : -1;
  }

  @Nullable SstableIndex index() {
    return index;
  }

  BlockSource source() {
    return blocks.source();
  }

  /// Opens the next block; false when there is none with keys to walk over.
  boolean openNext() throws IOException {
    SstableIndex own = index;
    if (own == null || !own.nextBefore(position, past)) {
      return false;
    }
    open(false);
    return true;
  }

  /// Opens the block before; false when there is none with keys to walk over.
  boolean openPrevious() throws IOException {
    SstableIndex own = index;
    if (own == null || !own.previousFrom(position, least)) {
      return false;
    }
    open(false);
    return true;
  }

  /// Opens `block` at `position`: from what was read ahead, the cache, or the device.
  ///
  /// @param toSearch whether a search follows
  void open(boolean toSearch) throws IOException {
    boolean follows = position.begin() == lastEnd;
    boolean precedes = position.end() == lastBegin;
    lastBegin = position.begin();
    lastEnd = position.end();
    if (aheadLength > 0 && openAhead(position.offset(), position.size())) {
      return;
    }
    byte[] bytes = blocks.cachedData(position);
    if (bytes == null) {
      if (keep) {
        count(follows, precedes);
      }
      long size = position.size();
      if (sequential >= SEQUENTIAL_MIN && size <= aheadMax) {
        readAhead(position.offset(), size);
        if (openAhead(position.offset(), size)) {
          return;
        }
      }
      bytes = blocks.loadData(position, keep);
    }
    if (toSearch) {
      block.openToSearch(bytes, 0, bytes.length - BlockSeal.BYTES);
    } else {
      block.open(bytes, 0, bytes.length - BlockSeal.BYTES);
    }
  }

  /** Counts the blocks that were read one beside the other, in one direction. */
  private void count(boolean follows, boolean precedes) {
    boolean goesOn = backward ? precedes : follows;
    if (!goesOn) {
      backward = precedes;
      sequential = 0;
      aheadNext = Math.min(AHEAD_MIN, aheadMax);
    }
    sequential += follows || precedes ? 1 : 0;
  }

  private void readAhead(long offset, long size) throws IOException {
    long begin = offset;
    long end = offset + size;
    if (backward) {
      begin = Math.min(offset, Math.max(aheadBound(), end - aheadNext));
    } else {
      end = Math.max(end, Math.min(aheadBound(), begin + aheadNext));
    }
    int length = (int) (end - begin);
    if (ahead.length < length) {
      budget.use(length - ahead.length);
      ahead = new byte[length];
    }
    aheadLength = 0;
    blocks.source().read(begin, ahead, 0, length);
    aheadBegin = begin;
    aheadLength = length;
    aheadNext = Math.min(2 * aheadNext, aheadMax);
  }

  /** Where the data blocks, those that {@link #within} spares left out, end or begin. */
  private long aheadBound() throws IOException {
    SstableIndex own = index;
    byte[] limit = backward ? least : past;
    if (own == null || limit == null) {
      return backward || own == null ? Envelope.SIZE : own.dataEnd();
    }
    SstableIndex.Position at = new SstableIndex.Position();
    own.seek(at, limit, 0, limit.length, Long.MAX_VALUE);
    return backward ? at.offset() : at.offset() + at.size();
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
      budget.use(plainLength - plain.length);
      plain = new byte[plainLength];
    }
    int to = source.decompress(offset, ahead, from, length, plain);
    source.checkContent(BlockType.DATA, offset, block, plain, 0, to);
    return true;
  }

  /// Gives back the memory of what was read ahead.
  void close() {
    budget.use(-ahead.length - plain.length);
    ahead = new byte[0];
    plain = new byte[0];
    aheadLength = 0;
  }
}
