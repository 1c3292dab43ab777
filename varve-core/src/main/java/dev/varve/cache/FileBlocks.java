package dev.varve.cache;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/// Which blocks of one file a [BlockCache] has, by their number in the file: who knows the number
/// finds the block by one load, without the cache's table.
///
/// @threads safe
public final class FileBlocks {
  private static final VarHandle BLOCKS = MethodHandles.arrayElementVarHandle(byte[][].class);
  private static final int ARRAY_BYTES = 16;
  private static final int REFERENCE_BYTES = 4;

  /* The cache sets and clears a block under the lock of the block's shard, when it takes it in and
   * when it lets go of it. */
  private final byte[] @Nullable [] blocks;

  /**
   * How often each was asked for, up to {@link BlockCacheShard#USES_MAX}. A lost count is no harm.
   */
  private final byte[] uses;

  /// A file of so many blocks, of which none is in the cache.
  public FileBlocks(int count) {
    this.blocks = new byte[count][];
    this.uses = new byte[count];
  }

  /// What it takes in memory, without the blocks.
  public long memoryBytes() {
    return (long) blocks.length * (REFERENCE_BYTES + 1) + 2 * ARRAY_BYTES;
  }

  byte @Nullable [] get(int number) {
    byte[] block = (byte[]) BLOCKS.getAcquire(blocks, number);
    if (block != null && uses[number] < BlockCacheShard.USES_MAX) {
      uses[number]++;
    }
    return block;
  }

  void set(int number, byte @Nullable [] block) {
    uses[number] = 0;
    BLOCKS.setRelease(blocks, number, block);
  }

  int uses(int number) {
    return uses[number];
  }

  void setUses(int number, int count) {
    uses[number] = (byte) count;
  }
}
