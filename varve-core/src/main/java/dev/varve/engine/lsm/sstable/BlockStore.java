package dev.varve.engine.lsm.sstable;

import dev.varve.cache.BlockCache;
import dev.varve.cache.FileBlocks;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// The blocks of one open file: from the cache, else from the device.
///
/// @threads safe
final class BlockStore {
  private final BlockSource source;
  private final BlockCache cache;
  private final long file;
  private FileBlocks data = new FileBlocks(0);

  BlockStore(BlockSource source, BlockCache cache) {
    this.source = source;
    this.cache = cache;
    this.file = cache.newFile();
  }

  /// Has data blocks found by their numbers, of which there are so many, from now on. Before
  /// anybody reads one. Answers how much memory that takes.
  long numberData(int count) {
    data = new FileBlocks(count);
    return data.memoryBytes();
  }

  BlockSource source() {
    return source;
  }

  /// A sound block; its payload ends [BlockSeal#BYTES] before its array. It is in nobody's way to
  /// keep it, and nobody's to change.
  ///
  /// @param keep whether a block that comes from the device is put into the cache
  /// @throws dev.varve.kv.CorruptionException when it is damaged
  /// @throws IOException when the device refuses
  byte[] get(BlockType type, long offset, long size, boolean keep) throws IOException {
    byte[] block = cache.get(file, offset);
    if (block == null) {
      block = source.load(type, offset, size);
      if (keep) {
        cache.put(file, offset, block);
      }
    }
    return block;
  }

  /// As [#get], for the data block at a position.
  byte[] data(SstableIndex.Position position, boolean keep) throws IOException {
    byte[] block = cachedData(position);
    return block == null ? loadData(position, keep) : block;
  }

  /// The data block at a position when it is in the cache, else null.
  byte @Nullable [] cachedData(SstableIndex.Position position) {
    int number = position.number();
    return number < 0 ? cache.get(file, position.offset()) : cache.get(data, number);
  }

  /// The data block at a position, from the device.
  byte[] loadData(SstableIndex.Position position, boolean keep) throws IOException {
    long offset = position.offset();
    int number = position.number();
    byte[] block = source.loadData(offset, position.size(), cache.buffers());
    if (keep && number < 0) {
      cache.put(file, offset, block);
    } else if (keep) {
      cache.put(file, offset, block, data, number);
    }
    return block;
  }

  void close() throws IOException {
    cache.removeAll(file);
    source.close();
  }
}
