package dev.varve.engine.lsm.sstable;

import dev.varve.filter.FilterShape;
import dev.varve.filter.KeyHash;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// The filter of one file: in memory as a whole when it is small, else page by page through the
/// block cache.
///
/// @threads safe
final class SstableFilter {
  private static final int PAGE_LINES = SstableWriter.FILTER_PAGE_LINES;
  private static final int PAGE_BYTES = PAGE_LINES * FilterShape.LINE_BYTES;
  private static final int ARRAY_BYTES = 16;

  private final BlockStore blocks;
  private final long seed;
  private final long begin;
  private final int lines;
  private final int probes;
  private final byte @Nullable [] resident;

  private SstableFilter(
      BlockStore blocks,
      SstableFooter footer,
      SstableProperties properties,
      byte @Nullable [] resident) {
    this.blocks = blocks;
    this.seed = footer.seed();
    this.begin = footer.filter();
    this.lines = properties.filterLines();
    this.probes = properties.filterProbes();
    this.resident = resident;
  }

  /// Reads the filter of a file; null for a file without one.
  ///
  /// @throws dev.varve.kv.CorruptionException when it is damaged
  /// @throws IOException when the device refuses
  static @Nullable SstableFilter load(
      BlockStore blocks, SstableFooter footer, SstableProperties properties, ResidentLimit limit)
      throws IOException {
    int lines = properties.filterLines();
    long bytes = (long) lines * FilterShape.LINE_BYTES;
    long pages = (lines + (long) PAGE_LINES - 1) / PAGE_LINES;
    long size = footer.tombstones() - footer.filter();
    if (size != bytes + pages * BlockSeal.BYTES) {
      throw blocks
          .source()
          .damaged(footer.filter(), "a filter of " + lines + " lines", size + " bytes");
    }
    if (lines == 0) {
      return null;
    }
    if (!limit.allows(bytes)) {
      return new SstableFilter(blocks, footer, properties, null);
    }
    byte[] all = new byte[(int) bytes];
    for (int page = 0; page < pages; page++) {
      long offset = pageOffset(footer.filter(), page);
      byte[] block = blocks.source().load(BlockType.FILTER, offset, pageSize(page, lines));
      requireSize(blocks, offset, block, pageSize(page, lines));
      System.arraycopy(block, 0, all, page * PAGE_BYTES, block.length - BlockSeal.BYTES);
    }
    return new SstableFilter(blocks, footer, properties, all);
  }

  private static void requireSize(BlockStore blocks, long offset, byte[] block, long size) {
    if (block.length != size) {
      throw blocks
          .source()
          .damaged(offset, "a page of " + size + " bytes", block.length + " bytes");
    }
  }

  private static long pageOffset(long begin, int page) {
    return begin + (long) page * (PAGE_BYTES + BlockSeal.BYTES);
  }

  private static long pageSize(int page, int lines) {
    return (long) Math.min(PAGE_LINES, lines - page * PAGE_LINES) * FilterShape.LINE_BYTES
        + BlockSeal.BYTES;
  }

  long memoryBytes() {
    byte[] own = resident;
    return own == null ? 0 : own.length + ARRAY_BYTES;
  }

  /// Whether the file may have entries of this key: false means that it has none.
  ///
  /// @throws dev.varve.kv.CorruptionException when it is damaged
  /// @throws IOException when the device refuses
  boolean mayContain(byte[] key, int offset, int length) throws IOException {
    long hash = KeyHash.of(seed, key, offset, length);
    int line = FilterShape.line(hash, lines);
    byte[] own = resident;
    if (own != null) {
      return FilterShape.mayContain(own, line * FilterShape.LINE_BYTES, hash, probes);
    }
    int page = line / PAGE_LINES;
    long pageBegin = pageOffset(begin, page);
    long size = pageSize(page, lines);
    byte[] block = blocks.get(BlockType.FILTER, pageBegin, size, true);
    requireSize(blocks, pageBegin, block, size);
    return FilterShape.mayContain(block, line % PAGE_LINES * FilterShape.LINE_BYTES, hash, probes);
  }
}
