package dev.varve.engine.lsm.sstable;

import dev.varve.cache.BlockCache;
import java.io.IOException;

/// The blocks of one open file: from the cache, else from the device.
///
/// @threads safe
final class BlockStore {
  private final BlockSource source;
  private final BlockCache cache;
  private final long file;

  BlockStore(BlockSource source, BlockCache cache) {
    this.source = source;
    this.cache = cache;
    this.file = cache.newFile();
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

  /// A block that is in the cache, else null.
  byte @org.jspecify.annotations.Nullable [] cached(long offset) {
    return cache.get(file, offset);
  }

  void close() throws IOException {
    cache.removeAll(file);
    source.close();
  }
}
