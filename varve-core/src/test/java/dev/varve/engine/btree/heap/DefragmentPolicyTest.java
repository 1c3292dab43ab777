package dev.varve.engine.btree.heap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.engine.btree.heap.DefragmentPolicy.Emptying;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class DefragmentPolicyTest {
  private static final int SLAB = 4096;

  /** A slab with eight slots of 512 bytes. */
  private static SlabFigures slab(int index, int live) {
    return new SlabFigures(index, 512, 8, live, 0, true);
  }

  private static List<SlabFigures> slabs(int... live) {
    List<SlabFigures> slabs = new ArrayList<>();
    for (int i = 0; i < live.length; i++) {
      slabs.add(live[i] < 0 ? SlabFigures.free(i) : slab(i, live[i]));
    }
    return slabs;
  }

  private static List<Emptying> choose(List<SlabFigures> slabs, long allowance) {
    return DefragmentPolicy.choose(slabs, SLAB, 0.9, 0, allowance);
  }

  @Test
  void what_is_full_enough_stays() {
    assertEquals(List.of(), choose(slabs(), 1 << 20));
    assertEquals(List.of(), choose(slabs(8, 8, 8, 7), 1 << 20));
    assertEquals(List.of(), choose(slabs(1), 1 << 20), "there is nowhere to go");
  }

  @Test
  void the_sparsest_slab_is_emptied_first_and_of_equals_the_last() {
    assertEquals(
        List.of(new Emptying(2, false), new Emptying(3, false)),
        choose(slabs(4, 5, 1, 2, 6), 3 * 512));
    assertEquals(List.of(new Emptying(3, false)), choose(slabs(2, 7, 2, 2), 2 * 512));
  }

  @Test
  void no_more_is_moved_than_is_allowed_and_than_finds_room() {
    assertEquals(List.of(), choose(slabs(3, 3, 3), 2 * 512));
    List<Emptying> two = choose(slabs(3, 3, 3, 3, 3, 3), 1 << 20);
    assertEquals(3, two.size(), "18 objects fill three slabs but six of the slots: " + two);
    List<SlabFigures> full = slabs(8, 8, 8, 1, 8, 8, 8, 8);
    assertEquals(List.of(), choose(full, 1 << 20), "nobody has a free slot for it");
  }

  @Test
  void slabs_that_may_not_be_moved_stay() {
    List<SlabFigures> slabs = slabs(1, 5, 5, 2);
    slabs.set(0, new SlabFigures(0, 512, 8, 1, 0, false));
    assertEquals(List.of(new Emptying(3, false)), choose(slabs, 2 * 512));
    List<SlabFigures> last = slabs(-1, -1, -1, 8, 8);
    last.set(4, new SlabFigures(4, 512, 8, 8, 0, false));
    assertEquals(List.of(), choose(last, 1 << 20), "the file cannot become shorter");
  }

  @Test
  void the_last_slabs_sink_to_free_places_however_full_they_are() {
    assertEquals(
        List.of(new Emptying(4, true), new Emptying(3, true)),
        choose(slabs(-1, 8, -1, 8, 8), 1 << 20));
    assertEquals(List.of(new Emptying(4, true)), choose(slabs(-1, 8, -1, 8, 8), SLAB));
    List<SlabFigures> whole = slabs(-1, -1, 8);
    whole.set(2, new SlabFigures(2, SLAB, 1, 1, 0, true));
    assertEquals(List.of(new Emptying(2, true)), choose(whole, SLAB));
  }

  @Test
  void what_waits_and_what_the_next_batch_needs_is_left() {
    List<SlabFigures> waiting = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      waiting.add(new SlabFigures(i, 512, 8, 4, 4, true));
    }
    assertEquals(List.of(), choose(waiting, 1 << 20));
    assertEquals(4, choose(slabs(4, 4, 4, 4, 4, 4, 4, 4, 4), 1 << 20).size());
    assertEquals(
        List.of(),
        DefragmentPolicy.choose(slabs(4, 4, 4, 4), SLAB, 0.9, 2 * SLAB, 1 << 20),
        "slack");
  }

  /** Carries decisions out on counters alone; answers the slabs behind. */
  private static int[] carryOut(int[] live, List<Emptying> decided) {
    int[] after = live.clone();
    for (Emptying one : decided) {
      for (int left = live[one.slab()]; left > 0; left--) {
        int to = place(after, one, decided);
        assertTrue(to >= 0, () -> "all of " + one + " finds room in " + Arrays.toString(live));
        after[to] = Math.max(0, after[to]) + 1;
      }
    }
    decided.forEach(one -> after[one.slab()] = -1);
    return Arrays.copyOf(after, trimmed(after));
  }

  /** As the table of slabs gives places. */
  private static int place(int[] after, Emptying one, List<Emptying> decided) {
    int free = -1;
    for (int i = 0; i < after.length; i++) {
      int slab = i;
      if (decided.stream().anyMatch(other -> other.slab() == slab)) {
        continue;
      }
      if (after[i] >= 0 && after[i] < 8) {
        if (!one.isSinking() || i < one.slab()) {
          return i;
        }
        break;
      }
      free = after[i] < 0 && free < 0 ? i : free;
    }
    int freeBelow =
        decided.stream().filter(Emptying::isSinking).mapToInt(Emptying::slab).min().orElse(0);
    return free < freeBelow ? free : -1;
  }

  @Test
  void whatever_there_is_a_bounded_number_of_batches_brings_it_close_to_the_target() {
    SplittableRandom random = new SplittableRandom(Long.getLong("varve.seed", 1));
    for (int round = 0; round < 500; round++) {
      int[] live = new int[1 + random.nextInt(60)];
      int objects = 0;
      for (int i = 0; i < live.length; i++) {
        live[i] = random.nextInt(9) - 1;
        live[i] = live[i] == 0 ? -1 : live[i];
        objects += Math.max(0, live[i]);
      }
      int batches = 0;
      while (true) {
        List<Emptying> decided = choose(slabs(live), 2 * SLAB);
        if (decided.isEmpty()) {
          break;
        }
        int sum = Arrays.stream(live).map(i -> Math.max(0, i)).sum();
        live = carryOut(live, decided);
        assertEquals(sum, Arrays.stream(live).map(i -> Math.max(0, i)).sum());
        assertTrue(++batches <= 120, "it comes to an end");
      }
      int slabs = trimmed(live);
      assertTrue(
          slabs <= Math.ceil(objects / 8.0 / 0.9) + 1,
          objects + " objects in " + slabs + " slabs: " + Arrays.toString(live));
    }
  }

  private static int trimmed(int[] live) {
    int used = live.length;
    while (used > 0 && live[used - 1] < 0) {
      used--;
    }
    return used;
  }
}
