package dev.varve.engine.lsm.sstable;

import dev.varve.base.Varints;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// Says where the data blocks of one file are. A small index is in memory as a whole; of a large
/// one only the top is, and the leaves are read through the block cache.
///
/// @threads safe; a [Position] belongs to one
final class SstableIndex {
  /// A data block, as seen by who looks for one.
  ///
  /// @threads one at a time
  static final class Position {
    private int at;
    private int atLeaf;
    private final EntryBlock leaf = new EntryBlock();
    private long offset;
    private long size;
    private boolean continues;

    /// Where the block begins in the file.
    long offset() {
      return offset;
    }

    /// How many bytes it has there.
    long size() {
      return size;
    }

    /// Whether its first key is also the last of the block before.
    boolean continues() {
      return continues;
    }
  }

  private final BlockStore blocks;
  private final FlatIndex flat;

  /** Whether {@link #flat} is of leaves, not of data blocks. */
  private final boolean paged;

  private final long dataEnd;

  private SstableIndex(BlockStore blocks, FlatIndex flat, boolean paged, long dataEnd) {
    this.blocks = blocks;
    this.flat = flat;
    this.paged = paged;
    this.dataEnd = dataEnd;
  }

  /// Reads the index of a file; null for a file without entries.
  ///
  /// @throws dev.varve.kv.CorruptionException when it is damaged
  /// @throws IOException when the device refuses
  static @Nullable SstableIndex load(BlockStore blocks, SstableFooter footer, ResidentLimit limit)
      throws IOException {
    BlockSource source = blocks.source();
    long size = footer.properties() - footer.top();
    if (size == 0) {
      if (footer.leaves() != footer.top() || footer.filter() != SstableFooter.DATA) {
        throw source.damaged(footer.top(), "an index", "none");
      }
      return null;
    }
    byte[] bytes = source.load(BlockType.INDEX_TOP, footer.top(), size);
    EntryBlock block = new EntryBlock();
    block.open(bytes, 0, bytes.length - BlockSeal.BYTES);
    FlatIndex top = build(source, footer.top(), block, footer.leaves(), footer.top());
    if (!limit.allows(footer.top() - footer.leaves())) {
      return new SstableIndex(blocks, top, true, footer.filter());
    }
    FlatIndex.Builder all = new FlatIndex.Builder(SstableFooter.DATA);
    for (int i = 0; i < top.count(); i++) {
      byte[] leaf = source.load(BlockType.INDEX_LEAF, top.offset(i), top.size(i));
      block.open(leaf, 0, leaf.length - BlockSeal.BYTES);
      String problem = all.add(block);
      if (problem != null) {
        throw source.damaged(top.offset(i), "an index", problem);
      }
    }
    if (all.end() != footer.filter()) {
      throw source.damaged(
          footer.leaves(), "an index of blocks up to " + footer.filter(), "up to " + all.end());
    }
    return new SstableIndex(blocks, all.finish(), false, footer.filter());
  }

  private static FlatIndex build(
      BlockSource source, long offset, EntryBlock block, long begin, long end) {
    FlatIndex.Builder builder = new FlatIndex.Builder(begin);
    String problem = builder.add(block);
    if (problem == null && builder.end() != end) {
      problem = "one that ends at " + builder.end() + ", not at " + end;
    }
    if (problem != null) {
      throw source.damaged(offset, "an index", problem);
    }
    return builder.finish();
  }

  long memoryBytes() {
    return flat.memoryBytes();
  }

  /// Where the data blocks end.
  long dataEnd() {
    return dataEnd;
  }

  /// Moves to the block where an entry with this key and stamp stands, or would stand.
  void seek(Position position, byte[] key, int offset, int length, long stamp) throws IOException {
    int found = flat.find(key, offset, length, stamp);
    if (!paged) {
      moveTo(position, found);
      return;
    }
    openLeaf(position, found);
    EntryBlock leaf = position.leaf;
    int next = leaf.find(key, offset, length, stamp);
    boolean exact =
        next < leaf.count() && leaf.stamp(next) == stamp && leaf.hasKey(next, key, offset, length);
    moveInLeaf(position, exact ? next : Math.max(0, next - 1));
  }

  void first(Position position) throws IOException {
    if (!paged) {
      moveTo(position, 0);
      return;
    }
    openLeaf(position, 0);
    moveInLeaf(position, 0);
  }

  void last(Position position) throws IOException {
    if (!paged) {
      moveTo(position, flat.count() - 1);
      return;
    }
    openLeaf(position, flat.count() - 1);
    moveInLeaf(position, position.leaf.count() - 1);
  }

  /// Moves to the next block; false, without moving, when there is none.
  boolean next(Position position) throws IOException {
    if (paged && position.atLeaf + 1 < position.leaf.count()) {
      moveInLeaf(position, position.atLeaf + 1);
      return true;
    }
    if (position.at + 1 == flat.count()) {
      return false;
    }
    if (paged) {
      openLeaf(position, position.at + 1);
      moveInLeaf(position, 0);
    } else {
      moveTo(position, position.at + 1);
    }
    return true;
  }

  /// Moves to the block before; false, without moving, when there is none.
  boolean previous(Position position) throws IOException {
    if (paged && position.atLeaf > 0) {
      moveInLeaf(position, position.atLeaf - 1);
      return true;
    }
    if (position.at == 0) {
      return false;
    }
    if (paged) {
      openLeaf(position, position.at - 1);
      moveInLeaf(position, position.leaf.count() - 1);
    } else {
      moveTo(position, position.at - 1);
    }
    return true;
  }

  private void moveTo(Position position, int at) {
    position.at = at;
    position.offset = flat.offset(at);
    position.size = flat.size(at);
    position.continues = flat.continues(at);
  }

  private void openLeaf(Position position, int at) throws IOException {
    byte[] bytes = blocks.get(BlockType.INDEX_LEAF, flat.offset(at), flat.size(at), true);
    position.at = at;
    position.leaf.open(bytes, 0, bytes.length - BlockSeal.BYTES);
  }

  private void moveInLeaf(Position position, int atLeaf) {
    EntryBlock leaf = position.leaf;
    int at = leaf.valueOffset(atLeaf);
    int limit = at + leaf.valueLength(atLeaf);
    long offset = Varints.read(leaf.array(), at, limit);
    at += Varints.size(offset & Long.MAX_VALUE);
    long size = at < limit ? Varints.read(leaf.array(), at, limit) : Varints.MALFORMED;
    if (offset < 0 || size < 0 || size > dataEnd - offset) {
      throw blocks
          .source()
          .damaged(
              flat.offset(position.at),
              "the place of a data block",
              size + " bytes from " + offset);
    }
    position.atLeaf = atLeaf;
    position.offset = offset;
    position.size = size;
    position.continues = leaf.stamp(atLeaf) != Stamp.MAX;
  }
}
