package dev.varve.engine.btree;

import dev.varve.codec.BlockCodecs;
import dev.varve.engine.btree.heap.HeapOptions;
import dev.varve.kv.KeyspaceOptions;

/// What the options of a keyspace, and the memory of its store, mean to its engine.
///
/// @param order the most keys of a leaf, and children of an inner node
/// @param adaptiveOrder whether the order follows how full leaves are
/// @param leafBytesMax a leaf whose records take more is divided, unless it has one key alone
/// @param leafBytesFirst room for records in a new leaf
/// @param inlineBytesMax a longer value is kept apart from its leaf
/// @param codec what pages and values are compressed with, a number of [BlockCodecs]
/// @param dirtyBytesMax writers wait when what is dirty takes so much memory
/// @param logBytesMax so much may be written until the next flush
/// @param heap how the heap uses its files
public record BtreeSettings(
    int order,
    boolean adaptiveOrder,
    int leafBytesMax,
    int leafBytesFirst,
    int inlineBytesMax,
    int codec,
    long dirtyBytesMax,
    long logBytesMax,
    HeapOptions heap) {
  private static final int LEAF_BYTES_MAX = 16 << 10;
  private static final int LEAF_BYTES_FIRST = 1 << 10;
  private static final double HUNDREDTHS = 100;

  private static final long LOG_BYTES_MAX = 32 << 20;

  /** Dirty leaves have a quarter of the memory. */
  private static final int DIRTY_SHIFT = 2;

  static BtreeSettings of(KeyspaceOptions options, long memoryBytes) {
    return new BtreeSettings(
        options.btree().order(),
        options.btree().adaptiveOrder(),
        LEAF_BYTES_MAX,
        LEAF_BYTES_FIRST,
        Math.toIntExact(options.blobThreshold().bytes() - 1),
        BlockCodecs.idOf(options.compression()),
        memoryBytes >> DIRTY_SHIFT,
        LOG_BYTES_MAX,
        HeapOptions.DEFAULTS.withTargetFill(options.btree().fill() / HUNDREDTHS));
  }
}
