package dev.varve.cache;

import java.util.concurrent.locks.StampedLock;
import org.jspecify.annotations.Nullable;

/// A part of a [BlockCache]: its own table, queues and lock.
///
/// Calls that change something answer by how many bytes the shard's memory changed.
///
/// @threads safe
final class BlockCacheShard {
  /* S3-FIFO. A new block enters the small queue; one that was evicted from there not long ago, which
   * the ghost table knows, enters the main queue. Room is made at the end of the small queue while
   * that holds a tenth of the bytes or more: a block that was asked for more than once meanwhile
   * moves to the main queue, any other leaves and becomes a ghost. Else at the end of the main
   * queue: a block that was asked for goes round again, with one use less, any other leaves. So a
   * scan, which asks for each block once, passes through the small queue alone.
   *
   * I1: a node is in one queue and in the hash table, and has a block; or it is in the free list.
   * I2: a queue's bytes are the sizes of its nodes' blocks.
   * A look-up reads without the lock and checks afterwards that nobody wrote meanwhile (StampedLock);
   * what it reads in between may be anything, but indexes stay within their arrays. Uses are counted
   * without a lock: a count that gets lost costs nothing but precision. */

  /**
   * What a node takes in the arrays below: block, file, offset, owner, number, next, hash slots,
   * ghost, uses.
   */
  private static final int NODE_BYTES = 4 + 8 + 8 + 4 + 4 + 4 + 2 * 4 + 8 + 1;

  /** Header and length of an array, and what fills it up to a multiple of eight. */
  private static final int ARRAY_BYTES = 16;

  private static final int CAPACITY_MIN = 64;
  static final int USES_MAX = 3;
  private static final int SMALL_SHARE = 10;
  private static final int NONE = -1;

  /// Where a block belongs: the file's number and the offset in it; and, where there is an owner,
  /// its number there.
  record Place(long file, long offset, @Nullable FileBlocks owner, int number) {}

  /** Insertions, evictions and blocks held. */
  record Counts(long insertions, long evictions, long blocks) {}

  /** The arrays, all of one capacity. Slots hold a node's index plus 1, 0 for none. */
  private static final class Table {
    final int capacity;
    final byte[] @Nullable [] blocks;

    /** Of each node its file and its offset, side by side. */
    final long[] keys;

    /** Where a block is named beside this table, and by which number. */
    final @Nullable FileBlocks[] owners;

    final int[] numbers;
    final int[] next;
    final byte[] uses;
    final int[] slots;
    final long[] ghosts;

    long file(int node) {
      return keys[2 * node];
    }

    long offset(int node) {
      return keys[2 * node + 1];
    }

    Table(int capacity) {
      this.capacity = capacity;
      this.blocks = new byte[capacity][];
      this.keys = new long[2 * capacity];
      this.owners = new FileBlocks[capacity];
      this.numbers = new int[capacity];
      this.next = new int[capacity];
      this.uses = new byte[capacity];
      this.slots = new int[2 * capacity];
      this.ghosts = new long[capacity];
    }
  }

  /** A queue of nodes, linked from the oldest to the newest. */
  private static final class Queue {
    int oldest = NONE;
    int newest = NONE;
    long bytes;
  }

  private final StampedLock lock = new StampedLock();
  private final Queue small = new Queue();
  private final Queue main = new Queue();
  private Table table = new Table(CAPACITY_MIN);
  private int free = NONE;
  private int nodes;
  private int ghostClock;
  private long blocks;
  private long insertions;
  private long evictions;
  private boolean closed;

  /// What a block takes in memory beside the tables.
  static long sizeOf(byte[] block) {
    return ARRAY_BYTES + (block.length + 7L & -8L);
  }

  /// What the tables take in memory.
  long tableBytes() {
    return (long) table.capacity * NODE_BYTES + 8 * ARRAY_BYTES;
  }

  byte @Nullable [] get(long hash, long file, long offset) {
    long stamp = lock.tryOptimisticRead();
    if (stamp != 0) {
      Table seen = table;
      int node = find(seen, hash, file, offset);
      byte[] block = node < 0 ? null : seen.blocks[node];
      if (lock.validate(stamp)) {
        countUse(seen, node);
        return block;
      }
    }
    stamp = lock.readLock();
    try {
      int node = find(table, hash, file, offset);
      countUse(table, node);
      return node < 0 ? null : table.blocks[node];
    } finally {
      lock.unlockRead(stamp);
    }
  }

  private static void countUse(Table table, int node) {
    if (node >= 0) {
      byte uses = table.uses[node];
      if (uses < USES_MAX) {
        table.uses[node] = (byte) (uses + 1);
      }
    }
  }

  private static int find(Table table, long hash, long file, long offset) {
    int mask = table.slots.length - 1;
    int slot = (int) hash & mask;
    for (int tries = 0; tries <= mask; tries++) {
      int node = table.slots[slot] - 1;
      if (node < 0) {
        return NONE;
      }
      if (table.keys[2 * node + 1] == offset && table.keys[2 * node] == file) {
        return node;
      }
      slot = slot + 1 & mask;
    }
    return NONE;
  }

  /// Takes a block in, and names it in `owner` by its number there. `room` bytes of others have to
  /// leave for it first; where there are not as many, it is not taken in.
  long put(Place place, byte[] block, long room) {
    long file = place.file;
    long offset = place.offset;
    long hash = BlockCache.hash(file, offset);
    long stamp = lock.writeLock();
    try {
      if (closed || find(table, hash, file, offset) >= 0 || room > small.bytes + main.bytes) {
        return 0;
      }
      long before = tableBytes();
      long delta = -evictBytes(room);
      int node = newNode();
      table.blocks[node] = block;
      table.keys[2 * node] = file;
      table.keys[2 * node + 1] = offset;
      table.uses[node] = 0;
      FileBlocks owner = place.owner;
      table.owners[node] = owner;
      table.numbers[node] = place.number;
      if (owner != null) {
        owner.set(place.number, block);
      }
      link(node, hash);
      enqueue(takeGhost(hash) ? main : small, node);
      blocks++;
      insertions++;
      return delta + sizeOf(block) + tableBytes() - before;
    } finally {
      lock.unlockWrite(stamp);
    }
  }

  long evict(long wanted) {
    long stamp = lock.writeLock();
    try {
      return -evictBytes(Math.min(wanted, small.bytes + main.bytes));
    } finally {
      lock.unlockWrite(stamp);
    }
  }

  long removeAll(long file) {
    long stamp = lock.writeLock();
    try {
      long freed = removeFrom(small, file) + removeFrom(main, file);
      return -freed;
    } finally {
      lock.unlockWrite(stamp);
    }
  }

  private long removeFrom(Queue queue, long file) {
    long freed = 0;
    int before = NONE;
    for (int node = queue.oldest; node != NONE; ) {
      int after = table.next[node];
      if (table.file(node) == file) {
        freed += drop(queue, node);
        if (before == NONE) {
          queue.oldest = after;
        } else {
          table.next[before] = after;
        }
        if (after == NONE) {
          queue.newest = before;
        }
        release(node);
      } else {
        before = node;
      }
      node = after;
    }
    return freed;
  }

  long close() {
    long stamp = lock.writeLock();
    try {
      closed = true;
      long freed = tableBytes() + small.bytes + main.bytes;
      for (int node = 0; node < nodes; node++) {
        disown(node);
      }
      table = new Table(1);
      for (Queue queue : new Queue[] {small, main}) {
        queue.oldest = NONE;
        queue.newest = NONE;
        queue.bytes = 0;
      }
      free = NONE;
      nodes = 0;
      blocks = 0;
      return -freed;
    } finally {
      lock.unlockWrite(stamp);
    }
  }

  Counts counts() {
    long stamp = lock.readLock();
    try {
      return new Counts(insertions, evictions, blocks);
    } finally {
      lock.unlockRead(stamp);
    }
  }

  private long evictBytes(long wanted) {
    long freed = 0;
    while (freed < wanted) {
      boolean fromSmall = small.bytes * SMALL_SHARE >= small.bytes + main.bytes;
      freed += evictOne(fromSmall ? small : main);
    }
    return freed;
  }

  /** Looks at the oldest node of a queue that holds bytes, and answers how many that freed. */
  private long evictOne(Queue queue) {
    int node = dequeue(queue);
    int uses = usesOf(node);
    if (queue == small && uses > 1) {
      queue.bytes -= bytesOf(node);
      setUses(node, 0);
      enqueue(main, node);
      return 0;
    }
    if (queue == main && uses > 0) {
      queue.bytes -= bytesOf(node);
      setUses(node, uses - 1);
      enqueue(main, node);
      return 0;
    }
    if (queue == small) {
      addGhost(BlockCache.hash(table.file(node), table.offset(node)));
    }
    long freed = drop(queue, node);
    release(node);
    evictions++;
    return freed;
  }

  private int usesOf(int node) {
    FileBlocks owner = table.owners[node];
    return owner == null ? table.uses[node] : owner.uses(table.numbers[node]);
  }

  private void setUses(int node, int uses) {
    FileBlocks owner = table.owners[node];
    if (owner == null) {
      table.uses[node] = (byte) uses;
    } else {
      owner.setUses(table.numbers[node], uses);
    }
  }

  /** Takes a block out of its node and out of the hash table. */
  private long drop(Queue queue, int node) {
    long size = bytesOf(node);
    unlink(node);
    table.blocks[node] = null;
    disown(node);
    queue.bytes -= size;
    blocks--;
    return size;
  }

  private void disown(int node) {
    FileBlocks owner = table.owners[node];
    if (owner != null) {
      owner.set(table.numbers[node], null);
      table.owners[node] = null;
    }
  }

  private void enqueue(Queue queue, int node) {
    table.next[node] = NONE;
    if (queue.newest == NONE) {
      queue.oldest = node;
    } else {
      table.next[queue.newest] = node;
    }
    queue.newest = node;
    queue.bytes += bytesOf(node);
  }

  private long bytesOf(int node) {
    byte[] block = table.blocks[node];
    return block == null ? 0 : sizeOf(block);
  }

  private int dequeue(Queue queue) {
    int node = queue.oldest;
    queue.oldest = table.next[node];
    if (queue.oldest == NONE) {
      queue.newest = NONE;
    }
    return node;
  }

  private int newNode() {
    if (free != NONE) {
      int node = free;
      free = table.next[node];
      return node;
    }
    if (nodes == table.capacity) {
      grow();
    }
    return nodes++;
  }

  private void release(int node) {
    table.next[node] = free;
    free = node;
  }

  private void grow() {
    Table old = table;
    Table grown = new Table(2 * old.capacity);
    System.arraycopy(old.blocks, 0, grown.blocks, 0, nodes);
    System.arraycopy(old.keys, 0, grown.keys, 0, 2 * nodes);
    System.arraycopy(old.owners, 0, grown.owners, 0, nodes);
    System.arraycopy(old.numbers, 0, grown.numbers, 0, nodes);
    System.arraycopy(old.next, 0, grown.next, 0, nodes);
    System.arraycopy(old.uses, 0, grown.uses, 0, nodes);
    table = grown;
    for (int node = 0; node < nodes; node++) {
      if (grown.blocks[node] != null) {
        link(node, BlockCache.hash(grown.file(node), grown.offset(node)));
      }
    }
  }

  private void link(int node, long hash) {
    int mask = table.slots.length - 1;
    int slot = (int) hash & mask;
    while (table.slots[slot] != 0) {
      slot = slot + 1 & mask;
    }
    table.slots[slot] = node + 1;
  }

  /** Empties the slot of a node and moves up those behind it that would not be found otherwise. */
  private void unlink(int node) {
    int[] slots = table.slots;
    int mask = slots.length - 1;
    int hole = home(node, mask);
    while (slots[hole] != node + 1) {
      hole = hole + 1 & mask;
    }
    int at = hole;
    while (true) {
      at = at + 1 & mask;
      if (slots[at] == 0) {
        break;
      }
      int home = home(slots[at] - 1, mask);
      if ((at - home & mask) >= (at - hole & mask)) {
        slots[hole] = slots[at];
        hole = at;
      }
    }
    slots[hole] = 0;
  }

  private int home(int node, int mask) {
    return (int) BlockCache.hash(table.file(node), table.offset(node)) & mask;
  }

  /** A ghost is the high half of its hash with the count of ghosts when it came. */
  private void addGhost(long hash) {
    ghostClock++;
    int at = (int) (hash >>> 16) & (table.ghosts.length - 1);
    table.ghosts[at] = (hash & 0xFFFF_FFFF_0000_0000L) | (ghostClock & 0xFFFF_FFFFL);
  }

  /** Whether this block left the small queue not longer ago than there are blocks. */
  private boolean takeGhost(long hash) {
    int at = (int) (hash >>> 16) & (table.ghosts.length - 1);
    long ghost = table.ghosts[at];
    if (ghost == 0 || (ghost ^ hash) >>> 32 != 0) {
      return false;
    }
    table.ghosts[at] = 0;
    return ghostClock - (int) ghost <= blocks;
  }
}
