package dev.varve.engine.btree;

import dev.varve.cache.MemoryBudget;
import dev.varve.cache.MemoryReclaimer;
import dev.varve.kv.BtreeStats;
import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;

/// Which leaves have their entries in memory, within the memory budget.
///
/// @threads safe
/// @source Yang et al., FIFO queues are all you need for cache eviction, SOSP 2023; here a ghost is
///   a number in the leaf, which is in memory anyhow
final class LeafCache implements MemoryReclaimer {
  /* A leaf whose entries come to memory enters the small queue; one that was evicted not long ago enters
   * the main queue. Room is made at the end of the small queue while that has a tenth of the leaves or
   * more: a leaf that was asked for more than once meanwhile moves to the main queue, any other is
   * evicted. Else at the end of the main queue: a leaf that was asked for goes round again, with one use
   * less, any other is evicted. So a scan passes through the small queue alone. A dirty leaf goes round.
   *
   * A hit writes nothing but a count of uses in the leaf, and takes no lock. */

  static final int USES_MAX = 3;

  private static final byte NO_QUEUE = 0;
  private static final byte SMALL = 1;
  private static final byte MAIN = 2;
  private static final int SMALL_SHARE = 10;

  /// Is told which entries of a leaf went from memory.
  interface Evicted {
    void accept(Leaf leaf, LeafEntries entries);
  }

  private final MemoryBudget budget;
  private final Runnable wantsFlush;
  private final Evicted evicted;

  /** Guards the queues. Comes before a leaf's monitor. */
  private final ReentrantLock lock = new ReentrantLock();

  private final ArrayDeque<Leaf> small = new ArrayDeque<>();
  private final ArrayDeque<Leaf> main = new ArrayDeque<>();
  private final AtomicLong bytes = new AtomicLong();
  private final AtomicLong absent = new AtomicLong();
  private final AtomicLong resident = new AtomicLong();
  private final LongAdder hits = new LongAdder();
  private final LongAdder loads = new LongAdder();

  /** Written under the lock. */
  private final AtomicLong evictions = new AtomicLong();

  /// A cache without leaves, which has `wantsFlush` run when dirty leaves are in the way.
  LeafCache(MemoryBudget budget, Runnable wantsFlush, Evicted evicted) {
    this.budget = budget;
    this.wantsFlush = wantsFlush;
    this.evicted = evicted;
    budget.register(this);
  }

  /// Takes note of a leaf that is on the device alone.
  void found(Leaf leaf) {
    absent.incrementAndGet();
  }

  /// Takes note of entries that came to memory. Not under the leaf's monitor.
  void loaded(Leaf leaf, LeafEntries entries) {
    loads.increment();
    absent.decrementAndGet();
    enter(leaf, entries);
  }

  /// Takes note of a new leaf, which has entries. Not under the leaf's monitor.
  void made(Leaf leaf, LeafEntries entries) {
    enter(leaf, entries);
  }

  private void enter(Leaf leaf, LeafEntries entries) {
    resident.incrementAndGet();
    charge(leaf, entries);
    lock.lock();
    try {
      if (leaf.queue() == NO_QUEUE) {
        boolean back = leaf.evictedAt() != 0 && evictions.get() - leaf.evictedAt() < main.size();
        leaf.setQueue(back ? MAIN : SMALL);
        (back ? main : small).add(leaf);
      }
    } finally {
      lock.unlock();
    }
  }

  /// Takes note of what a leaf's entries take now. Not under the leaf's monitor.
  void charge(Leaf leaf, LeafEntries entries) {
    long change;
    synchronized (leaf) {
      if (leaf.isGone() || leaf.entries() != entries) {
        return;
      }
      change = entries.memoryBytes() - leaf.chargedBytes();
      leaf.setChargedBytes((int) (leaf.chargedBytes() + change));
    }
    use(change);
  }

  /// Takes note of a leaf that left the tree; answers what its entries took, which is the caller's
  /// to account for. Not under the leaf's monitor.
  void left(Leaf leaf) {
    long charged;
    synchronized (leaf) {
      charged = leaf.chargedBytes();
      leaf.setChargedBytes(0);
    }
    if (charged > 0) {
      resident.decrementAndGet();
    } else {
      absent.decrementAndGet();
    }
    use(-charged);
  }

  /// Takes note of memory beside the entries of leaves: values that are kept apart, and what waits
  /// for a flush that its leaf has no more. Less where negative.
  void useApart(long change) {
    use(change);
  }

  /// Takes the entries of a leaf from memory of which a range delete has deleted all, and which has
  /// been written so. Under the leaf's monitor; answers what is to be told to [#useApart], negated,
  /// afterwards.
  long dropCovered(Leaf leaf) {
    long freed = leaf.chargedBytes();
    LeafEntries entries = leaf.entries();
    if (entries != null) {
      entries.expire();
    }
    // In this order: whoever finds no covers finds no entries either that lack them.
    leaf.setEntries(null);
    leaf.setCovers(Leaf.NO_COVERS);
    leaf.setChargedBytes(0);
    resident.decrementAndGet();
    absent.incrementAndGet();
    return freed;
  }

  private void use(long change) {
    if (change != 0) {
      bytes.addAndGet(change);
      budget.use(change);
    }
  }

  /// Whether every leaf's entries are in memory.
  boolean isComplete() {
    return absent.get() == 0;
  }

  /// What entries in memory take.
  long bytes() {
    return bytes.get();
  }

  @Override
  public long reclaim(long wanted) {
    // Whoever comes while another makes room goes on: the other makes some for both.
    if (bytes.get() == 0 || !lock.tryLock()) {
      return 0;
    }
    long freed = 0;
    try {
      for (long steps = 2L * (small.size() + main.size()) + 1;
          freed < wanted && steps > 0;
          steps--) {
        boolean fromSmall =
            main.isEmpty() || small.size() * SMALL_SHARE > small.size() + main.size();
        Leaf leaf = (fromSmall ? small : main).poll();
        if (leaf == null) {
          break;
        }
        freed += look(leaf, fromSmall);
      }
    } finally {
      lock.unlock();
    }
    use(-freed);
    if (freed < wanted) {
      wantsFlush.run();
    }
    return freed;
  }

  /** Evicts a leaf that is in no queue now, or puts it into one again; answers what was freed. */
  private long look(Leaf leaf, boolean fromSmall) {
    LeafEntries entries = leaf.entries();
    if (entries != null && entries.uses() > (fromSmall ? 1 : 0)) {
      entries.setUses(fromSmall ? 0 : entries.uses() - 1);
      again(leaf);
      return 0;
    }
    long freed;
    synchronized (leaf) {
      entries = leaf.entries();
      if (leaf.isGone() || entries == null) {
        leaf.setQueue(NO_QUEUE);
        return 0;
      }
      if (leaf.dirty() != null || leaf.stored() == null) {
        again(leaf);
        return 0;
      }
      freed = leaf.chargedBytes();
      entries.expire();
      leaf.setEntries(null);
      leaf.setChargedBytes(0);
      leaf.setQueue(NO_QUEUE);
    }
    evicted.accept(leaf, entries);
    long eviction = evictions.incrementAndGet();
    leaf.setEvictedAt(fromSmall ? eviction : 0);
    resident.decrementAndGet();
    absent.incrementAndGet();
    return freed;
  }

  private void again(Leaf leaf) {
    leaf.setQueue(MAIN);
    main.add(leaf);
  }

  /// Counts a look-up that found entries in memory.
  void hit(LeafEntries entries) {
    entries.used();
    hits.increment();
  }

  /// How many leaves have their entries in memory.
  long resident() {
    return resident.get();
  }

  /// Figures of the cache.
  BtreeStats.Cache stats(long dirtyBytes) {
    return new BtreeStats.Cache(
        hits.sum(), loads.sum(), evictions.get(), resident(), bytes.get(), dirtyBytes);
  }

  /// Lets go of all memory.
  void close() {
    budget.unregister(this);
    use(-bytes.get());
  }
}
