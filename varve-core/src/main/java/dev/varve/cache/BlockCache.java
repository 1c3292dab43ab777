package dev.varve.cache;

import dev.varve.events.EvictionEvent;
import dev.varve.kv.CacheStats;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/// Blocks of files in memory, as many as the store's budget has room for.
///
/// A block is an array that nobody changes any more; it is handed out itself, and stays good for
/// whoever has it after the cache let go of it. Blocks are found by the number of their file, which
/// [#newFile] draws, and their offset in it.
///
/// The cache takes what the budget leaves, up to its own limit, and gives it back when another part
/// of the store needs it. A look-up takes no lock and waits for nothing unless a block is being put
/// into the same shard.
///
/// @threads safe
/// @lifetime until [#close], which gives back all memory; a closed cache holds nothing
/// @source Yang, Zhang, Qiu, Yue and Rashmi, FIFO queues are all you need for cache eviction, SOSP
///   2023 (S3-FIFO), with queues measured in bytes
public final class BlockCache implements AutoCloseable, MemoryReclaimer {
  private static final int SHARDS_MAX = 64;

  /** A shard of less is not worth having. */
  private static final long SHARD_BYTES_MIN = 512 << 10;

  /** A block that would take more than this part of a shard is not taken in. */
  private static final int SHARE_MAX = 4;

  private final MemoryBudget budget;
  private final long bytesMax;
  private final BlockCacheShard[] shards;
  private final LongAdder hits = new LongAdder();
  private final LongAdder misses = new LongAdder();
  private final AtomicLong bytes = new AtomicLong();
  private final AtomicLong files = new AtomicLong();
  private final AtomicLong hand = new AtomicLong();
  private final ReadBuffers buffers = new ReadBuffers();
  private volatile boolean closed;

  /// A cache of at most `bytesMax` bytes within `budget`.
  public BlockCache(MemoryBudget budget, long bytesMax) {
    this.budget = budget;
    this.bytesMax = bytesMax;
    long count = Math.clamp(bytesMax / SHARD_BYTES_MIN, 1, SHARDS_MAX);
    this.shards = new BlockCacheShard[(int) Long.highestOneBit(count)];
    for (int i = 0; i < shards.length; i++) {
      shards[i] = new BlockCacheShard();
    }
    account(shards.length * shards[0].tableBytes());
    budget.register(this);
  }

  private void account(long delta) {
    if (delta != 0) {
      bytes.addAndGet(delta);
      budget.use(delta);
    }
  }

  /// What blocks that have to be decompressed are read to.
  public ReadBuffers buffers() {
    return buffers;
  }

  /// A number that stands for one open file and is never used for another.
  public long newFile() {
    return files.incrementAndGet();
  }

  static long hash(long file, long offset) {
    long z = file * 0x9e3779b97f4a7c15L + offset;
    z = (z ^ (z >>> 32)) * 0xd6e8feb86659fd93L;
    z = (z ^ (z >>> 32)) * 0xd6e8feb86659fd93L;
    return z ^ (z >>> 32);
  }

  private BlockCacheShard shard(long hash) {
    return shards[(int) (hash >>> 56) & (shards.length - 1)];
  }

  /// The block, or null when it is not here.
  public byte @Nullable [] get(long file, long offset) {
    long hash = hash(file, offset);
    byte[] block = shard(hash).get(hash, file, offset);
    (block == null ? misses : hits).increment();
    return block;
  }

  /// The block of this number of a file, or null when it is not here. Finds what came by the `put`
  /// with the same `blocks`.
  public byte @Nullable [] get(FileBlocks blocks, int number) {
    byte[] block = blocks.get(number);
    (block == null ? misses : hits).increment();
    return block;
  }

  /// Takes a block in, unless it is too large or there is no room for it. Nobody changes the array
  /// any more.
  public void put(long file, long offset, byte[] block) {
    put(new BlockCacheShard.Place(file, offset, null, 0), block);
  }

  /// As the other `put`, for a block that is also asked for by its number in the file.
  public void put(long file, long offset, byte[] block, FileBlocks blocks, int number) {
    put(new BlockCacheShard.Place(file, offset, blocks, number), block);
  }

  private void put(BlockCacheShard.Place place, byte[] block) {
    long size = BlockCacheShard.sizeOf(block);
    if (closed || size > bytesMax / shards.length / SHARE_MAX) {
      return;
    }
    boolean grow = bytes.get() <= bytesMax - size && budget.fitsAsIs(size);
    long hash = hash(place.file(), place.offset());
    account(shard(hash).put(place, block, grow ? 0 : size));
  }

  /// Lets go of all blocks of a file.
  public void removeAll(long file) {
    for (BlockCacheShard shard : shards) {
      account(shard.removeAll(file));
    }
  }

  /// Gives back `wanted` bytes, or what it has, and somewhat more, so that it is not asked for each
  /// small piece.
  @Override
  public long reclaim(long wanted) {
    EvictionEvent event = new EvictionEvent();
    event.begin();
    long freed = sweep(wanted);
    // Asked in vain again and again by who needs memory and finds none here, it is no event.
    if (freed > 0) {
      event.wanted = wanted;
      event.freed = freed;
      event.bytes = bytes.get();
      event.commit();
    }
    return freed;
  }

  private long sweep(long wanted) {
    long goal = Math.max(wanted, bytes.get() / SHARDS_MAX);
    long freed = 0;
    for (int round = 0; round < 2; round++) {
      for (int i = 0; i < shards.length && freed < goal; i++) {
        long share = round == 0 ? Math.max(1, goal / shards.length) : goal - freed;
        BlockCacheShard shard = shards[(int) (hand.getAndIncrement() & (shards.length - 1))];
        long delta = shard.evict(share);
        account(delta);
        freed -= delta;
      }
    }
    return freed;
  }

  /// How many bytes it uses, overhead included.
  public long bytes() {
    return bytes.get();
  }

  /// What it has done so far and holds now.
  public CacheStats stats() {
    long insertions = 0;
    long evictions = 0;
    long blocks = 0;
    for (BlockCacheShard shard : shards) {
      BlockCacheShard.Counts counts = shard.counts();
      insertions += counts.insertions();
      evictions += counts.evictions();
      blocks += counts.blocks();
    }
    return new CacheStats(hits.sum(), misses.sum(), insertions, evictions, blocks, bytes.get());
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    budget.unregister(this);
    for (BlockCacheShard shard : shards) {
      account(shard.close());
    }
  }
}
