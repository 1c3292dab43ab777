package dev.varve.engine.lsm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

final class LsmBacklogTest {
  private static final long FULL = 1 << 20;

  @Test
  void nobody_waits_while_one_memtable_is_written_and_another_filled() {
    assertEquals(Double.POSITIVE_INFINITY, LsmBacklog.share(2 * FULL, FULL, 12, 12));
    assertTrue(LsmBacklog.share(2 * FULL + FULL / 10, FULL, 0, 12) < 100);
    assertTrue(LsmBacklog.share(0, FULL, 13, 12) < 1);
  }

  @Test
  void writers_get_the_pace_of_flushes_half_the_way_to_what_may_wait_at_most() {
    assertEquals(3, LsmBacklog.share(2 * FULL + FULL / 2, FULL, 0, 12));
    assertEquals(1, LsmBacklog.share(3 * FULL, FULL, 0, 12));
    assertEquals(1 / 3., LsmBacklog.share(3 * FULL + FULL / 2, FULL, 0, 12), 1e-9);
  }

  @Test
  void files_at_level_zero_never_let_writers_go_faster_than_flushes() {
    assertEquals(0.25, LsmBacklog.share(0, FULL, 18, 12));
    assertEquals(0.25, LsmBacklog.share(2 * FULL + FULL / 2, FULL, 18, 12));
    assertEquals(1 / 3., LsmBacklog.share(3 * FULL + FULL / 2, FULL, 13, 12), 1e-9);
  }

  @Test
  void the_share_falls_evenly_down_to_nothing_at_what_may_wait_at_most() {
    double before = 0;
    for (long bytes = 2 * FULL; bytes <= 4 * FULL; bytes += FULL / 64) {
      double wait = 1 / (1 + LsmBacklog.share(bytes, FULL, 0, 12));
      assertTrue(wait - before <= 0.01 && wait >= before, bytes + ": " + before + ", " + wait);
      before = wait;
    }
    assertEquals(0, LsmBacklog.share(4 * FULL, FULL, 0, 12));
    assertEquals(0, LsmBacklog.share(0, FULL, 24, 12));
    assertEquals(0, LsmBacklog.share(100 * FULL, FULL, 400, 12));
  }
}
