package dev.varve.engine.lsm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

final class WriteThrottleTest {
  private static final long FULL = 1 << 20;

  @Test
  void nobody_waits_while_one_memtable_is_written_and_another_filled() {
    assertEquals(Double.POSITIVE_INFINITY, WriteThrottle.share(2 * FULL, FULL, 12, 12));
    assertTrue(WriteThrottle.share(2 * FULL + FULL / 10, FULL, 0, 12) < 100);
    assertTrue(WriteThrottle.share(0, FULL, 13, 12) < 1);
  }

  @Test
  void writers_get_the_pace_of_flushes_half_the_way_to_what_may_wait_at_most() {
    assertEquals(3, WriteThrottle.share(2 * FULL + FULL / 2, FULL, 0, 12));
    assertEquals(1, WriteThrottle.share(3 * FULL, FULL, 0, 12));
    assertEquals(1 / 3., WriteThrottle.share(3 * FULL + FULL / 2, FULL, 0, 12), 1e-9);
  }

  @Test
  void files_at_level_zero_never_let_writers_go_faster_than_flushes() {
    assertEquals(0.25, WriteThrottle.share(0, FULL, 18, 12));
    assertEquals(0.25, WriteThrottle.share(2 * FULL + FULL / 2, FULL, 18, 12));
    assertEquals(1 / 3., WriteThrottle.share(3 * FULL + FULL / 2, FULL, 13, 12), 1e-9);
  }

  @Test
  void the_share_falls_evenly_down_to_nothing_at_what_may_wait_at_most() {
    double before = 0;
    for (long bytes = 2 * FULL; bytes <= 4 * FULL; bytes += FULL / 64) {
      double wait = 1 / (1 + WriteThrottle.share(bytes, FULL, 0, 12));
      assertTrue(wait - before <= 0.01 && wait >= before, bytes + ": " + before + ", " + wait);
      before = wait;
    }
    assertEquals(0, WriteThrottle.share(4 * FULL, FULL, 0, 12));
    assertEquals(0, WriteThrottle.share(0, FULL, 24, 12));
    assertEquals(0, WriteThrottle.share(100 * FULL, FULL, 400, 12));
  }

  @Test
  void waits_grow_as_the_share_falls_and_with_the_bytes_and_have_a_bound() {
    double pace = 0.1;
    assertEquals(1000, WriteThrottle.nanos(100, 1, pace));
    assertEquals(4000, WriteThrottle.nanos(100, 0.25, pace));
    assertEquals(0, WriteThrottle.nanos(100, Double.POSITIVE_INFINITY, pace));
    long last = 0;
    for (double share = 4; share > 0; share -= 0.01) {
      long nanos = WriteThrottle.nanos(1000, share, pace);
      assertTrue(nanos >= last, share + ": " + last + ", " + nanos);
      last = nanos;
    }
    assertTrue(WriteThrottle.nanos(1000, 0, pace) < 10_000_000);
  }

  /** Writes of `cost` nanoseconds under a debt that costs `price` more; how many of them sleep. */
  private static long sleeping(int writes, long cost, long price) {
    long sleeping = 0;
    long owed = 0;
    for (int i = 0; i < writes; i++) {
      owed = Math.max(0, owed - cost) + price;
      long sleep = WriteThrottle.sleep(owed, price);
      if (sleep > 0) {
        sleeping++;
        owed -= sleep;
      }
    }
    return sleeping;
  }

  @Test
  void few_of_many_small_writes_sleep_and_all_that_is_owed_is_slept_off() {
    for (long price : new long[] {1_100, 2_000, 5_000, 9_000}) {
      long sleeping = sleeping(1_000_000, 1_000, price);
      assertTrue(sleeping > 0 && sleeping < 1_000, price + " ns: " + sleeping);
    }
    assertEquals(20_000_000, WriteThrottle.sleep(20_000_000, 1_000_000));
    assertEquals(50_000, WriteThrottle.sleep(50_000, 1));
    assertEquals(100_000_000, WriteThrottle.sleep(Long.MAX_VALUE, Long.MAX_VALUE));
    assertEquals(0, WriteThrottle.sleep(0, 0));
    assertEquals(0, WriteThrottle.sleep(-5, 1_000));
  }

  @Test
  void what_is_owed_has_a_bound_however_much_was_written_while_the_debt_was_great() {
    long paid = 0;
    for (int i = 0; i < 1000; i++) {
      paid = WriteThrottle.paidAt(paid, 1_000_000, Long.MAX_VALUE / 4);
    }
    assertTrue(paid <= 201_000_000, paid + "");
    long now = 10_000_000_000L;
    assertEquals(now - 1_000_000 + 500, WriteThrottle.paidAt(paid, now, 500));
    assertEquals(now + 3_500, WriteThrottle.paidAt(now + 3_000, now, 500));
  }
}
