package dev.varve.engine.btree.heap;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Decides which slabs a batch empties.
///
/// @threads stateless
final class DefragmentPolicy {
  /* Two things make a file longer than what is alive in it: slots that are free in slabs that are in
   * use, and slabs that are free before others that are not. Each may take the square root of the
   * target, so that both together keep to it.
   *
   * Gathering: of slabs whose objects find room in other slabs of their class, the one with the
   * fewest live bytes is emptied first, and of equals the last. Each gives back a slab; it never
   * takes one. Sinking: the last slab of the file goes to free places before it. Each makes the sum of
   * the places smaller. So both come to an end.
   *
   * What waits cannot be moved away, and is there again for the next batch. So is about as much as a
   * batch writes: without that slack, a heap that is overwritten again and again would be moved about
   * for room that the next batch fills anyway. */

  /// A slab to empty.
  ///
  /// @param slab which slab of the file
  /// @param isSinking whether its objects must go to lower slabs; otherwise free slots of any slab
  ///   that is in use do
  record Emptying(int slab, boolean isSinking) {}

  private static final Comparator<SlabFigures> SPARSEST_FIRST =
      Comparator.comparingLong(SlabFigures::liveBytes)
          .thenComparing(Comparator.comparingInt(SlabFigures::index).reversed());

  private final List<SlabFigures> slabs;
  private final int slabBytes;
  private final double share;
  private final long slackBytes;
  private long allowanceBytes;

  /** Free slots by their size, but those of slabs that are emptied. */
  private final Map<Integer, Long> freeSlots = new HashMap<>();

  private final List<Emptying> chosen = new ArrayList<>();
  private final Set<Integer> leaving = new HashSet<>();
  private long used;

  private DefragmentPolicy(
      List<SlabFigures> slabs,
      int slabBytes,
      double targetFill,
      long slackBytes,
      long allowanceBytes) {
    this.slabs = slabs;
    this.slabBytes = slabBytes;
    this.share = Math.sqrt(targetFill);
    this.slackBytes = slackBytes;
    this.allowanceBytes = allowanceBytes;
  }

  /// The slabs to empty, in their order.
  ///
  /// @param slabs all slabs of the file, the free ones included, in its order
  /// @param slackBytes how many bytes may be free besides
  /// @param allowanceBytes how many bytes of slots may be moved
  static List<Emptying> choose(
      List<SlabFigures> slabs,
      int slabBytes,
      double targetFill,
      long slackBytes,
      long allowanceBytes) {
    DefragmentPolicy policy =
        new DefragmentPolicy(slabs, slabBytes, targetFill, slackBytes, allowanceBytes);
    policy.gather();
    policy.sink();
    return policy.chosen;
  }

  private void gather() {
    long live = 0;
    long waiting = 0;
    for (SlabFigures slab : slabs) {
      if (!slab.isFree()) {
        used++;
        live += slab.liveBytes();
        waiting += (long) slab.waiting() * slab.slotBytes();
        addFree(slab, slab.freeSlots());
      }
    }
    double usedMax = live / share + waiting + slackBytes;
    if (used * slabBytes <= usedMax) {
      return;
    }
    List<SlabFigures> sparse = new ArrayList<>();
    for (SlabFigures slab : slabs) {
      if (slab.isMovable() && slab.live() > 0) {
        sparse.add(slab);
      }
    }
    sparse.sort(SPARSEST_FIRST);
    for (SlabFigures slab : sparse) {
      if (used * slabBytes <= usedMax || slab.liveBytes() > allowanceBytes) {
        return;
      }
      if (slab.live() <= freeOf(slab) - slab.freeSlots()) {
        addFree(slab, -slab.live());
        used--;
        choose(slab, false);
      }
    }
  }

  private long freeOf(SlabFigures slab) {
    return freeSlots.getOrDefault(slab.slotBytes(), 0L);
  }

  private void addFree(SlabFigures slab, long slots) {
    var _ = freeSlots.merge(slab.slotBytes(), slots, Long::sum);
  }

  private void choose(SlabFigures slab, boolean sinking) {
    addFree(slab, -slab.freeSlots());
    allowanceBytes -= slab.liveBytes();
    leaving.add(slab.index());
    chosen.add(new Emptying(slab.index(), sinking));
  }

  private void sink() {
    double fileMax = used * slabBytes / share + slackBytes;
    int nextFree = nextFree(0);
    for (int index = slabs.size() - 1; index > nextFree; index--) {
      SlabFigures slab = slabs.get(index);
      if ((index + 1L) * slabBytes <= fileMax) {
        return;
      }
      if (slab.isFree() || leaving.contains(index)) {
        continue;
      }
      if (slab.live() == 0) {
        addFree(slab, -slab.freeSlots());
        continue;
      }
      if (!slab.isMovable() || slab.liveBytes() > allowanceBytes) {
        return;
      }
      if (slab.live() > freeOf(slab) - slab.freeSlots()) {
        addFree(slab, slab.slots());
        nextFree = nextFree(nextFree + 1);
      }
      addFree(slab, -slab.live());
      choose(slab, true);
    }
  }

  private int nextFree(int from) {
    int index = from;
    while (index < slabs.size() && !slabs.get(index).isFree()) {
      index++;
    }
    return index;
  }
}
